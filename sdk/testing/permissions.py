"""Who may do what in the fake: an actor's `allow`, and the capabilities of applets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sdk.document_errors import CapabilityMissing, PermissionDenied
from sdk.manifest import Manifest

# Document type, register or report (`*` and `applet.*` too) to the actions allowed on it (`*` for all).
Allow = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Permissions:
    """allow: None is everything. manifest: of the applet whose code is running, None outside of applet code."""

    allow: Allow | None = None
    manifest: Manifest | None = None

    def check_document(self, action: str, type: str) -> None:
        """Raises PermissionDenied where the actor may not, CapabilityMissing where the applet may not."""
        self._check_actor(action, type)
        self._check_applet("documents", "read" if action == "read" else "write", type)

    def check_register(self, register: str) -> None:
        self._check_actor("read", register)
        self._check_applet("registers", "read", register)

    def check_report(self, report: str) -> None:
        self._check_actor("run", report)
        self._check_applet("reports", "run", report)

    def _check_actor(self, action: str, name: str) -> None:
        if self.allow is None:
            return
        granted = (actions for pattern, actions in self.allow.items() if _covers(pattern, name))
        if not any(action in actions or "*" in actions for actions in granted):
            raise PermissionDenied(action=action, resource=name)

    def _check_applet(self, resource: str, verb: str, name: str) -> None:
        if self.manifest is not None and not self.manifest.allows(resource, verb, name):
            raise CapabilityMissing(
                applet=self.manifest.name, capability=f"{resource}:{verb}:{name}", action=verb, resource=name
            )


def _covers(pattern: str, name: str) -> bool:
    return pattern == name or (pattern.endswith("*") and name.startswith(pattern[:-1]))
