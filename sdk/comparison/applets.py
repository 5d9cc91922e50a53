"""Two releases of an applet, definition by definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sdk.applet import Applet
from sdk.comparison.changes import Changes, SchemaChange
from sdk.comparison.machines import compare_machines
from sdk.comparison.registers import compare_registers
from sdk.comparison.reports import compare_reports
from sdk.comparison.roles import compare_roles
from sdk.comparison.types import compare_settings, compare_types
from sdk.lenses import LensChain

Definition = TypeVar("Definition")


def compare_applets(old: Applet, new: Applet, lenses: Mapping[str, LensChain] | None = None) -> list[SchemaChange]:
    """Every change of what two releases of one applet define, upwards or back.

    lenses: by type, those of the newest release there was, which know the versions of both; by default those of
    whichever of the two has the higher version of a type.
    """
    chains = lenses if lenses is not None else _newest(old, new)
    found = _compare_each("type", old.types, new.types, lambda a, b: compare_types(a, b, chains.get(b.name)))
    for name in [name for name in old.types if name in new.types]:
        versions = (old.types[name].version, new.types[name].version)
        found += compare_machines(old.machines.get(name), new.machines.get(name), chains.get(name), versions)
    found += _compare_each("register", old.registers, new.registers, compare_registers)
    found += _compare_each("report", old.reports, new.reports, compare_reports)
    found += compare_roles(old.roles, new.roles, _renames(old, new, chains))
    return found + compare_settings(old.settings, new.settings)


def _newest(old: Applet, new: Applet) -> dict[str, LensChain]:
    chains = [*old.lenses.items(), *new.lenses.items()]
    return dict(sorted(chains, key=lambda item: item[1].latest))


def _renames(old: Applet, new: Applet, chains: Mapping[str, LensChain]) -> dict[str, Mapping[str, str]]:
    return {
        name: chain.renames(old.types[name].version, new.types[name].version)
        for name, chain in chains.items()
        if name in old.types and name in new.types
        if max(old.types[name].version, new.types[name].version) <= chain.latest
    }


def _compare_each(
    about: str,
    old: Mapping[str, Definition],
    new: Mapping[str, Definition],
    compare: Callable[[Definition, Definition], list[SchemaChange]],
) -> list[SchemaChange]:
    found = []
    for name in [*old, *(name for name in new if name not in old)]:
        changes = Changes(about, name)
        if name not in new:
            changes.breaking(f"{about}_removed", "", f"there is no {about} {name} any more")
        elif name not in old:
            changes.compatible(f"{about}_added", "", f"there is a {about} {name}")
        else:
            changes.found = compare(old[name], new[name])
        found += changes.found
    return found
