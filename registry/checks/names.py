"""Names that go with a plan: of types, fields, actions, registers, reports, roles; and fields that are renamed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from registry.checks.sides import Side, Sides, sides_of
from registry.plans.findings import Severity
from registry.plans.situation import Situation
from sdk.schema import DocumentType

# What a role names: document types, registers and reports.
KINDS = ("type", "register", "report")


@dataclass(frozen=True)
class Going:
    """What one applet has now and would not have. is_hidden: it is kept, and back once the applet is enabled again.

    things: of each kind in KINDS. fields, actions: by document type that stays. renamed: old name to new.
    """

    applet: str
    is_hidden: bool = False
    is_rollback: bool = False
    things: Mapping[str, frozenset[str]] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    actions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    renamed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Of what is told of the things of the tenant's own that name it."""
        return Severity.INFORMS if self.is_hidden else Severity.WARNS

    @property
    def strict(self) -> Severity:
        """Of what must not go wrong unseen. Going back is not held up: it is what helps in need."""
        return Severity.WARNS if self.is_rollback else Severity.BLOCKS

    def lost(self, type: str, names: Iterable[str]) -> list[str]:
        """Those of these paths that lead to fields that go."""
        gone = self.fields.get(type, frozenset())
        return sorted(name for name in set(names) if any(part in gone for part in parts_of(name)))


def parts_of(path: str) -> list[str]:
    """The path and all above it: `lines.amount`, `lines`."""
    names = path.split(".")
    return [".".join(names[: length + 1]) for length in range(len(names))]


def going_names(situation: Situation) -> list[Going]:
    """Of each applet that moves and was enabled: of others nothing has been seen."""
    return [_of(sides, sides.before) for sides in sides_of(situation) if sides.before is not None]


def _of(sides: Sides, before: Side) -> Going:
    after = None if sides.is_hidden else sides.after
    kept = after.applet if after is not None else None
    types = after.types if after is not None else {}
    shared = {name: (type, types[name]) for name, type in before.types.items() if name in types}
    return Going(
        applet=sides.name,
        is_hidden=sides.is_hidden,
        is_rollback=sides.is_rollback,
        things={
            "type": frozenset(before.applet.types.keys() - types.keys()),
            "register": frozenset(before.applet.registers.keys() - (kept.registers.keys() if kept else ())),
            "report": frozenset(before.applet.reports.keys() - (kept.reports.keys() if kept else ())),
        },
        roles=frozenset(before.applet.roles.keys() - (kept.roles.keys() if kept else ())),
        fields={name: _lost_fields(*pair) for name, pair in shared.items()},
        actions={name: _actions(before, name) - _actions(after, name) for name in shared},
        renamed={name: found for name, pair in shared.items() if (found := renames(*pair))},
    )


def renames(before: DocumentType, after: DocumentType) -> Mapping[str, str]:
    """Fields that are called otherwise afterwards, by their names now."""
    lenses = after.lenses or before.lenses
    if lenses is None or before.version == after.version or max(before.version, after.version) > lenses.latest:
        return {}
    found = lenses.renames(before.version, after.version)
    return {old: new for old, new in found.items() if new in after.fields}


def renamed_path(path: str, names: Mapping[str, str]) -> str:
    """What a path is called afterwards: by the longest old name that it begins with."""
    for above in reversed(parts_of(path)):
        if above in names:
            return names[above] + path[len(above) :]
    return path


def _lost_fields(before: DocumentType, after: DocumentType) -> frozenset[str]:
    names = renames(before, after)
    return frozenset(path for path in before.fields if renamed_path(path, names) not in after.fields)


def _actions(side: Side | None, type: str) -> frozenset[str]:
    machine = side.applet.machines.get(type) if side is not None else None
    return frozenset(machine.actions) if machine is not None else frozenset()
