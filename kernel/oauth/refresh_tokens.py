"""Refresh tokens of clients: made like those of sessions, so that a used one is told from a made-up one."""

from __future__ import annotations

from dataclasses import replace

from kernel.auth import opaque

REFRESH_TOKEN = "boso"


def make_refresh_token(key: bytes, grant_id: str) -> opaque.OpaqueToken:
    """A new one for the grant."""
    return replace(opaque.make_refresh_token(key, grant_id), prefix=REFRESH_TOKEN)


def was_issued(key: bytes, sent: opaque.OpaqueToken) -> bool:
    """Whether this installation made it, however long ago."""
    return opaque.was_issued(key, sent)
