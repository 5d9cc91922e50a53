"""What the enabled applets of a tenant bring together: document types, machines, registers, reports, roles, hooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sdk.applet import Applet
from sdk.errors import Conflict, NotFound
from sdk.hookset import HookPlugin, HookSet
from sdk.nearest import nearest
from sdk.registers import Register
from sdk.reports import Report
from sdk.roles import Role
from sdk.schema import DocumentType
from sdk.states import StateMachine


class DocumentTypeUnknown(NotFound):
    """There is no document type {type} among the enabled applets."""


class RegisterUnknown(NotFound):
    """There is no register {register} among the enabled applets."""


class ReportUnknown(NotFound):
    """There is no report {report} among the enabled applets."""


class CatalogueClash(Conflict):
    """{what} {name} is brought by two applets, {first} and {second}."""


@dataclass(frozen=True)
class Catalogue:
    """Applets in order of dependency, and everything of theirs by name."""

    applets: tuple[Applet, ...]
    hooks: HookSet
    types: Mapping[str, DocumentType] = field(default_factory=dict)
    machines: Mapping[str, StateMachine] = field(default_factory=dict)
    registers: Mapping[str, Register] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)

    @classmethod
    def build(cls, applets: Sequence[tuple[Applet, Sequence[HookPlugin]]]) -> Catalogue:
        """Merge applets with their hook functions; raises CatalogueClash where two bring the same name."""
        ordered = order_by_dependency(applets)
        merged = {
            what: _merge(what, ((applet, getattr(applet, what)) for applet, _ in ordered))
            for what in ("types", "machines", "registers", "reports", "roles")
        }
        hooks = HookSet([plugin for _, plugins in ordered for plugin in plugins])
        return cls(tuple(applet for applet, _ in ordered), hooks, **merged)

    def type(self, name: str) -> DocumentType:
        found = self.types.get(name)
        if found is None:
            raise DocumentTypeUnknown(type=name, nearest=nearest(name, self.types))
        return found

    def register(self, name: str) -> Register:
        found = self.registers.get(name)
        if found is None:
            raise RegisterUnknown(register=name, nearest=nearest(name, self.registers))
        return found

    def report(self, name: str) -> Report:
        found = self.reports.get(name)
        if found is None:
            raise ReportUnknown(report=name, nearest=nearest(name, self.reports))
        return found

    def applet(self, name: str) -> Applet | None:
        return next((applet for applet in self.applets if applet.name == name), None)

    @cached_property
    def collections(self) -> Mapping[tuple[str, str], DocumentType]:
        """Document types by applet and collection, as URLs name them."""
        return {(t.applet, t.collection): t for t in self.types.values()}


def order_by_dependency(
    applets: Sequence[tuple[Applet, Sequence[HookPlugin]]],
) -> list[tuple[Applet, Sequence[HookPlugin]]]:
    """Required applets before those that require them, otherwise by name; a circle is left in name order.

    Raises CatalogueClash where two have the same name.
    """
    names = [applet.name for applet, _ in applets]
    for name in names:
        if names.count(name) > 1:
            raise CatalogueClash(what="applet", name=name, first=name, second=name)
    by_name = {applet.name: (applet, plugins) for applet, plugins in sorted(applets, key=lambda pair: pair[0].name)}
    ordered: dict[str, tuple[Applet, Sequence[HookPlugin]]] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in ordered or name in path or name not in by_name:
            return
        for required in sorted(by_name[name][0].manifest.requires.applets):
            visit(required, (*path, name))
        ordered[name] = by_name[name]

    for name in by_name:
        visit(name, ())
    return list(ordered.values())


def _merge(what: str, parts: Iterable[tuple[Applet, Mapping[str, Any]]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    owners: dict[str, str] = {}
    for applet, items in parts:
        for name, item in items.items():
            if name in merged:
                raise CatalogueClash(what=what, name=name, first=owners[name], second=applet.name)
            merged[name], owners[name] = item, applet.name
    return merged
