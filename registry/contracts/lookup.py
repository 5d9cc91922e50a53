"""Finding in offers what a use names: symbols through re-exports and bases, fields through links, new names of both."""

from __future__ import annotations

import builtins
import collections.abc
import enum
import typing
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from registry.contracts.model import SDK, Offer, Offers
from sdk.schema.vocabulary import SYSTEM_FIELDS

Entry = Mapping[str, Any]
# How often a name may be handed on before somebody is going round in circles.
HANDED_ON_MAX = 20
CUSTOM = "custom_"


class Missing(NamedTuple):
    """What a path does not lead to: a field of a type, or (field empty) the type itself."""

    type: str
    field: str = ""


def find_symbol(offer: Offer, module: str, name: str) -> tuple[str, Entry] | None:
    """The module a name is really from and what it is; a module counts as a symbol of the package it is in."""
    for _ in range(HANDED_ON_MAX):
        entry = offer.symbols.get(module, {}).get(name)
        if entry is None:
            below = f"{module}.{name}"
            return (below, {"kind": "module"}) if below in offer.symbols else None
        if entry["kind"] != "import":
            return module, entry
        if not entry["from"].startswith(SDK):
            return module, {"kind": "value"}
        below = f"{entry['from']}.{entry['name']}"
        if (entry["from"], entry["name"]) == (module, name) and below in offer.symbols:
            return below, {"kind": "module"}
        module, name = entry["from"], entry["name"]
    return None


def find_class(offer: Offer, dotted: str) -> Entry | None:
    """The class of a dotted name such as `sdk.context.Documents`."""
    module, _, name = dotted.rpartition(".")
    found = find_symbol(offer, module, name)
    return found[1] if found and found[1]["kind"] == "class" else None


def find_member(offer: Offer, dotted: str, member: str) -> Entry | None:
    """A member of a class or of one it is made from, Python's own included; of others' classes any may be there."""
    for name, entry in classes_of(offer, dotted):
        if entry is not None and member in entry["members"]:
            found: Entry = entry["members"][member]
            return found
        if entry is None and _may_have(name, member):
            return {"kind": "value"}
    return None


# Where the bases of the SDK's classes come from that are Python's own.
_PYTHON = (builtins, collections.abc, enum, typing)


def _may_have(base: str, member: str) -> bool:
    """Whether a class that is not the SDK's has a member, as far as is known."""
    if base.partition(".")[0] == SDK:
        return False
    plain = base.rpartition(".")[2]
    known = next((getattr(place, plain) for place in _PYTHON if hasattr(place, plain)), None)
    return known is None or hasattr(known, member)


def classes_of(offer: Offer, dotted: str) -> Iterator[tuple[str, Entry | None]]:
    """The class and its bases, each with what is known of it: nothing of those that are not the SDK's."""
    waiting, seen = [dotted], set()
    while waiting:
        name = waiting.pop(0)
        entry = find_class(offer, name)
        if name in seen:
            continue
        seen.add(name)
        if entry is None:
            yield name, None
            continue
        yield name, entry
        module = name.rpartition(".")[0]
        waiting += [_base_name(offer, module, base) for base in entry["bases"]]


def _base_name(offer: Offer, module: str, base: str) -> str:
    plain = base.partition("[")[0]
    found = find_symbol(offer, module, plain)
    return f"{found[0]}.{plain}" if found and found[1]["kind"] == "class" else plain


def parameters_of(offer: Offer, module: str, name: str) -> list[str] | None:
    """What a call of a function or class of a module takes; None where that cannot be said."""
    found = find_symbol(offer, module, name)
    if found is None:
        return None
    entry = found[1]
    if entry["kind"] == "function":
        return list(entry["parameters"])
    return constructor_of(offer, f"{found[0]}.{name}") if entry["kind"] == "class" else None


def constructor_of(offer: Offer, dotted: str) -> list[str] | None:
    """What making an instance takes: `__init__`, or the fields of a dataclass."""
    for _, entry in classes_of(offer, dotted):
        if entry is None:
            return None
        if "__init__" in entry["members"]:
            return list(entry["members"]["__init__"]["parameters"])
        if "fields" in entry:
            return list(entry["fields"])
    return None


def find_call_fault(parameters: list[str], positional: int, keywords: list[str], *, is_open: bool) -> str | None:
    """Why a call of this shape fails: a clause, None where it works. is_open: more may be given by `*` or `**`."""
    takes_any = any(item.startswith("**") for item in parameters)
    takes_more = any(item.startswith("*") and item != "*" and not item.startswith("**") for item in parameters)
    star = next((index for index, item in enumerate(parameters) if item.startswith("*")), len(parameters))
    by_place = [item for item in parameters[:star] if item != "/"]
    named = [item.rstrip("=") for item in parameters if not item.startswith("*") and item != "/"]
    for keyword in keywords:
        if keyword not in named and not takes_any:
            return f"there is no argument {keyword}"
    if positional > len(by_place) and not takes_more:
        return f"there are {len(by_place)} positional arguments, not {positional}"
    if is_open:
        return None
    given = {*keywords, *(item.rstrip("=") for item in by_place[:positional])}
    for item in parameters:
        if not item.startswith("*") and item != "/" and not item.endswith("=") and item not in given:
            return f"the argument {item} is required"
    return None


