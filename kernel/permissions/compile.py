"""From roles and grants to permissions: pure, so that it is tested by tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from kernel.permissions.permissions import Permissions
from kernel.permissions.rules import Rule
from sdk.roles import Permission, Role


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given to an actor. companies: ids, empty for all."""

    id: str
    role: str
    companies: tuple[str, ...] = ()


def compile_permissions(roles: Mapping[str, Role], grants: Iterable[Grant]) -> Permissions:
    """What the grants allow together. A role that does not exist (its applet is disabled) allows nothing."""
    return Permissions([rule for grant in grants for rule in _rules(roles, grant)])


def inherited(roles: Mapping[str, Role], name: str) -> Iterator[tuple[str, ...]]:
    """The role and all it inherits, each once, as the path that leads there; circles end where they close."""
    seen = {name}
    waiting: list[tuple[str, ...]] = [(name,)]
    while waiting:
        path = waiting.pop(0)
        role = roles.get(path[-1])
        if role is None:
            continue
        yield path
        waiting += [(*path, above) for above in role.inherits if above not in seen]
        seen.update(role.inherits)


def _rules(roles: Mapping[str, Role], grant: Grant) -> Iterator[Rule]:
    companies = frozenset(grant.companies) or None
    for path in inherited(roles, grant.role):
        for permission in roles[path[-1]].permissions:
            yield Rule(_with_whole_fields(permission), companies, grant.id, path)


def _with_whole_fields(permission: Permission) -> Permission:
    """A mask hides whole fields: `lines.cost` hides `lines`, rather than nothing."""
    return replace(permission, mask=frozenset(field.partition(".")[0] for field in permission.mask))
