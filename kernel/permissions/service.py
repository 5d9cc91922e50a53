"""Reads roles and grants of a tenant and compiles them; kept with the tenant's runtime, so for one generation."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kernel.permissions.compile import Grant, compile_permissions
from kernel.permissions.permissions import Permissions
from sdk.context import Actor
from sdk.definition import Reader
from sdk.errors import Violation
from sdk.roles import ROLE_KEYS, Role, read_role

if TYPE_CHECKING:
    from kernel.db.unit_of_work import UnitOfWork
    from kernel.runtime import TenantRuntime

ACTORS_REMEMBERED_MAX = 10_000

_log = logging.getLogger("bos.permissions")
_READ = """
SELECT type, id::text, data FROM {t}.documents
 WHERE deleted_at IS NULL
   AND (type = 'kernel.role' OR type = 'kernel.grant' AND data->>'actor_id' = ANY(%s))
 ORDER BY id
"""


def compile_for(uow: UnitOfWork, runtime: TenantRuntime, actor: Actor) -> tuple[Permissions, Actor]:
    """What the actor may do, and the actor with the companies of all grants (none where one grant is for all).

    One statement the first time an actor is seen in a generation, none after that.
    """
    key = f"{actor.id} {actor.email}"
    found = runtime.permissions.get(key)
    if found is None:
        roles, grants = read_roles_and_grants(uow, runtime, actor)
        if len(runtime.permissions) >= ACTORS_REMEMBERED_MAX:
            runtime.permissions.clear()
        found = runtime.permissions[key] = (compile_permissions(roles, grants), _companies(grants))
    permissions, companies = found
    return permissions, replace(actor, companies=companies)


def read_roles_and_grants(
    uow: UnitOfWork, runtime: TenantRuntime, actor: Actor | None = None
) -> tuple[dict[str, Role], list[Grant]]:
    """All roles there are, applets' and the tenant's own, and the grants of one actor, by id or email."""
    names = [name for name in ((actor.id, actor.email) if actor else ()) if name]
    rows = uow.execute(_READ, [names]).fetchall()
    grants = [to_grant(id, data) for type, id, data in rows if type == "kernel.grant"]
    return {
        **read_own_roles(data for type, _, data in rows if type == "kernel.role"),
        **runtime.catalogue.roles,
    }, grants


def read_own_roles(stored: Iterable[Mapping[str, Any]]) -> dict[str, Role]:
    """The tenant's own roles. One that cannot be read allows nothing: a lost condition would allow too much."""
    roles = {}
    for data in stored:
        faults: list[Violation] = []
        role = to_role(data, faults)
        if faults:
            _log.error("the role %s cannot be used: %s", role.name, faults[0].message)
        else:
            roles[role.name] = role
    return roles


def to_role(data: Mapping[str, Any], faults: list[Violation]) -> Role:
    """The role a `kernel.role` document describes; what is wrong goes to `faults`."""
    known = {key: data[key] for key in ROLE_KEYS if key in data}
    return read_role(str(data.get("name", "")), Reader(known, faults))


def to_grant(id: str, data: Mapping[str, Any]) -> Grant:
    """The grant a `kernel.grant` document describes."""
    return Grant(id, str(data["role"]), tuple(data.get("companies", ())))


def _companies(grants: Iterable[Grant]) -> tuple[str, ...]:
    limits = [grant.companies for grant in grants]
    return () if () in limits else tuple(sorted({company for companies in limits for company in companies}))
