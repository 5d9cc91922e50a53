"""What a change may break where the code does not say what it reads: told as a warning, never left out."""

from __future__ import annotations

from collections.abc import Iterator

from registry.contracts.lookup import renamed_field
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
                gone = [path for path in _lost(scope.before, scope.offers, type) if _may_read(place, path)]
                if gone:
                    yield _warn(scope, place, type, gone)


def _is_about(place: Unresolved, type: str, used: set[str]) -> bool:
    # Where nothing is known of the type, it may be any the applet has to do with elsewhere.
    return matches(place.target, type) if place.target else type in used or bool(place.name)


def _may_read(place: Unresolved, path: str) -> bool:
    if not place.target and place.name:
        return path == place.name or path.rpartition(".")[2] == place.name
    return path.startswith(place.name)


def _lost(before: Offers, after: Offers, type: str) -> list[str]:
    """Fields that went, or became another kind."""
    old, new = before.part("types", type)["fields"], after.part("types", type)["fields"]
    return [path for path, field in old.items() if path not in new or new[path]["kind"] != field["kind"]]


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
