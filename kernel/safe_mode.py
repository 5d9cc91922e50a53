"""Safe mode: applets that do not come with Bos are left out, so that what they break can be told from what Bos does.

Decided by where an applet comes from, before anything of it is looked at: it must help where code cannot even load.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

from kernel.settings import Settings
from kernel.tenancy.record import TenantRecord

EVERY_TENANT = "*"
SAFE_MODE_HEADER = "bos-safe-mode"
SAFE_MODE_NOTICE = "applets that do not come with Bos are off"


def is_safe(settings: Settings, tenant: TenantRecord) -> bool:
    """Whether the tenant is served without the applets of others."""
    return settings.safe_mode in (EVERY_TENANT, tenant.name)


def leaves_out(settings: Settings) -> partial[bool]:
    """What `Runtimes` asks for each enabled applet."""
    return partial(_is_left_out, settings, shipped_applets(settings))


def shipped_applets(settings: Settings) -> frozenset[str]:
    """Names of the applets that come with Bos; none where applets are looked for in another folder."""
    found = find_spec("applets") if settings.applets_dir is None else None
    places = (found.submodule_search_locations or ()) if found else ()
    return frozenset(path.parent.name for place in places for path in Path(place).glob("*/applet.toml"))


def _is_left_out(settings: Settings, shipped: frozenset[str], tenant: TenantRecord, applet: str) -> bool:
    return is_safe(settings, tenant) and applet not in shipped
