"""Documents of the tenant's own that say something about others: roles, templates, rules, fields, settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kernel.context import KernelContext
from sdk.expressions import InvalidExpression, parse

ROLE, GRANT, TEMPLATE = "kernel.role", "kernel.grant", "kernel.export_template"
RULE, CUSTOM_FIELD, SETTING = "kernel.retention_rule", "kernel.custom_field", "kernel.setting"
_READ = """
SELECT type, id::text, data FROM {t}.documents WHERE type = ANY(%s) AND deleted_at IS NULL ORDER BY type, id
"""
_NAMES = ("name", "title", "applet", "key")


class Thing(NamedTuple):
    """One of them."""

    type: str
    id: str
    data: Mapping[str, Any]

    @property
    def label(self) -> str:
        """What people call it."""
        called = next((str(self.data[name]) for name in _NAMES if self.data.get(name)), self.id)
        return f"{self.type.partition('.')[2].replace('_', ' ')} {called}"

    @property
    def subject(self) -> str:
        """What findings are about."""
        return f"{self.type}:{next((str(self.data[n]) for n in _NAMES if self.data.get(n)), self.id)}"

    @property
    def about(self) -> str:
        """The document type it is about, where it is about one."""
        return str(self.data.get("document_type", ""))


def read_possessions(ctx: KernelContext, *types: str) -> Mapping[str, Sequence[Thing]]:
    """By type; there are few of them."""
    found: dict[str, list[Thing]] = defaultdict(list)
    for type, id, data in ctx.uow.execute(_READ, [list(types)]):
        found[type].append(Thing(type, id, data))
    return found


def names_in(source: str) -> Iterator[str]:
    """The paths an expression names; none where it cannot be read, which is no news."""
    try:
        yield from parse(source).names
    except InvalidExpression:
        return
