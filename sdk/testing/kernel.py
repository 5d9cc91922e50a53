"""`FakeKernel`: a whole tenant in memory, for the tests of applets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast

from sdk.applet import Applet
from sdk.catalogue import Catalogue
from sdk.context import Actor, Documents, Registers, Reports, Tenant
from sdk.document import Document
from sdk.errors import Conflict
from sdk.event import Event
from sdk.hookset import HookPlugin
from sdk.identifiers import new_id
from sdk.lenses import Stored
from sdk.manifest import Manifest
from sdk.schema import load
from sdk.testing.context import FakeContext
from sdk.testing.events import DELIVERIES_MAX, DeliveriesEndless, count_failure, next_delivery, remove
from sdk.testing.loading import Loaded, load_applet, load_kernel_types
from sdk.testing.older import read_older, store_older
from sdk.testing.permissions import Allow, Permissions
from sdk.testing.shorthand import Shorthand
from sdk.testing.store import Delivery, Store

OPERATOR = Actor(id="operator", kind="operator", name="Operator")
SOME_DAY = date(2026, 1, 15)


class AppletMissing(Conflict):
    """{applet} requires {required}, which is not enabled."""


class AppletRequired(Conflict):
    """{applet} cannot be disabled: {dependent} requires it."""


class FakeKernel:
    """A tenant with these applets enabled. Same semantics as the real kernel, no database, no clock, no threads.

    `today` may be set at any time. `store.tables` shows everything that was committed.
    """

    def __init__(self, *applets: Applet | Path | str, currency: str = "EUR", today: date = SOME_DAY) -> None:
        self.store = Store()
        self.today = today
        self.tenant = Tenant(new_id(), "fake", "Fake tenant", currency, "UTC", "en")
        self._transactions = 0
        self._known: dict[str, Loaded] = {}
        self._enabled: dict[str, Loaded] = {}
        self._install([load_kernel_types(), *map(load_applet, applets)])
        for applet in self.catalogue.applets:
            if applet.name != "kernel":
                self._require(applet)
                self._call_lifecycle("applet_enabled", applet.name)

    @contextmanager
    def transaction(
        self, actor: Actor | None = None, *, allow: Allow | None = None, applet: str | None = None
    ) -> Iterator[FakeContext]:
        """A transaction that commits at the end unless it raises.

        allow: what the actor may do, everything when None: `{"ledger.entry": ["read", "post"], "ledger.*": ["read"]}`.
        applet: give the context that code of this applet would have.
        """
        with self.store.transaction():
            ctx = self._context(actor or OPERATOR, Permissions(allow))
            yield ctx.bind(applet) if applet else ctx

    # The word applet authors look for when they test what an actor may do.
    context = transaction

    @property
    def documents(self) -> Documents:
        """`ctx.documents`, each call in a transaction of its own."""
        return cast(Documents, Shorthand(self.transaction, "documents"))

    @property
    def registers(self) -> Registers:
        """`ctx.registers`, to be asked; movements are recorded by hooks."""
        return cast(Registers, Shorthand(self.transaction, "registers"))

    @property
    def reports(self) -> Reports:
        return cast(Reports, Shorthand(self.transaction, "reports"))

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, oldest first."""
        return tuple(self.store.tables.events)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """What is still to be delivered, and what was given up."""
        return tuple(self.store.tables.deliveries)

    @property
    def dead_letters(self) -> tuple[Delivery, ...]:
        return tuple(one for one in self.deliveries if one.state == "dead")

    def deliver_events(self) -> int:
        """Deliver until nothing is pending, failures repeated at once until they are dead; how many attempts."""
        for attempts in range(DELIVERIES_MAX):
            delivery = next_delivery(self.store, self.catalogue.hooks)
            if delivery is None:
                return attempts
            self._deliver(delivery)
        raise DeliveriesEndless(f"more than {DELIVERIES_MAX} deliveries")

    def enable(self, source: Applet | Path | str) -> Applet:
        """Enable one more applet, or by its name one that was disabled; its `applet_enabled` may veto."""
        applet, hooks = self._known.get(str(source)) or load_applet(source)
        before = self._enabled
        self._install([(applet, hooks)])
        try:
            self._require(applet)
            self._call_lifecycle("applet_enabled", applet.name)
        except BaseException:
            self._use(before)
            raise
        return applet

    def disable(self, name: str) -> None:
        """Disable an applet: its documents stay, its types, hooks and subscriptions are gone."""
        for applet in self.catalogue.applets:
            if name in applet.manifest.requires.applets:
                raise AppletRequired(applet=name, dependent=applet.name)
        self._call_lifecycle("applet_disabled", name)
        self._use({key: loaded for key, loaded in self._enabled.items() if key != name})

    def set_settings(self, applet: str, **values: Any) -> None:
        """Set the tenant's values of an applet's settings; what is not named keeps its default."""
        with self.transaction() as ctx:
            found = ctx.documents.find("kernel.setting", applet=applet)
            if found is None:
                ctx.documents.create("kernel.setting", {"applet": applet, "values": values})
            else:
                ctx.documents.update("kernel.setting", found.id, {"values": {**found["values"], **values}})

    def add_company(self, name: str = "Company", currency: str = "EUR", **fields: Any) -> str:
        """Create a company; its id. While there is only one, documents that need a company get it."""
        return self.documents.create("kernel.company", {"name": name, "currency": currency, **fields}).id

    def store_older(
        self,
        type: str,
        data: Mapping[str, Any],
        *,
        schema_version: int = 1,
        state: str | None = None,
        company_id: str | None = None,
    ) -> Document:
        """Store a document as an older release of its applet did, to test the lenses; no hook and no schema is asked.

        data: JSON, as version `schema_version` of the type had it. Raises CastFailed.
        """
        with self.transaction() as ctx:
            return store_older(ctx, type, data, schema_version, state, company_id)

    def read_older(self, type: str, id: str, *, schema_version: int = 1) -> Stored:
        """A document as an older release of its applet would have it after a rollback. Raises CastFailed."""
        with self.transaction() as ctx:
            return read_older(ctx, type, id, schema_version)

    def load_demo_data(self, seed: int = 1) -> None:
        """Call the applets' `load_demo_data`, in order of dependency, in one transaction."""
        with self.transaction() as ctx:
            self.catalogue.hooks.call("load_demo_data", "", ctx=ctx, seed=seed)

    def broken_invariants(self) -> list[str]:
        """What the applets' invariants find broken: `applet:function: sentence`."""
        found = []
        with self.transaction() as ctx:
            for plugin in self.catalogue.hooks.invariants():
                sentences = getattr(plugin, plugin.hook)(ctx.bind(plugin.applet).elevated)
                found += [f"{plugin.name}: {sentence}" for sentence in sentences or ()]
        return found

    def company_ids(self) -> tuple[str, ...]:
        documents = self.store.tables.documents.values()
        return tuple(one.id for one in documents if one.type == "kernel.company" and not one.is_deleted)

    def settings_of(self, name: str) -> Mapping[str, Any]:
        """An applet's settings: the tenant's over its defaults, as Python values."""
        applet = self.catalogue.applet(name)
        if applet is None or applet.settings is None:
            return {}
        given: dict[str, Any] = {}
        for document in self.store.tables.documents.values():
            if document.type == "kernel.setting" and document["applet"] == name and not document.is_deleted:
                given = document["values"]
        return load(applet.settings, {**applet.settings_defaults, **given})[0]

    def manifest_of(self, name: str) -> Manifest:
        applet = self.catalogue.applet(name)
        assert applet is not None, f"{name} is not enabled"
        return applet.manifest

    def _context(self, actor: Actor, permissions: Permissions, event: Event | None = None) -> FakeContext:
        # Later transactions have later instants, and all of a day's fit into it.
        self._transactions += 1
        now = datetime.combine(self.today, time(8), UTC) + timedelta(milliseconds=self._transactions)
        correlation_id = event.correlation_id if event else new_id()
        return FakeContext(self, actor, permissions, now, correlation_id, event.id if event else None)

    def _deliver(self, delivery: Delivery) -> None:
        plugin = self.catalogue.hooks.subscriber(delivery.subscriber)
        assert plugin is not None
        actor = Actor(id=f"applet:{plugin.applet}", kind="applet", name=plugin.applet)
        try:
            with self.store.transaction():
                remove(self.store, delivery)
                _call_subscriber(plugin, self._context(actor, Permissions(), delivery.event), delivery.event)
        except Exception as error:  # reason: a handler may raise anything; the delivery counts and keeps it
            with self.store.transaction():
                count_failure(self.store, delivery, error)

    def _install(self, loaded: list[Loaded]) -> None:
        named = {applet.name: (applet, hooks) for applet, hooks in loaded}
        self._known |= named
        self._use({**self._enabled, **named})

    def _use(self, enabled: dict[str, Loaded]) -> None:
        self.catalogue = Catalogue.build(list(enabled.values()))
        self._enabled = enabled

    def _require(self, applet: Applet) -> None:
        for required, versions in applet.manifest.requires.applets.items():
            found = self.catalogue.applet(required)
            if found is None or not versions.contains(found.version, prereleases=True):
                raise AppletMissing(applet=applet.name, required=f"{required} {versions}")

    def _call_lifecycle(self, hook: str, name: str) -> None:
        with self.transaction() as ctx:
            self.catalogue.hooks.call_applet(hook, name, ctx=ctx)


def _call_subscriber(plugin: HookPlugin, ctx: FakeContext, event: Event) -> None:
    """Call it alone: a failing subscriber must not take others with it."""
    given = {"ctx": ctx, "event": event}
    handler = getattr(plugin, plugin.hook)
    handler(*(given[name] for name in plugin.parameters))
