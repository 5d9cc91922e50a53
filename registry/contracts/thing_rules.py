"""Rules for uses of what stands beside document types: registers, reports, events, roles, settings, capabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from registry.contracts.lookup import find_missing
from registry.contracts.model import Use
from registry.contracts.scope import Scope
from registry.plans.findings import Finding, Severity
from sdk.manifest import parse_capability
from sdk.nearest import nearest

_PARTS = {"dimension": "dimensions", "resource": "resources"}
_CHANGE = ("diff", "kept")


def check_register(use: Use, scope: Scope) -> Iterator[Finding]:
    yield from _check_thing(use, scope, "registers", "the register")


def check_report(use: Use, scope: Scope) -> Iterator[Finding]:
    yield from _check_thing(use, scope, "reports", "the report")


def check_role(use: Use, scope: Scope) -> Iterator[Finding]:
    yield from _check_thing(use, scope, "roles", "the role")


def _check_thing(use: Use, scope: Scope, what: str, kind: str) -> Iterator[Finding]:
    if scope.is_absent(use.target):
        yield scope.absent(use)
    elif scope.offers.part(what, use.target) is None:
        known = [name for name in scope.offers.names(what) if name.partition(".")[0] == use.owner]
        text = f"uses {kind} {use.target} {{at}}, which {scope.provider(use.target)} does not have"
        yield scope.finding(use, f"{what[:-1]}_gone", use.target, text, _instead(use.target, known))


def check_part(use: Use, scope: Scope) -> Iterator[Finding]:
    """A dimension or resource of a register."""
    register = scope.offers.part("registers", use.target)
    if register is None:
        yield from check_register(use, scope)
    elif use.name not in register[_PARTS[use.kind]]:
        known = register[_PARTS[use.kind]]
        text = f"uses the {use.kind} {use.name} of {use.target} {{at}}, which {scope.provider(use.target)} has not"
        yield scope.finding(use, f"{use.kind}_gone", f"{use.target}.{use.name}", text, _instead(use.name, known))
    elif use.mode != "give":
        yield from _check_recorded(use, scope, use.name)


def check_slot(use: Use, scope: Scope) -> Iterator[Finding]:
    """A name in an expression over movements: a resource, a dimension, or a path into what the dimension links to."""
    register = scope.offers.part("registers", use.target)
    if register is None:
        yield from check_register(use, scope)
        return
    root, _, rest = use.name.partition(".")
    known = {**register["dimensions"], **register["resources"]}
    if root not in known:
        text = f"uses {root} of {use.target} {{at}}, which {scope.provider(use.target)} does not have"
        yield scope.finding(use, "dimension_gone", f"{use.target}.{root}", text, _instead(root, known))
        return
    yield from _check_recorded(use, scope, root)
    if rest and register["dimensions"].get(root):
        missing = find_missing(scope.offers, register["dimensions"][root], rest)
        if missing is not None and missing.field:
            text = f"reads {missing.type}.{missing.field} {{at}}, which {scope.provider(missing.type)} does not have"
            yield scope.finding(use, "field_gone", f"{missing.type}.{missing.field}", text)


def _check_recorded(use: Use, scope: Scope, name: str) -> Iterator[Finding]:
    """A part of a register that movements have no more."""
    if scope.is_filled_no_more(use.target, name):
        text = f"reads {name} of {use.target} {{at}}, which {scope.provider(use.target)} does not record any more"
        yield scope.finding(use, "filled_no_more", f"{use.target}.{name}", text, severity=Severity.WARNS)


def check_parameter(use: Use, scope: Scope) -> Iterator[Finding]:
    """A parameter given to a report; name empty: the names of all that are given."""
    report = scope.offers.part("reports", use.target)
    if report is None:
        yield from check_report(use, scope)
        return
    if use.name and use.name not in {*report["parameters"], "company_id", "format"}:
        text = f"gives {use.target} the parameter {use.name} {{at}}, which {scope.provider(use.target)} does not have"
        fix = _instead(use.name, report["parameters"])
        yield scope.finding(use, "parameter_gone", f"{use.target}.{use.name}", text, fix)
    elif use.name in report["parameters"]:
        yield from _compare_parameter(use, scope, report["parameters"][use.name]["type"])
    elif not use.name and not use.details.get("open"):
        for name, parameter in report["parameters"].items():
            if parameter["required"] and name not in use.details.get("given", ()):
                text = f"runs {use.target} without {name} {{at}}, which {scope.provider(use.target)} asks for"
                yield scope.finding(use, "parameter_missing", f"{use.target}.{name}", text, f"give {name}")


def _compare_parameter(use: Use, scope: Scope, kind: str) -> Iterator[Finding]:
    before = scope.before.part("reports", use.target) if scope.before is not None else None
    was = before["parameters"].get(use.name) if before is not None else None
    if was is not None and was["type"] != kind:
        text = f"gives {use.target} the parameter {use.name} {{at}}, which is {kind} instead of {was['type']}"
        text += f" in {scope.provider(use.target)}"
        yield scope.finding(use, "parameter_kind_changed", f"{use.target}.{use.name}", text, f"give it as {kind}")


def check_column(use: Use, scope: Scope) -> Iterator[Finding]:
    """A column or measure read of a report's rows."""
    report = scope.offers.part("reports", use.target)
    if report is None:
        yield from check_report(use, scope)
    elif use.name not in report["columns"]:
        text = f"reads the column {use.name} of {use.target} {{at}}, which {scope.provider(use.target)} does not have"
        fix = _instead(use.name, report["columns"])
        yield scope.finding(use, "column_gone", f"{use.target}.{use.name}", text, fix)
    elif use.name in report.get("made_of", {}):
        owner, noun, path = report["made_of"][use.name].split(".", 2)
        if scope.is_filled_no_more(f"{owner}.{noun}", path):
            text = (
                f"reads the column {use.name} of {use.target} {{at}}, made of {owner}.{noun}.{path}, which the code of"
            )
            text += f" {scope.provider(use.target)} does not set any more"
            yield scope.finding(use, "filled_no_more", f"{use.target}.{use.name}", text, severity=Severity.WARNS)


