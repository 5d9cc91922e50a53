"""/api/v1/auth, /api/v1/users and /api/v1/api-keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from kernel.auth.api_keys import key_routes
from kernel.auth.api_mfa import event_routes, factor_routes
from kernel.auth.api_sessions import session_routes
from kernel.auth.api_users import user_routes

if TYPE_CHECKING:
    from kernel.main import Kernel


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter()
    for part in (session_routes, factor_routes, event_routes, user_routes, key_routes):
        routes.include_router(part(kernel))
    return routes
