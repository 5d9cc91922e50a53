"""All SQL about identity providers and links. Every function takes a unit of work on the platform schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.db.unit_of_work import UnitOfWork
from kernel.oauth.records import Provider

_PROVIDER = (
    "id::text, tenant_id::text, name, title, issuer, client_id, sealed_secret IS NOT NULL, links_by_email,"
    " creates_users, created_at"
)


@dataclass(frozen=True, slots=True)
class Link:
    """Who a provider's subject is here."""

    issuer: str
    subject: str
    user_id: str
    created_at: datetime
    used_at: datetime


def insert_provider(uow: UnitOfWork, provider: Provider, sealed_secret: bytes | None) -> bool:
    """False when the tenant has one of this name."""
    inserted = uow.execute(
        "INSERT INTO {p}.oidc_providers (id, tenant_id, name, title, issuer, client_id, sealed_secret, links_by_email,"
        " creates_users, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            provider.id, provider.tenant_id, provider.name, provider.title, provider.issuer, provider.client_id,
            sealed_secret, provider.links_by_email, provider.creates_users, provider.created_at,
        ],
    )  # fmt: skip
    return inserted.rowcount == 1


def find_provider(uow: UnitOfWork, tenant_id: str, name: str) -> tuple[Provider, bytes | None] | None:
    """And its sealed secret."""
    row: Any = uow.execute(
        f"SELECT sealed_secret, {_PROVIDER} FROM {{p}}.oidc_providers WHERE tenant_id = %s AND name = %s",
        [tenant_id, name],
    ).fetchone()
    return (Provider(*row[1:]), bytes(row[0]) if row[0] is not None else None) if row else None


def list_providers(uow: UnitOfWork, tenant_id: str) -> list[Provider]:
    rows = uow.execute(
        f"SELECT {_PROVIDER} FROM {{p}}.oidc_providers WHERE tenant_id = %s ORDER BY name", [tenant_id]
    ).fetchall()
    return [Provider(*row) for row in rows]


def delete_provider(uow: UnitOfWork, tenant_id: str, name: str) -> bool:
    deleted = uow.execute("DELETE FROM {p}.oidc_providers WHERE tenant_id = %s AND name = %s", [tenant_id, name])
    return deleted.rowcount == 1


def put_link(uow: UnitOfWork, tenant_id: str, issuer: str, subject: str, user_id: str, now: datetime) -> bool:
    """False when the subject is somebody here already."""
    inserted = uow.execute(
        "INSERT INTO {p}.oidc_links (tenant_id, issuer, subject, user_id, created_at, used_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [tenant_id, issuer, subject, user_id, now, now],
    )
    return inserted.rowcount == 1


def use_link(uow: UnitOfWork, tenant_id: str, issuer: str, subject: str, now: datetime) -> str | None:
    """The id of the user, None for a subject nobody was linked to."""
    row: Any = uow.execute(
        "UPDATE {p}.oidc_links SET used_at = %s WHERE tenant_id = %s AND issuer = %s AND subject = %s"
        " RETURNING user_id::text",
        [now, tenant_id, issuer, subject],
    ).fetchone()
    return row[0] if row else None


def list_links(uow: UnitOfWork, tenant_id: str, issuer: str) -> list[Link]:
    rows = uow.execute(
        "SELECT issuer, subject, user_id::text, created_at, used_at FROM {p}.oidc_links"
        " WHERE tenant_id = %s AND issuer = %s ORDER BY created_at, subject",
        [tenant_id, issuer],
    ).fetchall()
    return [Link(*row) for row in rows]


def delete_link(uow: UnitOfWork, tenant_id: str, issuer: str, subject: str) -> bool:
    deleted = uow.execute(
        "DELETE FROM {p}.oidc_links WHERE tenant_id = %s AND issuer = %s AND subject = %s", [tenant_id, issuer, subject]
    )
    return deleted.rowcount == 1