def check_event(use: Use, scope: Scope) -> Iterator[Finding]:
    """An event, or a pattern of some, that is heard, awaited or emitted."""
    if use.target == "*" or use.mode == "emitted":
        return
    if scope.is_absent(use.target):
        yield scope.absent(use)
    elif not any(matches(use.target, name) for name in scope.offers.names("events")):
        known = [name for name in scope.offers.names("events") if name.partition(".")[0] == use.owner]
        text = f"waits for {use.target} {{at}}, which {scope.provider(use.target)} never tells"
        yield scope.finding(use, "event_gone", use.target, text, _instead(use.target, known))


def check_payload(use: Use, scope: Scope) -> Iterator[Finding]:
    """A member read of an event's payload."""
    events = [name for name in scope.offers.names("events") if matches(use.target, name)]
    if not events:
        return
    if not any(use.name in (scope.offers.part("events", name) or ()) for name in events):
        text = (
            f"reads {use.name} of what {use.target} tells {{at}}, and {scope.provider(use.target)} tells no such thing"
        )
        known = scope.offers.part("events", events[0]) or ()
        yield scope.finding(use, "payload_gone", f"{use.target}.{use.name}", text, _instead(use.name, known))


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern such as `receivables.*` is about a name."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def check_setting(use: Use, scope: Scope) -> Iterator[Finding]:
    offer = scope.offers.of(use.target)
    if offer is not None and use.name not in offer.settings:
        text = f"reads the setting {use.name} {{at}}, which {scope.provider(use.target)} does not have"
        yield scope.finding(use, "setting_gone", f"{use.target}.{use.name}", text, _instead(use.name, offer.settings))


def check_capability(use: Use, scope: Scope) -> Iterator[Finding]:
    """Something done for which the manifest must ask; mode: `documents:read`."""
    own = use.owner == scope.contract.applet
    resource, _, verb = use.mode.partition(":")
    declared = [capability for text in scope.contract.offers.capabilities if (capability := parse_capability(text))]
    if not own and not any(capability.allows(resource, verb, use.target) for capability in declared):
        text = f"does {use.mode} on {use.target} {{at}}, for which it has no capability"
        # No break: the kernel refuses what is not granted, and the applet may mean to be refused.
        wanted = f"{use.mode}:{use.target}"
        yield scope.finding(use, "capability_missing", wanted, text, wanted, Severity.WARNS)


def check_mention(use: Use, scope: Scope) -> Iterator[Finding]:
    """A text that is somebody's name: told only where that name goes."""
    kinds = ("types", "registers", "reports", "roles", "events")
    if scope.before is None or not any(scope.before.part(kind, use.target) is not None for kind in kinds):
        return
    if not any(scope.offers.part(kind, use.target) is not None for kind in kinds) and not scope.is_absent(use.target):
        text = f"names {use.target} {{at}}, which {scope.provider(use.target)} does not have"
        yield scope.finding(use, "name_gone", use.target, text, severity=Severity.WARNS)


def _instead(name: str, known: Iterable[str]) -> str:
    meant = nearest(name, known)
    return f"{meant} is the nearest name" if meant else ""


THING_RULES: Mapping[str, Callable[[Use, Scope], Iterator[Finding]]] = {
    "register": check_register,
    "dimension": check_part,
    "resource": check_part,
    "slot": check_slot,
    "report": check_report,
    "parameter": check_parameter,
    "column": check_column,
    "event": check_event,
    "payload": check_payload,
    "role": check_role,
    "setting": check_setting,
    "capability": check_capability,
    "mention": check_mention,
}
