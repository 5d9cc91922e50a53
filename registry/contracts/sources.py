"""Where values come from that an applet passes on: members of events, dimensions, columns and parameters of reports.

An applet offers of each, by event, register or report, the fields it is made of: `rental.revenue` has `tier_code` from
`rental.contract.tier`. A field may be a dimension again; parameters stand as `param.<name>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from registry.contracts.lookup import find_linked
from registry.contracts.model import Offers
from sdk.expressions.nodes import Compare, Name, Node, walk
from sdk.reports import Report
from sdk.schema.vocabulary import SYSTEM_FIELDS

PARAMETER = "param."
# How often a value may be passed on before somebody is going round in circles.
PASSED_ON_MAX = 5
_OF_NO_DOCUMENT = frozenset({"actor", "today", "param", "arguments", "occurred_at", "company_id"})


@dataclass
class Passed:
    """What something is made of. fields: by their qualified names. texts: fields `str` was applied to.

    words: literals. is_open: of other things too.
    """

    fields: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    is_open: bool = False

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "fields": sorted(self.fields),
            "texts": sorted(self.texts),
            "words": sorted(self.words),
        }
        shown |= {"open": self.is_open}
        return {key: value for key, value in shown.items() if value}


@dataclass
class Values(Passed):
    """What something may hold. kinds: of the fields it is made of. words: the values they have, literals among them."""

    kinds: set[str] = field(default_factory=set)

    def add(self, other: Values) -> None:
        self.fields |= other.fields
        self.kinds |= other.kinds
        self.words |= other.words
        self.is_open |= other.is_open


def sources_of(reports: Iterable[Report], passed: Mapping[str, Mapping[str, Passed]]) -> dict[str, Any]:
    """As it stands in an offer. passed: of the applet's code, by event or register and by part."""
    found = {target: {name: one.as_json() for name, one in sorted(parts.items())} for target, parts in passed.items()}
    for report in reports:
        parts = {name: {"fields": sorted(paths)} for name, paths in sorted(_of_report(report).items())}
        found |= {report.name: parts} if parts else {}
    return dict(sorted(found.items()))


def _of_report(report: Report) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for column in report.columns.values():
        root = column.value.root
        path = source_path(report, ".".join(root.path)) if isinstance(root, Name) else ""
        if path:
            found.setdefault(column.name, set()).add(path)
    for parameter in report.parameters.values():
        for expression in (parameter.filter, report.filter):
            for path, name in compared_names(expression.root) if expression is not None else ():
                if name == f"{PARAMETER}{parameter.name}" and source_path(report, path):
                    found.setdefault(name, set()).add(source_path(report, path))
    return found


def measured(report: Report) -> dict[str, str]:
    """The resource or field each measure adds up, by its qualified name; those of computed values are left out."""
    found = {}
    for name, measure in sorted(report.measures.items()):
        root = measure.value.root if measure.value is not None else None
        path = measure.resource or (".".join(root.path) if isinstance(root, Name) else "")
        if path and source_path(report, path):
            found[name] = source_path(report, path)
    return found


def compared_names(root: Node) -> Iterator[tuple[str, str]]:
    """Each path with each path it is compared with, both ways: `tier == param.tier`."""
    for node in walk(root):
        if isinstance(node, Compare):
            for left, right in zip(node.operands, node.operands[1:], strict=False):
                if isinstance(left, Name) and isinstance(right, Name):
                    yield ".".join(left.path), ".".join(right.path)
                    yield ".".join(right.path), ".".join(left.path)


def source_path(report: Report, path: str) -> str:
    """The qualified name of what a path of a report's expression leads to; empty where it is no field or dimension."""
    source = report.source
    root, _, rest = path.partition(".")
    is_document = root == "document" and bool(source.register or source.each)
    inner = rest if is_document else path
    if root in _OF_NO_DOCUMENT or inner.partition(".")[0] in {*SYSTEM_FIELDS, ""}:
        return ""
    if is_document:
        owner = source.documents if source.register else source.type
    else:
        owner = source.register or (f"{source.type}.{source.each}" if source.each else source.type)
    return f"{owner}.{inner}" if owner else ""


def values_of(offers: Offers, target: str, name: str, depth: int = PASSED_ON_MAX) -> Values:
    """What a part of an event, register or report may hold, with all that is there together."""
    found = Values()
    known = [offer.sources[target][name] for offer in offers if name in offer.sources.get(target, {})]
    found.is_open = not known or not depth
    for source in known if depth else ():
        found.words |= set(source.get("words", ()))
        found.is_open |= bool(source.get("open"))
        for path in source.get("fields", ()):
            found.add(_values_at(offers, path, depth - 1))
        for path in source.get("texts", ()):
            found.add(replace(_values_at(offers, path, depth - 1), kinds={"text"}))
    return found


def _values_at(offers: Offers, qualified: str, depth: int) -> Values:
    owner, noun, path = qualified.split(".", 2)
    target = f"{owner}.{noun}"
    register = offers.part("registers", target)
    if register is not None:
        root, _, rest = path.partition(".")
        link = register["dimensions"].get(root)
        if rest and link and link != "*":
            return _values_at(offers, f"{link}.{rest}", depth)
        return values_of(offers, target, root, depth)
    found = find_linked(offers, target, path)
    if found is None:
        return Values(is_open=True)
    type, place, shown = found
    words = set(map(str, shown.get("limits", {}).get("enum", ())))
    return Values({f"{type}.{place}"}, words=words, is_open=not words, kinds={str(shown["kind"])})
