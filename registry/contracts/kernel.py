"""What the kernel offers applets: its own document types, with their states, events and settings."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from registry.contracts.model import KERNEL, Offer
from registry.contracts.offers import offer_of
from sdk.applet import Applet

# What the kernel tells of moves of applets; `sdk.applet` knows nothing of them.
_APPLET_MOVES = (
    "installed", "enabled", "disabled", "upgraded", "rolled_back", "uninstalled", "reinstalled", "purged", "suspended",
    "resumed",
)  # fmt: skip
# Granted like document types, though they are none; see docs/permissions.md.
RESOURCES = frozenset(
    f"kernel.{noun}"
    for noun in (
        "api_key", "applet", "auth_event", "delivery", "event", "limit", "oauth_client", "oidc_provider", "seal",
        "transfer", "user",
    )
)  # fmt: skip
_MOVE_PAYLOAD = ("applet", "capabilities", "from", "from_version", "plan", "reason", "to", "to_version")


@lru_cache(maxsize=8)
def offered_kernel(folder: Path | None = None) -> Offer:
    """What the kernel offers whose types lie in the folder (the one that runs, unless another is named)."""
    applet = Applet.load(folder or Path(str(files("kernel") / "types")))
    moves = {f"kernel.applet.{move}": _MOVE_PAYLOAD for move in _APPLET_MOVES}
    offer = offer_of(applet, moves)
    return Offer(**{**offer.__dict__, "name": KERNEL})
