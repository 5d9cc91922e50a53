"""Rules for uses of documents: types, fields, values, states, actions and what is given to create one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from registry.contracts.limits import find_limit_fault
from registry.contracts.lookup import (
    CUSTOM,
    Missing,
    fewer_decimals,
    find_field,
    find_linked,
    find_missing,
    mapped_word,
    parts_split,
    renamed_field,
)
from registry.contracts.model import Use
from registry.contracts.scope import Scope
from registry.contracts.thing_rules import matches
from registry.plans.findings import Finding, Severity
from sdk.nearest import nearest
from sdk.schema.vocabulary import SYSTEM_FIELDS

# Every document can be put away and taken back out, whatever its states.
_OWN_ACTIONS = frozenset({"archive", "unarchive"})
_VERBS = {
    "read": "reads", "has": "looks for", "write": "sets", "give": "writes", "filter": "filters by", "sort": "sorts by",
    "find": "finds by", "mask": "hides", "report": "reports on", "guard": "guards by", "computed": "computes from",
    "condition": "decides by",
}  # fmt: skip


def check_type(use: Use, scope: Scope) -> Iterator[Finding]:
    if scope.is_absent(use.target):
        yield scope.absent(use)
    elif scope.offers.part("types", use.target) is None and not _is_pattern(use.target):
        yield _type_gone(use, scope)


def _type_gone(use: Use, scope: Scope) -> Finding:
    place = Use(use.kind, use.target, places=(scope.places.get(use.target, use.where),))
    known = [name for name in scope.offers.names("types") if name.partition(".")[0] == use.owner]
    meant = nearest(use.target, known)
    what = f"uses {use.target} {{at}}, which {scope.provider(use.target)} does not have"
    return scope.finding(place, "type_gone", use.target, what, f"{meant} is the nearest name" if meant else "")


def _is_pattern(name: str) -> bool:
    return name.endswith("*")


def check_field(use: Use, scope: Scope) -> Iterator[Finding]:
    """A field by its exact path."""
    if _is_pattern(use.target):
        yield from _check_pattern(use, scope)
        return
    if scope.offers.part("types", use.target) is None:
        yield from check_type(use, scope)
        return
    if use.name.partition(".")[0] in SYSTEM_FIELDS or use.name.startswith(CUSTOM):
        return
    field = find_field(scope.offers, use.target, use.name)
    if field is None:
        if not _is_of_another(use, scope):
            yield _field_gone(use, scope, Missing(use.target, use.name))
        return
    before = find_field(scope.before, use.target, use.name) if scope.before is not None else None
    if before is not None:
        yield from _compare_field(use, scope, before, field)


def _is_of_another(use: Use, scope: Scope) -> bool:
    """Whether a field was read of a variable that may be of several types, of which another one has it."""
    others = use.details.get("among", ())
    if scope.before is not None and find_field(scope.before, use.target, use.name):
        return False
    return any(find_field(scope.offers, other, use.name) for other in others)


def _check_pattern(use: Use, scope: Scope) -> Iterator[Finding]:
    """A field of documents of any type a pattern is about: told of those that had it."""
    for name in scope.before.names("types") if scope.before is not None else ():
        if not matches(use.target, name) or scope.before is None or not find_field(scope.before, name, use.name):
            continue
        if scope.offers.part("types", name) is not None and not find_field(scope.offers, name, use.name):
            yield _field_gone(use, scope, Missing(name, use.name))


def _field_gone(use: Use, scope: Scope, missing: Missing) -> Finding:
    verb, provider = _VERBS.get(use.mode, "uses"), scope.provider(missing.type)
    renamed = renamed_field(scope.offers, missing.type, missing.field)
    parts = parts_split(scope.offers, missing.type, missing.field)
    if renamed:
        tail, fix = f"which {provider} calls {renamed}", f"{renamed} instead of {missing.field}"
    elif parts:
        tail, fix = f"which {provider} splits into {', '.join(parts)}", f"{', '.join(parts)} instead"
    else:
        known = (scope.offers.part("types", missing.type) or {"fields": ()})["fields"]
        meant = nearest(missing.field, known)
        tail, fix = f"which {provider} does not have", f"{meant} is the nearest name" if meant else ""
    what = f"{verb} {missing.type}.{missing.field} {{at}}, {tail}"
    return scope.finding(use, "field_gone", f"{missing.type}.{missing.field}", what, fix)


def _compare_field(use: Use, scope: Scope, before: Mapping[str, Any], field: Mapping[str, Any]) -> Iterator[Finding]:
    subject, verb, provider = f"{use.target}.{use.name}", _VERBS.get(use.mode, "uses"), scope.provider(use.target)
    if before["kind"] != field["kind"]:
        what = f"{verb} {subject} {{at}}, which is {field['kind']} instead of {before['kind']} in {provider}"
        yield scope.finding(use, "field_kind_changed", subject, what, f"read it as {field['kind']}")
        return
    if (before.get("link") or "*") != (field.get("link") or "*"):
        what = f"{verb} {subject} {{at}}, which links to {field.get('link')}, not {before.get('link')}, in {provider}"
        yield scope.finding(use, "field_link_changed", subject, what, severity=Severity.WARNS)
    if use.mode not in ("give", "write"):
        yield from _check_there(use, scope, before, field)
        return
    if field.get("computed") and before.get("computed") != field["computed"]:
        what = f"{verb} {subject} {{at}}, which {provider} computes itself"
        yield scope.finding(use, "field_read_only", subject, what, "leave it out")
    elif field.get("read_only") and not before.get("read_only") and use.mode == "give":
        what = f"{verb} {subject} {{at}}, which {provider} means to set itself"
        yield scope.finding(use, "field_read_only", subject, what, "leave it out", Severity.WARNS)


def _check_there(use: Use, scope: Scope, before: Mapping[str, Any], field: Mapping[str, Any]) -> Iterator[Finding]:
    """A field that is still there, and may be empty where it was not."""
    subject, verb, provider = f"{use.target}.{use.name}", _VERBS.get(use.mode, "uses"), scope.provider(use.target)
    is_there = field.get("required") or "default" in field or field.get("computed")
    if "default" in before and not is_there:
        what = f"{verb} {subject} {{at}}, which may be missing in {provider}: it has no default any more"
        yield scope.finding(use, "default_gone", subject, what, f"read {use.name} where it is there", Severity.WARNS)
    elif fewer_decimals(before, field):
        what = f"{verb} {subject} {{at}}, which has fewer decimals in {provider}"
        yield scope.finding(use, "decimals_fewer", subject, what, severity=Severity.WARNS)
    elif not is_there and scope.is_filled_no_more(use.target, use.name):
        what = f"{verb} {subject} {{at}}, which the code of {provider} does not set any more"
        yield scope.finding(use, "filled_no_more", subject, what, severity=Severity.WARNS)


def check_path(use: Use, scope: Scope) -> Iterator[Finding]:
    """A path of an expression, through links where it has some."""
    if scope.offers.part("types", use.target) is None:
        if not _is_pattern(use.target):
            yield from check_type(use, scope)
        return
    missing = find_missing(scope.offers, use.target, use.name)
    if missing is None:
        before = find_linked(scope.before, use.target, use.name) if scope.before is not None else None
        field = find_linked(scope.offers, use.target, use.name)
        if before is not None and field is not None:
            yield from _compare_field(replace(use, target=field[0], name=field[1]), scope, before[2], field[2])
    elif missing.field:
        yield _field_gone(use, scope, missing)
    elif not scope.is_absent(missing.type):
        yield _type_gone(Use(use.kind, missing.type, places=use.places), scope)


def check_value(use: Use, scope: Scope) -> Iterator[Finding]:
    """A value a field is compared with, or that is written into it."""
    found = find_linked(scope.offers, use.target, use.name)
    value = use.details.get("value")
    if found is None:
        return
    type, path, field = found
    if (type, path) != (use.target, use.name):
        use = replace(use, target=type, name=path)
    limits = field.get("limits", {})
    subject = f"{use.target}.{use.name}"
    if "enum" in limits and value not in limits["enum"]:
        if use.mode == "compare" and not value:
            return
        now = mapped_word(scope.offers, use.target, "map_value", str(value), use.name)
        meant = now or nearest(value, [str(item) for item in limits["enum"]])
        verb = "compares" if use.mode == "compare" else "writes"
        joint = "with" if use.mode == "compare" else "as"
        what = f"{verb} {subject} {joint} {value} {{at}}, which is no value of it in {scope.provider(use.target)}"
        fix = f"{now} instead of {value}" if now else f"{meant} is the nearest value" if meant else ""
        yield scope.finding(use, "value_gone", f"{subject}={value}", what, fix)
    elif use.mode != "compare":
        fault = find_limit_fault(field, value)
        if fault:
            what = f"writes {value} into {subject} {{at}}, and in {scope.provider(use.target)} {fault}"
            yield scope.finding(use, "value_refused", f"{subject}={value}", what)


def check_member(use: Use, scope: Scope) -> Iterator[Finding]:
    """A text looked for in what a field holds: a field of an object, or a value of a list."""
    fields = (scope.offers.part("types", use.target) or {"fields": {}})["fields"]
    below = f"{use.name}.{use.details['value']}"
    known = fields if scope.before is None else (scope.before.part("types", use.target) or {"fields": {}})["fields"]
    if below in known or any(path.startswith(f"{use.name}.") for path in fields):
        yield from check_field(Use("field", use.target, below, "has", use.places), scope)
    else:
        yield from check_value(Use("value", use.target, use.name, "compare", use.places, use.details), scope)


def check_state(use: Use, scope: Scope) -> Iterator[Finding]:
    states = scope.offers.part("states", use.target)
    if scope.offers.part("types", use.target) is None or not use.name:
        return
    if use.name not in (states or ()):
        now = mapped_word(scope.offers, use.target, "map_state", use.name)
        meant = now or nearest(use.name, states or ())
        what = f"looks for the state {use.name} of {use.target} {{at}}, which {scope.provider(use.target)} has not"
        fix = f"{now} instead of {use.name}" if now else f"{meant} is the nearest name" if meant else ""
        yield scope.finding(use, "state_gone", f"{use.target}:{use.name}", what, fix)


def check_action(use: Use, scope: Scope) -> Iterator[Finding]:
    """An action performed, granted, or acted upon by a hook."""
    if scope.offers.part("types", use.target) is None:
        yield from check_type(use, scope)
        return
    actions = scope.offers.part("actions", use.target) or {}
    subject, provider = f"{use.target}.{use.name}", scope.provider(use.target)
    if use.name not in actions:
        if use.name not in _OWN_ACTIONS:
            meant = nearest(use.name, actions)
            what = f"uses the action {subject} {{at}}, which {provider} does not have"
            yield scope.finding(use, "action_gone", subject, what, f"{meant} is the nearest name" if meant else "")
        return
    action = actions[use.name]
    if use.mode == "created" and action["from"] and _initial(scope, use.target) not in action["from"]:
        what = f"creates {use.target} and performs {use.name} at once {{at}}, which a new one cannot in {provider}"
        yield scope.finding(use, "action_not_possible", subject, what)
    before = (scope.before.part("actions", use.target) or {}).get(use.name) if scope.before is not None else None
    if before is not None and use.mode in ("perform", "created"):
        yield from _compare_action(use, scope, before, action)


def _initial(scope: Scope, type: str) -> str:
    return str((scope.offers.part("types", type) or {}).get("initial", ""))


def _compare_action(use: Use, scope: Scope, before: Mapping[str, Any], action: Mapping[str, Any]) -> Iterator[Finding]:
    subject, provider = f"{use.target}.{use.name}", scope.provider(use.target)
    lost = sorted(set(before["from"]) - set(action["from"]))
    if lost and use.mode == "perform":
        what = f"performs {subject} {{at}}, which is not possible in the state {', '.join(lost)} any more in {provider}"
        yield scope.finding(use, "action_not_possible", subject, what, severity=Severity.WARNS)
    if before["to"] != action["to"]:
        what = f"performs {subject} {{at}}, which leads to {action['to']}, not {before['to']}, in {provider}"
        yield scope.finding(use, "action_leads_elsewhere", subject, what, severity=Severity.WARNS)
    if before.get("guard") != action.get("guard") and action.get("guard"):
        what = f"performs {subject} {{at}}, which {provider} has another condition for: {action['guard']}"
        yield scope.finding(use, "action_guarded", subject, what, severity=Severity.INFORMS)


def check_argument(use: Use, scope: Scope) -> Iterator[Finding]:
    """Arguments given to an action (mode give), or one of them read by a hook (mode read, by its path)."""
    action = (scope.offers.part("actions", use.target) or {}).get(use.name)
    if action is None:
        return
    known, subject = action["arguments"], f"{use.target}.{use.name}"
    provider, given = scope.provider(use.target), list(use.details.get("given", ()))
    for name in given:
        verb = "reads" if use.mode == "read" else "gives"
        if name in known:
            yield from _compare_argument(use, scope, name, verb, known[name])
        else:
            meant = nearest(name, known)
            what = f"{verb} the argument {name} of {subject} {{at}}, which {provider} does not have"
            fix = f"{meant} is the nearest name" if meant else ""
            yield scope.finding(use, "action_argument_gone", f"{subject}.{name}", what, fix)
    if use.mode == "read":
        return
    for name in _demanded(known, ""):
        if name not in given:
            is_sure = not use.details.get("open") and name not in use.details.get("maybe", ())
            what = f"performs {subject} without {name} {{at}}, which {provider} asks for"
            severity = Severity.BLOCKS if is_sure else Severity.WARNS
            yield scope.finding(use, "action_argument_missing", f"{subject}.{name}", what, f"give {name}", severity)


def _compare_argument(use: Use, scope: Scope, name: str, verb: str, argument: Mapping[str, Any]) -> Iterator[Finding]:
    before = (scope.before.part("actions", use.target) or {}).get(use.name) if scope.before is not None else None
    was = before["arguments"].get(name, argument)["kind"] if before is not None else argument["kind"]
    subject, provider = f"{use.target}.{use.name}.{name}", scope.provider(use.target)
    what = f"{verb} the argument {name} of {use.target}.{use.name} {{at}}, which "
    if use.mode == "give" and scope.is_taken_no_more(use.target, use.name, name):
        what += f"the code of {provider} does not read any more"
        yield scope.finding(use, "argument_ignored", subject, what, severity=Severity.WARNS)
    elif was != argument["kind"]:
        what += f"is {argument['kind']} instead of {was} in {provider}"
        yield scope.finding(use, "argument_kind_changed", subject, what, f"take it as {argument['kind']}")


def check_given(use: Use, scope: Scope) -> Iterator[Finding]:
    """A whole object given to `create` (name: its path, empty for the document): nothing asked for is left out."""
    type = scope.offers.part("types", use.target)
    if type is None or (use.name and use.name not in type["fields"]):
        return
    given, maybe = use.details.get("given", ()), use.details.get("maybe", ())
    for name in _demanded(type["fields"], use.name):
        if name in given:
            continue
        path = f"{use.name}.{name}" if use.name else name
        is_sure = not use.details.get("open") and name not in maybe
        tail = "" if is_sure else ", as far as can be seen"
        what = f"creates {use.target} without {path} {{at}}{tail}, which {scope.provider(use.target)} asks for"
        severity = Severity.BLOCKS if is_sure else Severity.WARNS
        if _was_demanded(scope, use.target, use.name, name):
            # It has worked so far: whatever cannot be seen in the code gives it.
            severity = Severity.INFORMS
        yield scope.finding(use, "field_required", f"{use.target}.{path}", what, f"give {path}", severity)


def _was_demanded(scope: Scope, type: str, parent: str, name: str) -> bool:
    before = scope.before.part("types", type) if scope.before is not None else None
    return before is not None and name in _demanded(before["fields"], parent)


def _demanded(fields: Mapping[str, Any], parent: str) -> list[str]:
    """Names directly below a path that whoever creates must give."""
    prefix = f"{parent}." if parent else ""
    below = {path.removeprefix(prefix): field for path, field in fields.items() if path.startswith(prefix)}
    return [
        name
        for name, field in below.items()
        if "." not in name and field.get("required") and not field.get("read_only") and "default" not in field
    ]


def check_number(use: Use, scope: Scope) -> Iterator[Finding]:
    """The number of a document, which its type may cease to give."""
    before = scope.before.part("types", use.target) if scope.before is not None else None
    type = scope.offers.part("types", use.target)
    if before is not None and type is not None and before.get("numbered") and not type.get("numbered"):
        what = f"reads the number of {use.target} {{at}}, which {scope.provider(use.target)} does not number any more"
        yield scope.finding(use, "number_gone", f"{use.target}.number", what, severity=Severity.WARNS)


DOCUMENT_RULES: Mapping[str, Callable[[Use, Scope], Iterator[Finding]]] = {
    "type": check_type,
    "field": check_field,
    "path": check_path,
    "value": check_value,
    "state": check_state,
    "member": check_member,
    "action": check_action,
    "argument": check_argument,
    "given": check_given,
    "number": check_number,
}
