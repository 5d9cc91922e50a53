"""What a tenant looks like at one generation: its catalogue, settings and what was compiled from them."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pluggy

from kernel.db.unit_of_work import UnitOfWork
from kernel.documents.custom_types import extend_catalogue
from kernel.tenancy.record import TenantRecord
from sdk.applet import Applet
from sdk.catalogue import Catalogue
from sdk.hookset import HookPlugin, collect_hooks
from sdk.manifest import Capability, parse_capability
from sdk.schema import load

CATALOGUES_MAX = 256
RUNTIMES_MAX = 2048
COMPILED_SQL_MAX = 1024

# Writing one of these changes what may be decided from now on, so the tenant's generation goes up with it.
CACHED_TYPES = frozenset({"kernel.role", "kernel.grant", "kernel.setting", "kernel.company", "kernel.custom_field"})

_log = logging.getLogger("bos.runtime")
_READ_SETTINGS = """
SELECT type, id::text, data FROM {t}.documents
 WHERE type IN ('kernel.setting', 'kernel.company', 'kernel.custom_field') AND deleted_at IS NULL
UNION ALL
SELECT 'cipher_key', id::text, to_jsonb(kind) FROM {t}.cipher_keys WHERE kind <> 'subject' AND retired_at IS NULL
 ORDER BY 2
"""


@dataclass
class TenantRuntime:
    """Shared by all requests of one tenant in this process, and replaced when the generation goes up.

    unavailable: enabled applets that cannot run here (name and version); nothing is written while there are any,
    since what they would have refused cannot be told.
    permissions, compiled and references (see kernel/documents/cached.py): caches of what is derived from the
    generation, dropped together with it.
    """

    tenant: TenantRecord
    generation: int
    catalogue: Catalogue
    capabilities: Mapping[str, tuple[Capability, ...]]
    settings: Mapping[str, Mapping[str, Any]]
    companies: Mapping[str, Mapping[str, Any]]
    unavailable: tuple[str, ...] = ()
    permissions: dict[str, Any] = field(default_factory=dict)
    compiled: OrderedDict[Any, Any] = field(default_factory=OrderedDict)
    references: dict[str, Any] = field(default_factory=dict)
    # Which of the tenant's keys encrypt now, by kind, see kernel/secrets/tenant_keys.py.
    key_ids: dict[str, str] = field(default_factory=dict)

    def remember(self, key: Any, value: Any) -> Any:
        """Keep something compiled, dropping the oldest when there is too much."""
        self.compiled[key] = value
        if len(self.compiled) > COMPILED_SQL_MAX:
            self.compiled.popitem(last=False)
        return value


class Runtimes:
    """Builds runtimes and keeps the newest of each tenant. Catalogues are shared by tenants with the same applets."""

    def __init__(self, plugins: pluggy.PluginManager) -> None:
        self._plugins = plugins
        self._kernel_applet = Applet.load(Path(__file__).parent / "types")
        self._catalogues: OrderedDict[tuple[tuple[str, str], ...], Catalogue] = OrderedDict()
        self._runtimes: OrderedDict[str, TenantRuntime] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, uow: UnitOfWork) -> TenantRuntime:
        """The runtime of the unit of work's tenant, as of the generation its first statement read."""
        assert uow.tenant is not None
        found = self._runtimes.get(uow.tenant.id)
        if found is not None and found.generation == uow.generation and found.tenant == uow.tenant:
            return found
        built = self.build(uow)
        if built.unavailable:
            # Not kept: the next transaction looks again whether the applet is back.
            return built
        with self._lock:
            self._runtimes[built.tenant.id] = built
            if len(self._runtimes) > RUNTIMES_MAX:
                self._runtimes.popitem(last=False)
        return built

    def catalogue(self, releases: Sequence[tuple[str, str]]) -> tuple[Catalogue, tuple[str, ...]]:
        """The catalogue of the kernel's types and these releases (name, version), and those that cannot run here."""
        key = tuple(sorted(releases))
        found = self._catalogues.get(key)
        if found is None:
            loaded, unavailable = self._load_all(key)
            found = Catalogue.build([(self._kernel_applet, ()), *loaded])
            if unavailable:
                return found, unavailable
            with self._lock:
                self._catalogues[key] = found
                if len(self._catalogues) > CATALOGUES_MAX:
                    self._catalogues.popitem(last=False)
        return found, ()

    def _load_all(
        self, releases: Sequence[tuple[str, str]]
    ) -> tuple[list[tuple[Applet, Sequence[HookPlugin]]], tuple[str, ...]]:
        loaded: list[tuple[Applet, Sequence[HookPlugin]]] = []
        unavailable = []
        for name, version in releases:
            try:
                release = self._plugins.hook.load_applet(name=name, version=version)
                if release is not None:
                    loaded.append((release[0], collect_hooks(release[0].name, release[1])))
                    continue
                _log.error("applet %s %s is enabled but not installed here", name, version)
            except Exception:  # reason: an applet's code may fail to load in any way, and must not take others down
                _log.exception("applet %s %s is enabled but cannot be loaded", name, version)
            unavailable.append(f"{name} {version}")
        return loaded, tuple(unavailable)

    def build(self, uow: UnitOfWork) -> TenantRuntime:
        """The runtime as the transaction sees it; not kept, since what it has changed may still roll back."""
        tenant = uow.tenant
        assert tenant is not None
        rows = uow.execute("SELECT name, version, capabilities FROM {t}.applets WHERE state = 'enabled'").fetchall()
        catalogue, unavailable = self.catalogue([(name, version) for name, version, _ in rows])
        capabilities = {name: tuple(filter(None, map(parse_capability, granted))) for name, _, granted in rows}
        documents = uow.execute(_READ_SETTINGS).fetchall()
        given = {data["applet"]: data["values"] for type, _, data in documents if type == "kernel.setting"}
        companies = {id: data for type, id, data in documents if type == "kernel.company"}
        catalogue = extend_catalogue(catalogue, [data for type, _, data in documents if type == "kernel.custom_field"])
        settings = {applet.name: _settings(applet, given.get(applet.name, {})) for applet in catalogue.applets}
        keys = {kind: id for type, id, kind in documents if type == "cipher_key"}
        return TenantRuntime(
            tenant, uow.generation, catalogue, capabilities, settings, companies, unavailable, key_ids=keys
        )


def _settings(applet: Applet, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tenant's values over the applet's defaults, cast by the settings schema."""
    if applet.settings is None:
        return {}
    return load(applet.settings, {**applet.settings_defaults, **given})[0]
