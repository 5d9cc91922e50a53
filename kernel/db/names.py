"""Names of schemas and roles. Roles are cluster-wide, so they carry the installation's id."""

from __future__ import annotations

import re

PLATFORM_SCHEMA = "bos"
_SAFE = re.compile(r"[a-z][a-z0-9_]{0,62}")


def app_role(installation: str) -> str:
    """The role requests log in as."""
    return check_identifier(f"bos_{installation}_app")


def tenant_role(installation: str, tenant: str) -> str:
    """The role a tenant's transactions run under; it cannot log in."""
    return check_identifier(f"bos_{installation}_t_{tenant}")


def tenant_schema(tenant: str) -> str:
    return check_identifier(f"t_{tenant}")


def check_identifier(name: str) -> str:
    """The name, if it can stand in SQL unquoted; anything else is a bug of the caller."""
    if not _SAFE.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain SQL identifier")
    return name
