"""`ctx` over the fake: the same protocol, one transaction, one actor and one applet."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sdk.context import Tenant
from sdk.testing.facades import FakeDocuments, FakeEvents, FakeRegisters, FakeReports
from sdk.testing.permissions import Permissions
from sdk.testing.transaction import Transaction


@dataclass(frozen=True)
class FakeContext(Transaction):
    """See `sdk.Context`."""

    def bind(self, applet: str) -> FakeContext:
        """This context as code of `applet` has it: what both the actor and the applet may."""
        manifest = self.kernel.manifest_of(applet)
        return replace(self, applet=applet, permissions=Permissions(self.permissions.allow, manifest))

    @property
    def elevated(self) -> FakeContext:
        """Under the capabilities of the applet alone; outside of applet code nothing is gained."""
        if self.applet is None:
            return self
        return replace(self, permissions=Permissions(None, self.permissions.manifest))

    @property
    def tenant(self) -> Tenant:
        return self.kernel.tenant

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.kernel.settings_of(self.applet or "kernel")

    @property
    def documents(self) -> FakeDocuments:
        return FakeDocuments(self)

    @property
    def registers(self) -> FakeRegisters:
        return FakeRegisters(self)

    @property
    def reports(self) -> FakeReports:
        return FakeReports(self)

    @property
    def events(self) -> FakeEvents:
        return FakeEvents(self)

    @property
    def log(self) -> logging.LoggerAdapter[Any]:
        return logging.LoggerAdapter(logging.getLogger(f"bos.applet.{self.applet or 'kernel'}"), {})

    def sequence(self, name: str) -> int:
        # A colon, so that no sequence shares its counter with the number series of a document type.
        return self.store.next_number(f"{self.applet or 'kernel'}:{name}", None, "")

    def resolve(self, question: str, **arguments: Any) -> Any:
        return self.catalogue.hooks.resolve(question, ctx=self, **arguments)