def find_shift(before: list[str], after: list[str], positional: int) -> str | None:
    """Why arguments given by position mean something else now; a parameter that only has another name does not."""
    was, now = _by_place(before), _by_place(after)
    for place in range(positional):
        known = was[place] if place < len(was) else None
        if place < len(now) and now[place] != known and (known is None or known in now or now[place] in was):
            return f"the positional argument {place + 1} is {now[place]}"
    return None


def _by_place(parameters: list[str]) -> list[str]:
    star = next((index for index, item in enumerate(parameters) if item.startswith("*")), len(parameters))
    return [item.rstrip("=") for item in parameters[:star] if item != "/"]


def find_field(offers: Offers, type: str, path: str) -> Mapping[str, Any] | None:
    """A field of a type by its exact path; None where the type or the field is not there."""
    found = offers.part("types", type)
    return None if found is None else found["fields"].get(path)


def find_missing(offers: Offers, type: str, path: str) -> Missing | None:
    """What a path of an expression does not lead to, links followed; None where it leads somewhere."""
    found = offers.part("types", type)
    if found is None:
        return None if type in ("", "*") else Missing(type)
    parts, fields = path.split("."), found["fields"]
    if parts[0] in SYSTEM_FIELDS or parts[0].startswith(CUSTOM):
        return None
    known = ""
    for index, part in enumerate(parts):
        here = f"{known}.{part}" if known else part
        if here not in fields:
            return Missing(type, here)
        link, rest = fields[here].get("link"), ".".join(parts[index + 1 :])
        if link and rest:
            return find_missing(offers, link, rest) if link != "*" else None
        known = here
    return None


def find_linked(offers: Offers, type: str, path: str) -> tuple[str, str, Mapping[str, Any]] | None:
    """The field a path leads to, links followed: its type, its exact path, itself; None where it is not known."""
    found = offers.part("types", type)
    fields = found["fields"] if found is not None else {}
    if path in fields:
        return type, path, fields[path]
    parts = path.split(".")
    for length in range(1, len(parts)):
        link = fields.get(".".join(parts[:length]), {}).get("link")
        if link and link != "*":
            return find_linked(offers, link, ".".join(parts[length:]))
    return None


def fewer_decimals(before: Mapping[str, Any], field: Mapping[str, Any]) -> bool:
    """Whether values are rounded that were not: they are others, and are written otherwise."""
    was, now = before.get("limits", {}).get("scale"), field.get("limits", {}).get("scale")
    return before["kind"] == field["kind"] == "decimal" and now is not None and (was is None or now < was)


def renamed_field(offers: Offers, type: str, path: str) -> str:
    """What a field is called now, by the steps between the type's versions; empty where no step says."""
    versions: Mapping[str, Any] = offers.part("lenses", type) or {}
    present = path
    for version in sorted(versions, key=_number):
        for step in versions[version] if isinstance(versions[version], list) else ():
            present = _moved(step, present)
    found = offers.part("types", type)
    return present if present != path and found is not None and present in found["fields"] else ""


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0


def _moved(step: Any, path: str) -> str:
    for key in ("rename_field", "move_field"):
        change = step.get(key) if isinstance(step, Mapping) else None
        if isinstance(change, Mapping) and isinstance(change.get("from"), str) and isinstance(change.get("to"), str):
            before, after = change["from"], change["to"]
            if path == before or path.startswith(f"{before}."):
                return f"{after}{path[len(before) :]}"
    return path


def parts_split(offers: Offers, type: str, path: str) -> list[str]:
    """The fields one was split into, where a step between versions says so."""
    versions: Mapping[str, Any] = offers.part("lenses", type) or {}
    for steps in versions.values():
        for step in steps if isinstance(steps, list) else ():
            change = step.get("split") if isinstance(step, Mapping) else None
            if isinstance(change, Mapping) and change.get("from") == path:
                return [str(part) for part in change.get("into", ())]
    return []


def mapped_word(offers: Offers, type: str, key: str, word: str, path: str = "") -> str:
    """What a value (key `map_value`) or a state (`map_state`) is called now, by the steps between versions."""
    versions: Mapping[str, Any] = offers.part("lenses", type) or {}
    present = word
    for version in sorted(versions, key=_number):
        for step in versions[version] if isinstance(versions[version], list) else ():
            change = step.get(key) if isinstance(step, Mapping) else None
            if not isinstance(change, Mapping):
                continue
            values = change if key == "map_state" else change.get("values", {}) if change.get("field") == path else {}
            present = str(values.get(present, present))
    return present if present != word else ""
