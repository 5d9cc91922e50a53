"""What the files of an applet must agree on: names they mention exist, and others' names come from required applets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from sdk.definition import escape, roots
from sdk.errors import Violation
from sdk.expressions import Expression
from sdk.manifest import Manifest
from sdk.nearest import nearest_or_all
from sdk.registers import Register
from sdk.report_checks import check_source
from sdk.reports import Report
from sdk.roles import Permission, Role
from sdk.schema import DocumentType
from sdk.schema.fields import pointer_of
from sdk.schema.vocabulary import SYSTEM_FIELDS
from sdk.states import StateMachine

WORLD = ("actor", "today", "param")
KERNEL = "kernel"
VERBS = ("read", "create", "update", "delete", "restore", "archive", "*")


class Definitions(Protocol):
    """What an applet has read: as `sdk.applet.Applet`, which imports this module."""

    @property
    def name(self) -> str: ...
    @property
    def manifest(self) -> Manifest: ...
    @property
    def types(self) -> Mapping[str, DocumentType]: ...
    @property
    def machines(self) -> Mapping[str, StateMachine]: ...
    @property
    def registers(self) -> Mapping[str, Register]: ...
    @property
    def reports(self) -> Mapping[str, Report]: ...
    @property
    def roles(self) -> Mapping[str, Role]: ...


def check_applet(applet: Definitions, faults: list[Violation]) -> None:
    """Every fault between the files of an applet each of which is right in itself."""
    check = _Check(applet, faults)
    for type in applet.types.values():
        check.type(type)
    for name, machine in applet.machines.items():
        file = f"workflows/{name.partition('.')[2]}.json#"
        if check.known("type", name, f"{file}/type"):
            for action in machine.actions.values():
                check.expression(
                    applet.types[name], action.guard, f"{file}/actions/{action.name}/guard", ("arguments",)
                )
    check.collections()
    for register in applet.registers.values():
        for dimension in register.dimensions:
            check.link(
                dimension.link, f"registers/{register.name.partition('.')[2]}.json#/dimensions/{dimension.name}/link"
            )
    check.reports()
    check.roles()


class _Check:
    def __init__(self, applet: Definitions, faults: list[Violation]) -> None:
        self.applet = applet
        self.faults = faults
        self.own: dict[str, Mapping[str, object]] = {
            "type": applet.types, "register": applet.registers, "report": applet.reports, "role": applet.roles,
        }  # fmt: skip

    def fault(self, where: str, rule: str, message: str, expected: str | None = None) -> None:
        self.faults.append(Violation(where, rule, message, expected))

    def known(self, what: str, name: str, where: str) -> bool:
        """Whether a name of ours exists; a foreign one must come from an applet we require."""
        owner = name.partition(".")[0]
        if owner == self.applet.name:
            if name not in self.own[what]:
                expected = nearest_or_all(name, self.own[what])
                self.fault(where, f"unknown_{what}", f"there is no {what} {name}", expected)
            return name in self.own[what]
        if owner != KERNEL and owner not in self.applet.manifest.requires.applets:
            self.fault(where, "not_required", f"{name} belongs to an applet not required", f"requires.applets.{owner}")
        return False

    def link(self, target: str | None, where: str) -> None:
        if target is not None and target != "*":
            self.known("type", target, where)

    def expression(
        self, type: DocumentType, expression: Expression | None, where: str, more: Iterable[str] = ()
    ) -> None:
        """Names of an expression about a document of the type."""
        if expression is None:
            return
        known = {*(path.split(".")[0] for path in type.fields), *SYSTEM_FIELDS, *WORLD, *more}
        for name in sorted(roots(expression) - known):
            if not name.startswith("custom_"):
                self.fault(where, "unknown_field", f"{type.name} has no field {name}", nearest_or_all(name, known))

    def type(self, type: DocumentType) -> None:
        file = f"schemas/{type.noun}.json#"
        for field in type.links:
            self.link(field.link, f"{file}{pointer_of(field.path)}/x-link")
        if type.number is None or type.number.on == "create":
            return
        machine = self.applet.machines.get(type.name)
        actions = machine.actions if machine is not None else {}
        if type.number.on not in actions:
            expected = nearest_or_all(type.number.on, [*actions, "create"])
            self.fault(f"{file}/x-number/on", "unknown_action", f"there is no action {type.number.on}", expected)

    def collections(self) -> None:
        seen: dict[str, str] = {}
        for type in self.applet.types.values():
            other = seen.setdefault(type.collection, type.name)
            if other != type.name:
                where = f"schemas/{type.noun}.json#/x-collection"
                self.fault(where, "duplicate_name", f"{other} has the collection {type.collection} too", "another name")

    def reports(self) -> None:
        for report in self.applet.reports.values():
            file = f"reports/{report.name.partition('.')[2]}.json#"
            source = report.source
            for what, name in (("register", source.register), ("type", source.type), ("type", source.documents)):
                if name is not None:
                    self.known(what, name, f"{file}/source")
            faults: list[Violation] = []
            own_type = self.applet.types.get(source.type or "")
            check_source(report, self.applet.registers.get(source.register or ""), own_type, faults)
            self.faults += [Violation(f"{file}{v.pointer}", v.rule, v.message, v.expected) for v in faults]
            down = report.drill_down
            if down is not None and down.target != "*":
                self.known("report" if down.kind == "report" else "type", down.target, f"{file}/drill_down")

    def roles(self) -> None:
        for role in self.applet.roles.values():
            file = f"roles.json#/{escape(role.name)}"
            for name in role.inherits:
                self.known("role", name, f"{file}/inherits")
            for index, permission in enumerate(role.permissions):
                self.permission(permission, f"{file}/permissions/{index}")

    def permission(self, permission: Permission, where: str) -> None:
        if permission.resource.endswith("*"):
            return
        if not self.known(permission.resource_kind, permission.resource, f"{where}/{permission.resource_kind}"):
            return
        if permission.resource_kind != "type":
            return
        type = self.applet.types[permission.resource]
        machine = self.applet.machines.get(type.name)
        verbs = [*VERBS, *(machine.actions if machine is not None else ())]
        for action in sorted(permission.actions.difference(verbs)):
            expected = nearest_or_all(action, verbs)
            self.fault(f"{where}/actions", "unknown_action", f"{type.name} has no action {action}", expected)
        for path in sorted(permission.mask.difference(type.fields)):
            expected = nearest_or_all(path, type.fields)
            self.fault(f"{where}/mask", "unknown_field", f"{type.name} has no field {path}", expected)
        self.expression(type, permission.condition, f"{where}/condition")
