"""What a tenant looks like at one generation: its catalogue, settings and what was compiled from them."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pluggy

from kernel.breaker.suspensions import Standing, read_all
from kernel.db.database import Database
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
# Whoever makes it may need a connection that one of those who wait has.
TURN_S_MAX = 2.0

# Writing one of these changes what may be decided from now on, so the tenant's generation goes up with it.
CACHED_TYPES = frozenset({"kernel.role", "kernel.grant", "kernel.setting", "kernel.company", "kernel.custom_field"})

_log = logging.getLogger("bos.runtime")
_READ_APPLETS = """
SELECT name, version, suspensions, lens_version, unswept, capabilities FROM {t}.applets WHERE state = 'enabled'
"""
_READ_CUSTOM_FIELDS = """
SELECT data FROM {t}.documents WHERE type = 'kernel.custom_field' AND deleted_at IS NULL ORDER BY id
"""
_READ_SETTINGS = """
SELECT type, id::text, data FROM {t}.documents
 WHERE type IN ('kernel.setting', 'kernel.company', 'kernel.custom_field') AND deleted_at IS NULL
UNION ALL
SELECT 'cipher_key', id::text, to_jsonb(kind) FROM {t}.cipher_keys WHERE kind <> 'subject' AND retired_at IS NULL
UNION ALL
SELECT 'tombstones', name, coalesce(stubs -> 'types', '{}') FROM {t}.applets WHERE state = 'uninstalled'
 ORDER BY 2
