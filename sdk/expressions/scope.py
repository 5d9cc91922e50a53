"""What the names of an expression stand for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any


def scope_of(
    fields: Mapping[str, Any],
    *,
    actor: Mapping[str, Any] | None = None,
    today: date | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The fields of a document with `actor`, `today` and `param`, which win over fields of those names.

    actor: e.g. {"id": …, "email": …, "companies": […]}. today: the date in the tenant's time zone.
    """
    return {**fields, "actor": actor or {}, "today": today, "param": parameters or {}}
