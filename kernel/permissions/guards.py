"""What roles and grants must keep to when they are written, so that nobody gets or hands out more than they have.

The documents room calls `check_change` before it writes or restores a document of a kernel type, and `check_removal`
before it deletes one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kernel.auth.freshness import require_step_up
from kernel.documents.tables import documents
from kernel.expressions import DocumentColumns, kinds_of_schema, to_sql
from kernel.permissions.compile import Grant, compile_permissions
from kernel.permissions.errors import LastAdministrator, RightsExceeded, RoleInvalid, RoleUnknown
from kernel.permissions.permissions import Permissions
from kernel.permissions.rules import Rule, unknown_names
from kernel.permissions.service import read_roles_and_grants, to_grant, to_role
from sdk.document import Document
from sdk.errors import Violation
from sdk.expressions import InvalidExpression
from sdk.nearest import nearest_or_all
from sdk.roles import Permission, Role
from sdk.schema import DocumentType

if TYPE_CHECKING:
    from kernel.context import KernelContext

ADMIN = "kernel.admin"
_LOCK_ADMIN_GRANTS = """
SELECT id::text, data FROM {t}.documents
 WHERE type = 'kernel.grant' AND deleted_at IS NULL AND data->>'role' = %s
 ORDER BY id FOR NO KEY UPDATE
"""


def check_change(ctx: KernelContext, document: Document, previous: Document | None = None) -> None:
    """Whether a role or grant may be written like this; other types pass. previous: as it stands, None when new.

    Raises RoleInvalid, RoleUnknown, RightsExceeded, LastAdministrator, StepUpRequired.
    """
    if document.type == "kernel.role":
        _check_role(ctx, document)
    elif document.type == "kernel.grant":
        _check_grant(ctx, document)
        if previous is not None and not _is_admin_grant(document):
            check_last_admin(ctx, previous)


def check_removal(ctx: KernelContext, document: Document) -> None:
    """Whether a document may be deleted. Raises LastAdministrator."""
    if document.type == "kernel.grant":
        check_last_admin(ctx, document)


def check_last_admin(ctx: KernelContext, document: Document) -> None:
    """Raises LastAdministrator if without this grant nobody would be administrator for all companies."""
    if not _is_admin_grant(document):
        return
    # The rows are locked, so that two administrators cannot remove each other at the same moment.
    rows = ctx.uow.execute(_LOCK_ADMIN_GRANTS, [ADMIN]).fetchall()
    if not any(id != document.id and not data.get("companies") for id, data in rows):
        raise LastAdministrator(role=ADMIN)


def check_delegation(ctx: KernelContext, handed_out: Permissions) -> None:
    """Raises RightsExceeded unless the caller may do all of it already, in the same companies."""
    excess = ctx.permissions.find_excess(handed_out)
    if excess is not None:
        raise RightsExceeded(excess=_say(excess))


def _is_admin_grant(document: Document) -> bool:
    return document.get("role") == ADMIN and not document.get("companies")


def _check_grant(ctx: KernelContext, document: Document) -> None:
    roles, _ = read_roles_and_grants(ctx.uow, ctx.runtime)
    grant = to_grant(document.id, document)
    if grant.role not in roles:
        message = f"there is no role {grant.role}"
        fault = Violation("/role", "role_unknown", message, nearest_or_all(grant.role, roles))
        raise RoleUnknown(role=grant.role, violations=[fault])
    handed_out = compile_permissions(roles, [grant])
    check_delegation(ctx, handed_out)
    _require_proof(ctx, handed_out)


def _require_proof(ctx: KernelContext, handed_out: Permissions) -> None:
    """Whoever may grant is an administrator, by whatever role. The command line has no session to prove anything in."""
    if ctx.request is not None and ctx.identity is not None and handed_out.reaches_all("kernel.grant", "create"):
        require_step_up(ctx.kernel, ctx.identity, aside=True)


def _check_role(ctx: KernelContext, document: Document) -> None:
    roles, _ = read_roles_and_grants(ctx.uow, ctx.runtime)
    faults: list[Violation] = []
    role = to_role(document, faults)
    others = {name: other for name, other in roles.items() if name != role.name}
    faults += [*_faults_of_inheritance(role, others), *_faults_of_permissions(ctx, role)]
    if faults:
        raise RoleInvalid(role=role.name, violations=faults)
    handed_out = compile_permissions({**others, role.name: role}, [Grant(document.id, role.name)])
    check_delegation(ctx, handed_out)
    # Somebody may have the role already.
    _require_proof(ctx, handed_out)


def _faults_of_inheritance(role: Role, others: dict[str, Role]) -> Iterator[Violation]:
    for index, name in enumerate(role.inherits):
        if name not in others:
            message = f"there is no role {name} to inherit from"
            yield Violation(f"/inherits/{index}", "role_unknown", message, nearest_or_all(name, others))
        elif _leads_to(name, role.name, others, set()):
            yield Violation(f"/inherits/{index}", "role_circle", f"{name} inherits from {role.name}")


def _leads_to(name: str, target: str, roles: dict[str, Role], seen: set[str]) -> bool:
    if name in seen or name not in roles:
        return False
    seen.add(name)
    above = roles[name].inherits
    return target in above or any(_leads_to(each, target, roles, seen) for each in above)


def _faults_of_permissions(ctx: KernelContext, role: Role) -> Iterator[Violation]:
    for index, permission in enumerate(role.permissions):
        # Of a pattern, or of a type whose applet is not enabled now, nothing can be said.
        type = ctx.runtime.catalogue.types.get(permission.resource)
        if type is None:
            continue
        for rule, message in (*_faults_of_condition(ctx, permission, type), *_faults_of_mask(permission, type)):
            key = "mask" if rule == "mask_unknown" else "condition"
            yield Violation(f"/permissions/{index}/{key}", rule, message)


def _faults_of_condition(ctx: KernelContext, permission: Permission, type: DocumentType) -> Iterator[tuple[str, str]]:
    condition = permission.condition
    if condition is None:
        return
    unknown = unknown_names(condition, type)
    if unknown:
        yield "name_unknown", f"{type.name} has no field {unknown[0]}"
        return
    try:
        to_sql(condition, DocumentColumns(documents, kinds_of_schema(type.schema)), ctx.scope())
    except InvalidExpression as error:
        # One document could be decided, but no list filtered.
        yield "expression", error.message


def _faults_of_mask(permission: Permission, type: DocumentType) -> Iterator[tuple[str, str]]:
    for name in sorted(permission.mask - type.fields.keys()):
        yield "mask_unknown", f"{type.name} has no field {name} to hide"


def _say(rule: Rule) -> str:
    permission = rule.permission
    where = "" if rule.companies is None else f" in {len(rule.companies)} companies"
    return f"{', '.join(sorted(permission.actions))} on {permission.resource}{where}"
