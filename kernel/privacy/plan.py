"""What an erasure would do to each document about a person, and what the law makes us keep of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kernel.context import KernelContext
from kernel.documents.casting import show_rows, stored_name
from kernel.documents.rows import COLUMNS, Row, to_document
from kernel.privacy.rules import RULE, Hold, Rule, holds_of, kept_categories
from kernel.privacy.subjects import Found, Subject, find_about
from sdk.document import Document
from sdk.schema import DocumentType
from sdk.schema.fields import Field

RULES_MAX = 1_000
LINKING_AT_ONCE = 500
_RULES = """
SELECT id::text, data FROM {t}.documents
 WHERE type = %s AND deleted_at IS NULL AND archived_at IS NULL ORDER BY id LIMIT %s
"""
_LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"
# The newest first: what keeps somebody is found early.
_LINKING = f"""
SELECT {COLUMNS} FROM {{t}}.documents d
 WHERE type = %(type)s AND id < %(before)s AND id IN (
       SELECT from_id FROM {{t}}.links WHERE to_id = ANY(%(ids)s::uuid[]) AND field = ANY(%(fields)s))
 ORDER BY id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Step:
    """One document. fields: the personal ones whose values go; holds: what keeps the others."""

    found: Found
    fields: tuple[Field, ...]
    holds: tuple[Hold, ...]

    @property
    def is_partial(self) -> bool:
        """Whether some of its personal fields stay."""
        return len(self.fields) < len(self.found.type.personal)

    def as_json(self) -> dict[str, Any]:
        document = self.found.document
        told: dict[str, Any] = {
            "type": document.type,
            "id": document.id,
            "number": document.number,
            "fields": [each.path for each in self.fields],
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True)
class Plan:
    """erase: what goes; keep: what stays, at least in part."""

    subject: Subject
    steps: tuple[Step, ...]

    @property
    def erase(self) -> list[Step]:
        return [step for step in self.steps if step.fields]

    @property
    def keep(self) -> list[Step]:
        return [step for step in self.steps if step.holds and step.is_partial]

    @property
    def next_due_on(self) -> date | None:
        """The first day on which more may be erased."""
        last_days = [max(hold.until for hold in step.holds) for step in self.keep]
        return date.fromordinal(min(last_days).toordinal() + 1) if last_days and min(last_days) < date.max else None

    def kept_json(self) -> list[dict[str, Any]]:
        """What is kept, until when and why; without a personal value."""
        kept = []
        for step in self.keep:
            hold = max(step.holds, key=lambda hold: hold.until)
            gone = {each.path for each in step.fields}
            told = {
                "document_type": step.found.document.type,
                "document_id": step.found.document.id,
                "fields": [each.path for each in step.found.type.personal if each.path not in gone],
                "until": hold.until.isoformat(),
                "rule": hold.rule.title,
                "basis": hold.rule.basis,
            }
            kept.append({name: value for name, value in told.items() if value})
        return kept

    def as_json(self) -> dict[str, Any]:
        return {
            "subject_type": self.subject.type,
            "subject_id": self.subject.id,
            "erase": [step.as_json() for step in self.erase],
            "keep": self.kept_json(),
            "next_due_on": self.next_due_on.isoformat() if self.next_due_on else None,
        }


@dataclass
class _Holds:
    """What keeps which document, by id."""

    by_id: dict[str, list[Hold]] = field(default_factory=dict)

    def add(self, id: str, holds: Iterable[Hold]) -> None:
        self.by_id.setdefault(id, []).extend(holds)


def plan_erasure(ctx: KernelContext, subject: Subject) -> Plan:
    """Nothing is changed. Raises DocumentNotFound, NoSubject, SubjectTooLarge."""
    about = find_about(ctx, subject)
    holds = _holds(ctx, about)
    return Plan(subject, tuple(plan_step(found, holds.get(found.document.id, [])) for found in about))


def plan_step(found: Found, holds: Iterable[Hold]) -> Step:
    """What goes and what stays of one document."""
    every = frozenset(field.personal for field in found.type.personal if field.personal)
    kept = kept_categories(holds, every)
    return Step(found, tuple(field for field in found.type.personal if field.personal not in kept), tuple(holds))


def read_rules(ctx: KernelContext) -> list[Rule]:
    """The rules in force: those neither deleted nor archived."""
    return [Rule.of(id, data) for id, data in ctx.uow.execute(_RULES, [RULE, RULES_MAX])]


def scope_of(ctx: KernelContext, document: Document) -> Mapping[str, Any]:
    """What the condition of a rule may name."""
    return {**document.scope(), **ctx.scope()}


def holds_on(ctx: KernelContext, rules: Iterable[Rule], type: DocumentType, document: Document) -> list[Hold]:
    """What keeps a document by itself, today."""
    return holds_of(rules, type.name, scope_of(ctx, document), ctx.today, ctx.runtime.tenant.timezone)


def linked_holds(
    ctx: KernelContext, rules: Iterable[Rule], ids: Iterable[str], *, one_is_enough: bool = False
) -> dict[str, list[Hold]]:
    """What keeps these documents because of what links to them: an invoice that is kept keeps the name and address of
    whom it was sent to. By id, of each rule the hold that lasts longest; or, if one is enough, any.
    """
    found: dict[str, list[Hold]] = {}
    for rule in rules:
        type = ctx.runtime.catalogue.types.get(rule.type)
        if rule.with_links and type is not None:
            for id, hold in _holds_of_links(ctx, rule, type, set(ids), one_is_enough).items():
                found.setdefault(id, []).append(hold)
    return found


def _holds_of_links(
    ctx: KernelContext, rule: Rule, type: DocumentType, ids: set[str], one_is_enough: bool
) -> dict[str, Hold]:
    latest: dict[str, Hold] = {}
    fields = [stored_name(type, name) for name in rule.with_links]
    about: dict[str, Any] = {"type": type.name, "fields": fields, "limit": LINKING_AT_ONCE}
    before: str | None = _LAST
    while before and (wanted := ids - latest.keys() if one_is_enough else ids):
        rows = ctx.uow.execute(_LINKING, {**about, "ids": sorted(wanted), "before": before}).fetchall()
        for row in show_rows(ctx, type, [Row._make(row) for row in rows]):
            document = to_document(type, row)
            for hold in holds_on(ctx, [rule], type, document):
                for target in wanted & {document.get(name) for name in rule.with_links}:
                    if target not in latest or latest[target].until < hold.until:
                        latest[target] = hold
        before = rows[-1][0] if len(rows) == LINKING_AT_ONCE else None
    return latest


def _holds(ctx: KernelContext, about: list[Found]) -> dict[str, list[Hold]]:
    rules, holds = read_rules(ctx), _Holds()
    if not rules:
        return {}
    for found in about:
        holds.add(found.document.id, holds_on(ctx, rules, found.type, found.document))
    for id, linked in linked_holds(ctx, rules, [found.document.id for found in about]).items():
        holds.add(id, linked)
    return holds.by_id
