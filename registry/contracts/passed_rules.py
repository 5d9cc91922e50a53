"""Rules for values that reach an applet by way of another's code: through events, registers and reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from registry.contracts.lookup import mapped_word
from registry.contracts.model import Offers, Use
from registry.contracts.scope import Scope
from registry.contracts.sources import PARAMETER, Values, values_of
from registry.contracts.thing_rules import matches
from registry.plans.findings import Finding, Severity
from sdk.nearest import nearest


def check_passed_kind(use: Use, scope: Scope) -> Iterator[Finding]:
    """What is read was made of a field that holds another kind of value now."""
    if not use.name or use.mode != "read":
        return
    for target, before, after in _both(use, scope):
        now, was = ", ".join(sorted(after.kinds)), ", ".join(sorted(before.kinds))
        if was and after.kinds - before.kinds:
            fields = ", ".join(sorted(after.fields))
            what = f"reads {use.name} of {target} {{at}}, made of {fields}, which is {now} instead of {was}"
            what += f" in {scope.provider(target)}"
            yield scope.finding(use, "field_kind_changed", f"{target}.{use.name}", what, f"read it as {now}")


def check_passed_value(use: Use, scope: Scope) -> Iterator[Finding]:
    """A literal that what is passed on is compared with, or that is asked for, was a value of its field and is none."""
    value = str(use.details.get("value"))
    yield from _check_choice(use, scope, value)
    for target, before, after in _both(use, scope):
        # Where the field takes any text now, this one may come too.
        if value not in before.words or value in after.words or (after.is_open and not before.is_open):
            continue
        name = use.name.removeprefix(PARAMETER)
        now = next(filter(None, (_mapped(scope.offers, path, value) for path in sorted(before.fields))), "")
        meant = now or nearest(value, sorted(after.words))
        what = f"looks for {value} in {name} of {target} {{at}}, which is no value of it in {scope.provider(target)}"
        fix = f"{now} instead of {value}" if now else f"{meant} is the nearest value" if meant else ""
        severity = Severity.WARNS if after.is_open else Severity.BLOCKS
        yield scope.finding(use, "value_gone", f"{target}.{use.name}={value}", what, fix, severity)


def _check_choice(use: Use, scope: Scope, value: str) -> Iterator[Finding]:
    """A parameter of a report that takes some values only."""
    report, name = scope.offers.part("reports", use.target), use.name.removeprefix(PARAMETER)
    choices = report["parameters"].get(name, {}).get("choices") if report and use.name.startswith(PARAMETER) else None
    if choices and value not in map(str, choices):
        what = (
            f"gives {value} as {name} of {use.target} {{at}}, which is no choice of it in {scope.provider(use.target)}"
        )
        meant = nearest(value, [str(choice) for choice in choices])
        fix = f"{meant} is the nearest value" if meant else ""
        yield scope.finding(use, "value_gone", f"{use.target}.{name}={value}", what, fix)


def _both(use: Use, scope: Scope) -> Iterator[tuple[str, Values, Values]]:
    """What it could hold and can hold, of each event a pattern is about."""
    if scope.before is None:
        return
    is_pattern = use.target.endswith("*")
    for target in scope.before.names("events") if is_pattern else (use.target,):
        if matches(use.target, target) and _is_there(scope.offers, target, use.name):
            yield target, values_of(scope.before, target, use.name), values_of(scope.offers, target, use.name)


def _is_there(offers: Offers, target: str, name: str) -> bool:
    return any(name in offer.sources.get(target, {}) for offer in offers)


def _mapped(offers: Offers, qualified: str, value: str) -> str:
    owner, noun, path = qualified.split(".", 2)
    return mapped_word(offers, f"{owner}.{noun}", "map_value", value, path)


PASSED_RULES: Mapping[str, Callable[[Use, Scope], Iterator[Finding]]] = {
    "payload": check_passed_kind,
    "dimension": check_passed_kind,
    "column": check_passed_kind,
    "passed": check_passed_value,
}
