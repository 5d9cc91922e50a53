"""Roles an applet offers: `roles.json`. Documents of type `kernel.role` have the same permissions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdk.definition import QUALIFIED_NAME, Reader
from sdk.errors import Invalid, Violation
from sdk.expressions import Expression
from sdk.nearest import nearest_or_all

ROLE_KEYS = ("title", "description", "inherits", "permissions")
PERMISSION_KEYS = ("type", "register", "report", "actions", "condition", "mask")
RESOURCE_KINDS = ("type", "register", "report")
REGISTER_ACTIONS = ("read", "*")
REPORT_ACTIONS = ("run", "*")


class InvalidRoles(Invalid):
    """The roles cannot be used: {count} fault(s)."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be done with what. resource_kind: `type`, `register` or `report`; resource: its name.

    resource may be `*` or `applet.*`. actions: verbs, `*` = all. condition: which documents. mask: hidden fields.
    """

    resource_kind: str
    resource: str
    actions: frozenset[str]
    condition: Expression | None = None
    mask: frozenset[str] = frozenset()

    def allows(self, action: str) -> bool:
        return action in self.actions or "*" in self.actions

    def covers(self, resource_kind: str, resource: str) -> bool:
        """Whether it is about this resource, by its name or a pattern."""
        if self.resource_kind != resource_kind:
            return False
        return self.resource == resource or (self.resource.endswith("*") and resource.startswith(self.resource[:-1]))


@dataclass(frozen=True, slots=True)
class Role:
    """inherits: names of roles whose permissions it has too."""

    name: str
    title: str
    inherits: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    description: str = ""


def load_roles(data: Any) -> dict[str, Role]:
    """The roles of a `roles.json`; raises InvalidRoles with all faults."""
    faults: list[Violation] = []
    roles = read_roles(data, faults)
    if faults:
        raise InvalidRoles(violations=faults)
    return roles


def read_roles(data: Any, faults: list[Violation]) -> dict[str, Role]:
    """The roles as far as they can be read; what is wrong goes to `faults`."""
    roles = {}
    for name, value in Reader(data, faults).data.items():
        reader = Reader(value, faults, f"/{name}")
        if not QUALIFIED_NAME.fullmatch(name):
            reader.fault("", "name", f"{name[:80]} is not a role's name", "applet.role")
        roles[name] = read_role(name, reader)
    _check_circles(roles, faults)
    return roles


def read_role(name: str, reader: Reader) -> Role:
    """One role; also used for the tenant's own."""
    reader.keys(ROLE_KEYS, ("title",))
    return Role(
        name=name,
        title=reader.text("title", name),
        inherits=reader.texts("inherits"),
        permissions=tuple(
            permission for item in reader.items("permissions") if (permission := read_permission(item)) is not None
        ),
        description=reader.text("description"),
    )


def read_permission(reader: Reader) -> Permission | None:
    """One permission; None, and a violation, where it says not what it is about."""
    reader.keys(PERMISSION_KEYS, ("actions",))
    kinds = [kind for kind in RESOURCE_KINDS if kind in reader.data]
    if len(kinds) != 1:
        reader.fault("", "resource", "a permission is about one resource", "one of type, register, report")
        return None
    kind = kinds[0]
    resource = reader.text(kind)
    if not _is_resource(resource):
        reader.fault(kind, "name", f"{resource[:80]} names no {kind}", "applet.name, applet.* or *")
    actions = frozenset(reader.texts("actions"))
    if "actions" in reader.data and not actions:
        reader.fault("actions", "minItems", "the permission allows nothing", "at least one action")
    _check_kind(kind, actions, reader)
    return Permission(kind, resource, actions, reader.expression("condition"), frozenset(reader.texts("mask")))


def _is_resource(name: str) -> bool:
    return name == "*" or bool(QUALIFIED_NAME.fullmatch(name[:-1] + "x" if name.endswith(".*") else name))


def _check_kind(kind: str, actions: frozenset[str], reader: Reader) -> None:
    if kind == "type":
        return
    known = REGISTER_ACTIONS if kind == "register" else REPORT_ACTIONS
    for action in sorted(actions - set(known)):
        reader.fault("actions", "unknown_action", f"a {kind} has no action {action}", nearest_or_all(action, known))
    for key in ("condition", "mask"):
        if key in reader.data:
            reader.fault(key, "misplaced_key", f"{key} is for types only", "no such key")


def _check_circles(roles: Mapping[str, Role], faults: list[Violation]) -> None:
    for name in roles:
        if name in _inherited(name, roles):
            faults.append(Violation(f"/{name}/inherits", "role_circle", f"{name} inherits from itself"))


def _inherited(name: str, roles: Mapping[str, Role]) -> set[str]:
    found: set[str] = set()
    waiting = list(roles[name].inherits)
    while waiting:
        above = waiting.pop()
        if above not in found:
            found.add(above)
            waiting += roles[above].inherits if above in roles else ()
    return found
