"""Registers: dimensions and resources are stored by their position."""

from __future__ import annotations

from collections.abc import Sequence

from sdk.comparison.changes import Changes, SchemaChange
from sdk.registers import Dimension, Register, Resource

_RULES = ("balanced", "non_negative")


def compare_registers(old: Register, new: Register) -> list[SchemaChange]:
    """Every change of a register: what stands at another place than before would be read as something else."""
    changes = Changes("register", new.name)
    _compare_places(old.dimensions, new.dimensions, "dimension", changes)
    _compare_places(old.resources, new.resources, "resource", changes)
    for before, after in zip(old.dimensions, new.dimensions, strict=False):
        if before.name == after.name and before.link != after.link:
            message = f"{after.name} links to {after.link or 'nothing'} instead of {before.link or 'nothing'}"
            changes.compatible("dimension_link_changed", f"dimensions.{after.name}", message)
    for one, other in zip(old.resources, new.resources, strict=False):
        if one.name == other.name:
            _compare_scale(one, other, changes)
    for rule in _RULES:
        was, now = getattr(old, rule), getattr(new, rule)
        if now is not None and now != was:
            changes.breaking("rule_added", rule, f"{now} must be {rule}, which stored movements need not be")
        elif was is not None and now is None:
            changes.compatible("rule_removed", rule, f"{was} need not be {rule} any more")
    if (old.title, old.description) != (new.title, new.description):
        changes.compatible("title_changed", "", f"the title of {new.name} is another one")
    return changes.found


def _compare_places(
    old: Sequence[Dimension | Resource], new: Sequence[Dimension | Resource], what: str, changes: Changes
) -> None:
    names = [item.name for item in new]
    for position, item in enumerate(old):
        path = f"{what}s.{item.name}"
        fix = f"keep {item.name} at place {position + 1}, and add others behind the last"
        if position < len(names) and names[position] == item.name:
            if item.title != new[position].title:
                changes.compatible("title_changed", path, f"the title of {item.name} is another one")
        elif item.name in names:
            message = f"the {what} {item.name} is at place {names.index(item.name) + 1} instead of {position + 1}"
            changes.breaking(f"{what}_moved", path, message, fix)
        else:
            changes.breaking(f"{what}_removed", path, f"there is no {what} {item.name} any more", fix)
    for position, name in enumerate(names):
        if name in {item.name for item in old}:
            continue
        if position >= len(old):
            changes.compatible(f"{what}_added", f"{what}s.{name}", f"there is a {what} {name}")
        else:
            message = f"the {what} {name} stands where movements have {old[position].name}"
            changes.breaking(f"{what}_inserted", f"{what}s.{name}", message, f"add {name} behind the last")


def _compare_scale(old: Resource, new: Resource, changes: Changes) -> None:
    if old.scale == new.scale:
        return
    path, message = f"resources.{new.name}", f"{new.name} has {new.scale} digits after the point, not {old.scale}"
    if new.scale is None or (old.scale is not None and new.scale > old.scale):
        changes.compatible("scale_raised", path, message)
    else:
        changes.breaking("scale_lowered", path, message)
