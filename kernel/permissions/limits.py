"""What narrows permissions from outside: the scopes of an API key, the capabilities of an applet.

A limit only ever takes away, and knows neither companies nor conditions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kernel.permissions.errors import ScopesInvalid
from sdk.errors import Violation
from sdk.manifest import Capability

SCOPES_MAX = 100
_SCOPE = re.compile(r"\*|(\*|[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*)):(\*|[a-z][a-z0-9_]*)|reports:run")
_RESOURCES = {"type": "documents", "register": "registers", "report": "reports"}


class Limit(Protocol):
    """Says whether something lies within it, and what it is in words."""

    def allows(self, kind: str, name: str, action: str) -> bool: ...
    def describe(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ScopeLimit:
    """Scopes of an API key: `<type or applet.*>:<action or *>`, `reports:run`, `*`."""

    scopes: frozenset[str]

    def allows(self, kind: str, name: str, action: str) -> bool:
        return any(_scope_allows(scope, kind, name, action) for scope in self.scopes)

    def describe(self) -> str:
        return f"the scopes of the API key ({', '.join(sorted(self.scopes)) or 'none'})"


@dataclass(frozen=True, slots=True)
class CapabilityLimit:
    """What an applet was granted. Its own types, registers and reports are always its to use."""

    applet: str
    capabilities: tuple[Capability, ...]

    def allows(self, kind: str, name: str, action: str) -> bool:
        if name.partition(".")[0] == self.applet:
            return True
        verb = action if kind != "type" or action == "read" else "write"
        return any(capability.allows(_RESOURCES[kind], verb, name) for capability in self.capabilities)

    def describe(self) -> str:
        return f"the capabilities of the applet {self.applet}"


def check_scopes(scopes: Sequence[str]) -> None:
    """Raises ScopesInvalid: for none at all, for too many, and naming every one that is no scope."""
    faults = [
        Violation(f"/scopes/{index}", "scope", f"{scope[:80]} is no scope", "ledger.journal_entry:read, sales.*:*, …")
        for index, scope in enumerate(scopes)
        if not _SCOPE.fullmatch(scope)
    ]
    if not 1 <= len(scopes) <= SCOPES_MAX:
        faults.append(Violation("/scopes", "scope_count", f"{len(scopes)} scopes", f"1 to {SCOPES_MAX}, * for all"))
    if faults:
        raise ScopesInvalid(violations=faults)


def _scope_allows(scope: str, kind: str, name: str, action: str) -> bool:
    if scope == "*":
        return True
    if scope == "reports:run":
        return kind == "report" and action == "run"
    resource, _, verb = scope.partition(":")
    matches = resource == name or (resource.endswith("*") and name.startswith(resource[:-1]))
    return matches and verb in ("*", action)