"""


class RunningRelease(NamedTuple):
    """Which release of an applet a tenant runs, and what its documents may look like.

    lens_version: the release whose lenses cast them, the newest the tenant ever ran; None: its own.
    unswept: types of which documents of other versions may be stored.
    """

    name: str
    version: str
    lens_version: str | None = None
    unswept: tuple[str, ...] = ()


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
    references_lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)
    # Of uninstalled applets: by type, the field that says what its documents are called.
    tombstones: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    # Which of the tenant's keys encrypt now, by kind, see kernel/secrets/tenant_keys.py.
    key_ids: dict[str, str] = field(default_factory=dict)
    # How applets stand that are suspended or on trial, see kernel/breaker.
    suspensions: Mapping[str, Standing] = field(default_factory=dict)

    def remember(self, key: Any, value: Any) -> Any:
        """Keep something compiled, dropping the oldest when there is too much."""
        self.compiled[key] = value
        if len(self.compiled) > COMPILED_SQL_MAX:
            self.compiled.popitem(last=False)
        return value


class Runtimes:
    """Builds runtimes and keeps the newest of each tenant. Catalogues are shared by tenants with the same applets."""

    def __init__(
        self,
        plugins: pluggy.PluginManager,
        database: Database,
        is_left_out: Callable[[TenantRecord, str], bool] = lambda tenant, applet: False,
    ) -> None:
        """is_left_out: enabled applets that are not to run here, whether they could or not; see kernel/safe_mode.py."""
        self._plugins, self._database, self._is_left_out = plugins, database, is_left_out
        self._kernel_applet = Applet.load(Path(__file__).parent / "types")
        self._catalogues: OrderedDict[tuple[RunningRelease, ...], Catalogue] = OrderedDict()
        self._runtimes: OrderedDict[str, TenantRuntime] = OrderedDict()
        self._making: dict[Any, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, uow: UnitOfWork) -> TenantRuntime:
        """The runtime of the unit of work's tenant, as of the generation its first statement read."""
        assert uow.tenant is not None
        found = self._current(uow)
        if found is not None:
            return found
        # When the generation goes up many ask at once: one builds, the others wait for what it keeps.
        with self._turn(uow.tenant.id):
            return self._current(uow) or self._keep(self.build(uow))

    def _current(self, uow: UnitOfWork) -> TenantRuntime | None:
        assert uow.tenant is not None
        found = self._runtimes.get(uow.tenant.id)
        is_current = found is not None and found.generation == uow.generation and found.tenant == uow.tenant
        return found if is_current else None

    def _keep(self, built: TenantRuntime) -> TenantRuntime:
        if built.unavailable:
            # Not kept: the next transaction looks again whether the applet is back.
            return built
        with self._lock:
            self._runtimes[built.tenant.id] = built
            if len(self._runtimes) > RUNTIMES_MAX:
                self._runtimes.popitem(last=False)
        return built

    @contextmanager
    def _turn(self, key: Any) -> Iterator[None]:
        """One at a time of those who make the same thing; it only saves work, so nobody waits for it for ever."""
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        is_mine = turn.acquire(timeout=TURN_S_MAX)
        try:
            yield
        finally:
            self._making.pop(key, None)
            if is_mine:
                turn.release()

    @property
    def catalogues(self) -> tuple[Catalogue, ...]:
        """Those that are kept."""
        return tuple(self._catalogues.values())

    @property
    def tenants(self) -> tuple[TenantRecord, ...]:
        """Those this process has seen and remembers."""
        return tuple(runtime.tenant for runtime in tuple(self._runtimes.values()))

    def known(self, tenant: TenantRecord) -> TenantRuntime | None:
        """As this process has seen the tenant last, without asking the database."""
        return self._runtimes.get(tenant.id)

    def catalogue(self, releases: Sequence[RunningRelease]) -> tuple[Catalogue, tuple[str, ...]]:
        """The catalogue of the kernel's types and these releases, and those that cannot run here."""
        key = tuple(sorted(releases))
        found = self._catalogues.get(key)
        if found is not None:
            return found, ()
        with self._turn(key):
            found = self._catalogues.get(key)
            return (found, ()) if found is not None else self._make(key)

    def _make(self, key: tuple[RunningRelease, ...]) -> tuple[Catalogue, tuple[str, ...]]:
        loaded, unavailable = self._load_all(key)
        made = Catalogue.build([(self._kernel_applet, ()), *loaded])
        if not unavailable:
            with self._lock:
                self._catalogues[key] = made
                if len(self._catalogues) > CATALOGUES_MAX:
                    self._catalogues.popitem(last=False)
        return made, unavailable

    def _load_all(
        self, releases: Sequence[RunningRelease]
    ) -> tuple[list[tuple[Applet, Sequence[HookPlugin]]], tuple[str, ...]]:
        loaded: list[tuple[Applet, Sequence[HookPlugin]]] = []
        unavailable = []
        for release in releases:
            try:
                found = self._load(release)
                if not isinstance(found, str):
                    loaded.append(found)
                    continue
                _log.error("applet %s %s is enabled, but %s is not installed here", *release[:2], found)
                unavailable.append(f"{release.name} {found}")
                continue
            except Exception:  # reason: an applet's code may fail to load in any way, and must not take others down
                _log.exception("applet %s %s is enabled but cannot be loaded", release.name, release.version)
            unavailable.append(f"{release.name} {release.version}")
        return loaded, tuple(unavailable)

    def _load(self, release: RunningRelease) -> tuple[Applet, Sequence[HookPlugin]] | str:
        """The version that is not here, where one is not."""
        found = self._find(release.name, release.version)
        if found is None:
            return release.version
        newest: tuple[Applet, object] | None = found
        if release.lens_version not in (None, release.version):
            newest = self._find(release.name, release.lens_version or "", lenses_only=True)
        if newest is None:
            return release.lens_version or ""
        return _with_lenses(found[0], newest[0], release.unswept), collect_hooks(found[0].name, found[1])

    def _find(self, name: str, version: str, *, lenses_only: bool = False) -> tuple[Applet, object] | None:
        found: tuple[Applet, object] | None = self._plugins.hook.load_applet(
            name=name, version=version, database=self._database, lenses_only=lenses_only
        )
        return found

    def preview(self, uow: UnitOfWork, releases: Sequence[RunningRelease]) -> tuple[Catalogue, tuple[str, ...]]:
        """The catalogue the tenant would have with these releases, its own fields included, and which are not here."""
        catalogue, unavailable = self.catalogue(releases)
        rows = uow.execute(_READ_CUSTOM_FIELDS).fetchall()
        return extend_catalogue(catalogue, [data for (data,) in rows]), unavailable

    def build(self, uow: UnitOfWork) -> TenantRuntime:
        """The runtime as the transaction sees it; not kept, since what it has changed may still roll back."""
        tenant = uow.tenant
        assert tenant is not None
        rows = [row for row in uow.execute(_READ_APPLETS) if not self._is_left_out(tenant, row[0])]
        catalogue, unavailable = self.catalogue(
            [RunningRelease(name, version, lenses, tuple(unswept)) for name, version, _, lenses, unswept, _ in rows]
        )
        capabilities = {row[0]: tuple(filter(None, map(parse_capability, row[-1]))) for row in rows}
        documents = uow.execute(_READ_SETTINGS).fetchall()
        given = {data["applet"]: data["values"] for type, _, data in documents if type == "kernel.setting"}
        companies = {id: data for type, id, data in documents if type == "kernel.company"}
        catalogue = extend_catalogue(catalogue, [data for type, _, data in documents if type == "kernel.custom_field"])
        settings = {applet.name: _settings(applet, given.get(applet.name, {})) for applet in catalogue.applets}
        keys = {kind: id for type, id, kind in documents if type == "cipher_key"}
        tombstones = {name: types for type, name, types in documents if type == "tombstones"}
        return TenantRuntime(
            tenant,
            uow.generation,
            catalogue,
            capabilities,
            settings,
            companies,
            unavailable,
            tombstones=tombstones,
            key_ids=keys,
            suspensions=read_all(row[:3] for row in rows),
        )


def _with_lenses(applet: Applet, newest: Applet, unswept: Sequence[str]) -> Applet:
    """The applet with types that know how to read documents of every version the tenant may have of them."""
    # The newest may have a type no more, of which the tenant, gone back from it, has documents all the same.
    chains = {**applet.lenses, **newest.lenses}
    if not chains:
        return applet
    types = {
        name: replace(type, lenses=chains[name], is_mixed=name in unswept) if name in chains else type
        for name, type in applet.types.items()
    }
    return replace(applet, types=types)


def _settings(applet: Applet, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tenant's values over the applet's defaults, cast by the settings schema."""
    if applet.settings is None:
        return {}
    return load(applet.settings, {**applet.settings_defaults, **given})[0]
