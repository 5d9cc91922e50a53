"""What of the SDK's promise is not kept any more, compared with what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from packaging.version import Version

from registry.contracts.lookup import find_member, find_symbol
from registry.contracts.model import Offer
from sdk.deprecations import DEPRECATIONS, Deprecation

# The modules applets are promised. What else lies in the SDK may change; contracts find who used it all the same.
PROMISED = (
    "sdk", "sdk.context", "sdk.deprecations", "sdk.document", "sdk.document_errors", "sdk.errors", "sdk.event",
    "sdk.hooks", "sdk.hookspecs", "sdk.registers", "sdk.values",
)  # fmt: skip


class Break(NamedTuple):
    """symbol: what to register a deprecation for. sentence: what is different."""

    symbol: str
    sentence: str


def promised(offer: Offer) -> Offer:
    """The part of the SDK's offer that is recorded."""
    symbols = {name: offer.symbols[name] for name in PROMISED if name in offer.symbols}
    return Offer(**{**vars(offer), "symbols": symbols})


def find_breaks(recorded: Offer, present: Offer) -> Iterator[Break]:
    """Everything an applet could use of the recorded SDK that is gone, or asks for other arguments."""
    for module, names in recorded.symbols.items():
        for name, entry in names.items():
            if entry["kind"] == "import" and not str(entry["from"]).startswith("sdk"):
                continue
            yield from _symbol_breaks(f"{module}.{name}", entry, present, module, name)
    for hook, spec in recorded.hooks.items():
        yield from _hook_breaks(hook, spec["arguments"], present)
    for kind, words in recorded.words.items():
        gone = sorted(set(words) - set(present.words.get(kind, ())))
        yield from (Break(f"sdk.words.{kind}.{word}", f"{word} is gone from the {kind}") for word in gone)


def unannounced(recorded: Offer, present: Offer, deprecations: Sequence[Deprecation] = DEPRECATIONS) -> list[Break]:
    """Breaks no deprecation has announced whose time has come."""
    due = {entry.symbol for entry in deprecations if Version(entry.removed_in) <= Version(present.version)}
    return [one for one in find_breaks(recorded, present) if not _is_covered(one.symbol, due)]


def _is_covered(symbol: str, due: set[str]) -> bool:
    """A deprecated class takes its members with it."""
    parts = symbol.split(".")
    return any(".".join(parts[:length]) in due for length in range(2, len(parts) + 1))


def _symbol_breaks(dotted: str, entry: Mapping[str, Any], present: Offer, module: str, name: str) -> Iterator[Break]:
    found = find_symbol(present, module, name)
    if found is None:
        yield Break(dotted, f"{dotted} is gone")
        return
    now = found[1]
    if entry["kind"] in ("function", "class") and now["kind"] != entry["kind"]:
        yield Break(dotted, f"{dotted} is a {now['kind']}, not a {entry['kind']}")
    elif entry["kind"] == "function" and not entry.get("is_hookspec"):
        # Hooks are called by the kernel: what applets may take of their arguments is looked at by itself.
        yield from parameter_breaks(dotted, entry["parameters"], now["parameters"])
    elif entry["kind"] == "class":
        yield from _class_breaks(dotted, entry, present, f"{found[0]}.{name}", now)


def _class_breaks(
    dotted: str, entry: Mapping[str, Any], present: Offer, now_dotted: str, now: Mapping[str, Any]
) -> Iterator[Break]:
    if "fields" in entry and "fields" in now:
        yield from parameter_breaks(dotted, entry["fields"], now["fields"])
    for member, was in entry["members"].items():
        found = find_member(present, now_dotted, member)
        if found is None:
            yield Break(f"{dotted}.{member}", f"{dotted}.{member} is gone")
        elif was["kind"] == "function" and found["kind"] == "function":
            yield from parameter_breaks(f"{dotted}.{member}", was["parameters"], found["parameters"])
        elif "function" in (was["kind"], found["kind"]) and was["kind"] != found["kind"]:
            yield Break(f"{dotted}.{member}", f"{dotted}.{member} is a {found['kind']}, not a {was['kind']}")


def _hook_breaks(hook: str, arguments: Sequence[str], present: Offer) -> Iterator[Break]:
    spec = present.hooks.get(hook)
    if spec is None:
        yield Break(f"sdk.hookspecs.{hook}", f"the hook {hook} is gone")
        return
    known = {item.rstrip("=") for item in spec["arguments"]}
    for name in (item.rstrip("=") for item in arguments):
        if name not in known:
            yield Break(f"sdk.hookspecs.{hook}.{name}", f"the argument {name} of the hook {hook} is gone")


def parameter_breaks(dotted: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Break]:
    """Calls that worked and do not: an argument that went, moved, became required, or may not be given so any more."""
    old_places, new_places = _by_place(before), _by_place(after)
    named, takes_any = _named(after), any(item.startswith("**") for item in after)
    takes_more = any(item.startswith("*") and item != "*" and not item.startswith("**") for item in after)
    for name in _named(before):
        if name not in named and not takes_any:
            yield Break(f"{dotted}.{name}", f"{dotted} has no argument {name} any more")
    for place, name in enumerate(old_places):
        if name in named and (place >= len(new_places) or new_places[place] != name) and not takes_more:
            yield Break(f"{dotted}.{name}", f"the argument {name} of {dotted} stands elsewhere")
    required = {item for item in after if not item.startswith("*") and item != "/" and not item.endswith("=")}
    given = {item for item in before if not item.startswith("*") and item != "/" and not item.endswith("=")}
    for name in sorted(required - given):
        yield Break(f"{dotted}.{name}", f"{dotted} asks for the argument {name}")


def _by_place(parameters: Sequence[str]) -> list[str]:
    star = next((index for index, item in enumerate(parameters) if item.startswith("*")), len(parameters))
    return [item.rstrip("=") for item in parameters[:star] if item != "/"]


def _named(parameters: Sequence[str]) -> list[str]:
    return [item.rstrip("=") for item in parameters if not item.startswith("*") and item != "/"]
