"""What changes in the schemas and machines of document types, and whom it concerns: nobody, the lenses, or people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry.checks.census import Census, census_of
from registry.checks.sides import Side, Sides, sides_of
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation
from sdk.comparison import Impact, SchemaChange, compare_machines, compare_types

# What stored documents do not follow, although each of them may be right by its schema.
_UNSEEN = frozenset({"company_changed", "encryption_changed", "link_changed", "machine_added"})
# What another check says more of: whether the values that are there are unique.
_COUNTED = frozenset({"unique_added"})
# What is decided by looking at each document.
_OF_VALUES = frozenset(
    ("limit_narrowed", "limit_changed", "enum_added", "enum_value_removed", "field_removed", "field_required",
     "required_field_added", "kind_changed", "object_closed", "scale_lowered")
)  # fmt: skip
# What nobody has to do anything about, told together.
_QUIET = {Impact.COMPATIBLE: "schema_compatible", Impact.CAST_NEEDED: "schema_cast"}
_TOLD = {
    Impact.COMPATIBLE: "changes in ways that nobody need care about",
    Impact.CAST_NEEDED: "changes in ways that its lenses see to",
}
CHANGES_NAMED_MAX = 50


def schema_findings(situation: Situation) -> Iterator[Finding]:
    """Of every type of the applets that change."""
    moving = [(each, each.before, each.after) for each in sides_of(situation) if each.before and each.after]
    changed = [entry for entry in moving if entry[1].applet is not entry[2].applet]
    census = census_of(situation, {name for _, before, _ in changed for name in before.types})
    for sides, before, after in changed:
        for name in sorted(before.types):
            if name not in after.types:
                yield _gone(sides, name, census)
            else:
                yield from _tell(sides, name, _changes(before, after, name), census)


def _changes(before: Side, after: Side, name: str) -> list[SchemaChange]:
    old, new = before.types[name], after.types[name]
    chain = new.lenses or old.lenses
    machines = before.applet.machines.get(name), after.applet.machines.get(name)
    return [*compare_types(old, new, chain), *compare_machines(*machines, chain, (old.version, new.version))]


def _tell(sides: Sides, name: str, changes: Sequence[SchemaChange], census: Census) -> Iterator[Finding]:
    for impact, told in _TOLD.items():
        found = [_said(change) for change in changes if change.impact is impact]
        if found:
            details = {"count": len(found), "changes": found[:CHANGES_NAMED_MAX]}
            yield Finding(Severity.INFORMS, _QUIET[impact], name, f"{name} {told}", "", sides.name, details=details)
    for change in changes:
        if change.is_breaking and change.rule not in _COUNTED:
            yield _breaking(sides, name, change, census)


def _breaking(sides: Sides, name: str, change: SchemaChange, census: Census) -> Finding:
    subject = f"{name}.{change.path}" if change.path else name
    if change.rule in _UNSEEN:
        count = census.count(name)
        severity = Severity.BLOCKS if count and not sides.is_rollback else Severity.WARNS
        message = f"{name}: {change.message}" + (", and documents are there" if count else "")
        details = {"change": change.rule, "count": count}
        return Finding(severity, "schema_breaking", subject, message, change.fix, sides.name, details=details)
    details = {"change": change.rule}
    if change.rule in _OF_VALUES:
        message = f"{name}: {change.message}; whether documents are hurt is looked at one by one"
        return Finding(
            Severity.WARNS, "schema_narrowed", subject, message, change.fix, sides.name, details=details
        )  # fmt: skip
    message = f"{name}: {change.message}, which people and programs may rely on"
    return Finding(Severity.WARNS, "callers_affected", subject, message, change.fix, sides.name, details=details)


def _gone(sides: Sides, name: str, census: Census) -> Finding:
    count = census.count(name)
    severity = Severity.BLOCKS if count and not sides.is_rollback else Severity.WARNS
    message = f"there is no {name} any more" + (", but documents of it are, which nobody could read" if count else "")
    fix = "keep the type, or delete what is in it with the version that has it" if count else ""
    return Finding(severity, "type_gone", name, message, fix, sides.name, details={"count": count})


def _said(change: SchemaChange) -> str:
    return f"{change.path}: {change.message}" if change.path else change.message
