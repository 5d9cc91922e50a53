"""Rights that name what goes: the tenant's own roles, grants of roles that vanish, scopes of keys and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kernel.context import KernelContext
from registry.checks.names import KINDS, Going, renamed_path
from registry.checks.possessions import Thing, names_in
from registry.plans.findings import Finding, Severity

# Only the first are named; the count says how many there are.
NAMED_MAX = 10

_GRANTED = """
SELECT data ->> 'role', count(DISTINCT data ->> 'actor_id') FROM {t}.documents
 WHERE type = 'kernel.grant' AND deleted_at IS NULL GROUP BY 1
"""
_KEYS = """
SELECT k.name, k.scopes FROM {p}.api_keys k JOIN {p}.users u ON u.id = k.user_id
 WHERE u.tenant_id = %s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %s) ORDER BY k.id
"""
_CLIENTS = """
SELECT name, scopes FROM {p}.oauth_clients WHERE tenant_id = %s AND revoked_at IS NULL ORDER BY id
"""


def role_findings(going: Sequence[Going], roles: Sequence[Thing]) -> Iterator[Finding]:
    """The tenant's own roles: what they allow of what goes, and what they hide or ask for."""
    for each in going:
        for thing in roles:
            for permission in thing.data.get("permissions", ()):
                yield from _of_permission(each, thing, permission)
            lost = sorted(each.roles & set(thing.data.get("inherits", ())))
            if lost:
                yield _finding(each, "role_names_gone", thing, f"inherits from {', '.join(lost)}")


def _of_permission(going: Going, thing: Thing, permission: Mapping[str, Any]) -> Iterator[Finding]:
    for kind in KINDS:
        if permission.get(kind) in going.things[kind]:
            yield _finding(going, "role_names_gone", thing, f"allows something on the {kind} {permission[kind]}")
    resource = str(permission.get("type", ""))
    lost = sorted(going.actions.get(resource, frozenset()) & set(permission.get("actions", ())))
    if lost:
        yield _finding(going, "role_names_gone", thing, f"allows {', '.join(lost)} on {resource}")
    for type in going.fields:
        if resource == type or (resource.endswith("*") and type.startswith(resource[:-1])):
            yield from _of_fields(going, thing, permission, type, is_pattern=resource != type)


def _of_fields(
    going: Going, thing: Thing, permission: Mapping[str, Any], type: str, *, is_pattern: bool
) -> Iterator[Finding]:
    hidden = going.lost(type, permission.get("mask", ()))
    if hidden:
        message = f"the {thing.label} hides {', '.join(hidden)} of {type}, which goes; what is in its place is shown"
        fix = "hide what takes its place, or say yes to that"
        yield Finding(Severity.CONSENT, "mask_lost", thing.subject, message, fix, going.applet)
    named = list(names_in(permission.get("condition") or "None"))
    lost = going.lost(type, named)
    if is_pattern:
        names = going.renamed.get(type, {})
        lost += [name for name in named if renamed_path(name, names) != name]
    if lost:
        told = f"asks for {', '.join(sorted(lost))} of {type}, which is no more, and then allows nothing of it"
        yield _finding(going, "role_condition_lost", thing, told)


def _finding(going: Going, rule: str, thing: Thing, told: str) -> Finding:
    fix = "it holds again once the applet is enabled" if going.is_hidden else "change the role"
    return Finding(going.severity, rule, thing.subject, f"the {thing.label} {told}", fix, going.applet)


def grant_findings(ctx: KernelContext, going: Sequence[Going], roles: Sequence[Thing]) -> Iterator[Finding]:
    """Roles of applets that vanish although users have them, by themselves or through one of the tenant's own."""
    vanishing = {role: each for each in going for role in each.roles}
    if not vanishing:
        return
    granted = dict(ctx.uow.execute(_GRANTED).fetchall())
    for role, each in sorted(vanishing.items()):
        inheriting = [str(thing.data["name"]) for thing in roles if role in thing.data.get("inherits", ())]
        users = sum(granted.get(name, 0) for name in (role, *inheriting))
        if users:
            message = f"users have the role {role}, which allows nothing then"
            fix = "it holds again once the applet is enabled" if each.is_hidden else "grant them another role before"
            details = {"users": users}
            yield Finding(each.severity, "granted_role_gone", role, message, fix, each.applet, details=details)


def scope_findings(ctx: KernelContext, going: Sequence[Going]) -> Iterator[Finding]:
    """Scopes of API keys and OAuth clients that name a type or an action that goes."""
    lost = {type: each for each in going if not each.is_hidden for type in each.things["type"]}
    actions = {
        f"{type}:{action}": each for each in going for type, names in each.actions.items() for action in names
    }  # fmt: skip
    if not lost and not actions:
        return
    tenant = ctx.runtime.tenant.id
    with ctx.kernel.database.glance(aside=True) as uow:
        keys = uow.execute(_KEYS, [tenant, ctx.now]).fetchall()
        clients = uow.execute(_CLIENTS, [tenant]).fetchall()
    for what, holders in (("API key", keys), ("program", clients)):
        scopes: dict[str, list[str]] = {}
        for name, held in holders:
            for scope in held:
                if scope in actions or scope.partition(":")[0] in lost:
                    scopes.setdefault(scope, []).append(name)
        for scope, names in sorted(scopes.items()):
            each = actions.get(scope) or lost[scope.partition(":")[0]]
            message = f"a scope of an {what} names {scope}" if what == "API key" else f"a {what} may ask for {scope}"
            details = {"count": len(names), "first": sorted(names)[:NAMED_MAX]}
            fix = "give out others before"
            subject = f"{what.lower().replace(' ', '_')}:{scope}"
            yield Finding(
                Severity.WARNS, "scope_gone", subject, f"{message}, which goes", fix, each.applet, details=details
            )
