"""What a change may break where the code does not say what it reads: told as a warning, never left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry.contracts.lookup import fewer_decimals, renamed_field
from registry.contracts.model import Offers, Unresolved
from registry.contracts.scope import Scope
from registry.contracts.thing_rules import matches
from registry.plans.findings import Finding, Severity

# How many of what went one warning names.
NAMED_MAX = 5


def check_unresolved(scope: Scope) -> Iterator[Finding]:
    """One warning for each dynamic place and each type something went from that it may have read."""
    if scope.before is None:
        return
    used = {use.target for use in scope.contract.uses if use.kind in ("type", "field")}
    for place in scope.contract.unresolved:
        for type in scope.before.names("types"):
            if _is_about(place, type, used) and scope.offers.part("types", type) is not None:
                gone = [path for path in _lost(scope, scope.before, type) if _may_read(place, path)]
                if gone:
                    yield _warn(scope, place, type, gone)


def _is_about(place: Unresolved, type: str, used: set[str]) -> bool:
    # Where nothing is known of the type, it may be any the applet has to do with elsewhere.
    return matches(place.target, type) if place.target else type in used or bool(place.name)


def _may_read(place: Unresolved, path: str) -> bool:
    if not place.target and place.name:
        return path == place.name or path.rpartition(".")[2] == place.name
    return path.startswith(place.name)


def _lost(scope: Scope, before: Offers, type: str) -> list[str]:
    """Fields that went, became another kind or may be missing now."""
    old, new = before.part("types", type)["fields"], scope.offers.part("types", type)["fields"]
    return [path for path, field in old.items() if path not in new or _is_less(scope, type, path, field, new[path])]


def _is_less(scope: Scope, type: str, path: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    if was["kind"] != now["kind"] or fewer_decimals(was, now):
        return True
    if now.get("required") or "default" in now or now.get("computed"):
        return False
    return "default" in was or scope.is_filled_no_more(type, path)


def _warn(scope: Scope, place: Unresolved, type: str, gone: list[str]) -> Finding:
    shown = ", ".join(gone[:NAMED_MAX]) + (", …" if len(gone) > NAMED_MAX else "")
    verb = "was" if len(gone) == 1 else "were"
    renamed = {path: now for path in gone if (now := renamed_field(scope.offers, type, path))}
    return Finding(
        severity=Severity.WARNS,
        rule="dynamic_use",
        subject=f"{type}.{gone[0]}",
        message=f"{scope.contract.applet} ({place.where}) {place.reason}; {shown} of {type} {verb} removed or changed",
        fix=", ".join(f"{now} instead of {path}" for path, now in renamed.items()),
        applet=scope.contract.applet,
        where=place.where,
    )
