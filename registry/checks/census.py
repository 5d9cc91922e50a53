"""How many documents there are, by version of their type and state: one statement for all that checks count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from kernel.context import KernelContext
from registry.plans.situation import Situation

_COUNT = """
SELECT type, schema_version, state, deleted_at IS NOT NULL, count(*) FROM {t}.documents
 WHERE type = ANY(%s) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
_KEY = "documents of "


class Group(NamedTuple):
    """Documents that have these in common."""

    version: int
    state: str | None
    is_deleted: bool
    size: int


class Census:
    """Of some document types."""

    def __init__(self, groups: Mapping[str, Sequence[Group]]) -> None:
        self._groups = groups

    def of(self, type: str) -> Sequence[Group]:
        return self._groups.get(type, ())

    def count(self, type: str) -> int:
        """Deleted ones too: they can be restored."""
        return sum(group.size for group in self.of(type))

    def count_live(self, type: str) -> int:
        return sum(group.size for group in self.of(type) if not group.is_deleted)

    def count_other(self, type: str, version: int) -> int:
        """Those stored at another version of their type than this one."""
        return sum(group.size for group in self.of(type) if group.version != version)


def census_of(situation: Situation, types: Collection[str]) -> Census:
    """As the situation's transaction saw them first: each type is counted once for all checks."""
    known = situation.counted
    missing = {name for name in types if f"{_KEY}{name}" not in known}
    found = take_census(situation.ctx, missing)
    known.update({f"{_KEY}{name}": found.of(name) for name in missing})
    return Census({name: known[f"{_KEY}{name}"] for name in types})


def take_census(ctx: KernelContext, types: Collection[str]) -> Census:
    """As the transaction sees them."""
    groups: dict[str, list[Group]] = defaultdict(list)
    for type, *group in ctx.uow.execute(_COUNT, [sorted(types)]) if types else ():
        groups[type].append(Group(*group))
    return Census(groups)
