"""The compiled permissions of one actor. Deny by default; of several rules each one that applies is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, reduce
from typing import Any, Final

from kernel.permissions.filters import combine
from kernel.permissions.limits import CapabilityLimit, Limit, ScopeLimit
from kernel.permissions.rules import Rule, covers, unknown_names
from sdk.document import Document
from sdk.document_errors import PermissionDenied
from sdk.expressions import Expression
from sdk.manifest import Capability
from sdk.roles import Permission
from sdk.schema import DocumentType

REMEMBERED_MAX = 4096
_EVERYTHING = tuple(Rule(Permission(kind, "*", frozenset("*"))) for kind in ("type", "register", "report"))


class Denied(Enum):
    """The answer of `filter` where nothing at all is allowed."""

    DENIED = "denied"


DENIED: Final = Denied.DENIED
Companies = frozenset[str] | None


@dataclass(frozen=True)
class Decision:
    """The rules that reach one action on one resource."""

    resource: str
    rules: tuple[Rule, ...]
    is_open: bool

    @cached_property
    def filter(self) -> Expression | Denied | None:
        if not self.rules:
            return DENIED
        return None if self.is_open else combine(self.rules, self.resource)

    @cached_property
    def companies(self) -> Companies:
        """Those of all rules together; None is all."""
        limits = [rule.companies for rule in self.rules]
        return None if None in limits else frozenset().union(*(limit for limit in limits if limit is not None))

    @cached_property
    def masks(self) -> bool:
        return any(rule.mask for rule in self.rules)

    @cached_property
    def widest_mask(self) -> frozenset[str]:
        """Fields that are hidden in some document, whichever of the rules apply to it."""
        certain = [rule.mask for rule in self.rules if rule.is_open]
        if certain:
            return _intersection(certain)
        return frozenset().union(*(rule.mask for rule in self.rules))


class Permissions:
    """Immutable but for what it remembers. `limits` are those of an API key or an applet, if any."""

    def __init__(self, rules: Sequence[Rule], limits: Sequence[Limit] = (), owner: str = "") -> None:
        """owner: the applet whose code acts; its own types, registers and reports are its, whoever has called it."""
        self.rules = tuple(rules)
        self.limits = tuple(limits)
        self.owner = owner
        self._decisions: dict[tuple[str, str, str], Decision] = {}
        self._limited: dict[Any, Permissions] = {}

    @staticmethod
    def unrestricted() -> Permissions:
        """Of the operator, who may do everything."""
        return _UNRESTRICTED

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Names of the roles that were granted, and of those they inherit."""
        return tuple(sorted({role for rule in self.rules for role in rule.path}))

    def check(
        self,
        action: str,
        type: DocumentType,
        document: Document | None = None,
        scope: Mapping[str, Any] | None = None,
    ) -> None:
        """Raises PermissionDenied unless `allows`."""
        if not self.allows(action, type, document, scope):
            raise PermissionDenied(action=action, resource=type.name)

    def allows(
        self,
        action: str,
        type: DocumentType,
        document: Document | None = None,
        scope: Mapping[str, Any] | None = None,
    ) -> bool:
        """Whether the action may be done to the document; without one, whether to any document there could be.

        scope: `actor` and `today`, as the context gives them.
        """
        decision = self._decide_type(action, type)
        if decision.is_open or document is None:
            return bool(decision.rules)
        return any(rule.applies(document, scope or {}) for rule in decision.rules)

    def filter(self, action: str, type: DocumentType) -> Expression | Denied | None:
        """What holds for exactly the documents `allows` says yes to: an expression, None for all, DENIED for none."""
        return self._decide_type(action, type).filter

    def mask(
        self,
        type: DocumentType,
        action: str,
        document: Document | None = None,
        scope: Mapping[str, Any] | None = None,
    ) -> frozenset[str]:
        """Fields that stay hidden (`read`) or must stay as they are (other actions).

        A field of a document is masked where every rule that applies to the document masks it. Without a document:
        every field that could be masked in one, which is what filters, sorting and groups must not name.
        """
        decision = self._decide_type(action, type)
        if not decision.masks:
            return frozenset()
        applying = [r.mask for r in decision.rules if document is not None and r.applies(document, scope or {})]
        return _intersection(applying) if applying else decision.widest_mask

    def companies(self, action: str, type: DocumentType) -> Companies:
        """Companies whose documents the action reaches, None for all; conditions may narrow it further."""
        return self._decide_type(action, type).companies

    def check_resource(self, action: str, resource: str) -> None:
        """For what is no document (`kernel.user`): only rules without condition and for all companies count."""
        if not self.reaches_all(resource, action):
            raise PermissionDenied(action=action, resource=resource)

    def sees_all(self, type: DocumentType) -> bool:
        """Whether every field of every document of the type may be read, so that none need be asked about."""
        decision = self._decide_type("read", type)
        return decision.is_open and not decision.masks

    def reaches_all(self, resource: str, action: str) -> bool:
        """Whether the action is allowed without any condition and for all companies."""
        return self._decide("type", resource, action).is_open

    def register(self, name: str) -> Companies:
        """The companies whose movements may be read, None for all; raises PermissionDenied where there are none."""
        return self._companies_of("register", name, "read")

    def report(self, name: str) -> Companies:
        """The companies the report may be run for, None for all; raises PermissionDenied where there are none."""
        return self._companies_of("report", name, "run")

    def reaches(self, kind: str, name: str, action: str) -> bool:
        """Whether anything at all is allowed, for lists of what there is. kind: `type`, `register` or `report`."""
        return bool(self._decide(kind, name, action).rules)

    def limited_by(self, scopes: Iterable[str]) -> Permissions:
        """What also lies within these scopes of an API key."""
        return self._limit(ScopeLimit(frozenset(scopes)))

    def limited_by_capabilities(self, applet: str, capabilities: Iterable[Capability]) -> Permissions:
        """What also lies within the capabilities of an applet, and all that is the applet's own."""
        return self._limit(CapabilityLimit(applet, tuple(capabilities)), owner=applet)

    def find_excess(self, other: Permissions) -> Rule | None:
        """The first thing another one may do and this one may not; None when this one covers the other.

        Under a limit nothing is covered: neither an API key with scopes nor an applet hands out rights.
        """
        own = () if self.limits else self.rules
        return next((rule for rule in other.rules if not covers(own, rule)), None)

    def _limit(self, limit: Limit, owner: str = "") -> Permissions:
        found = self._limited.get(limit)
        if found is None:
            if len(self._limited) >= REMEMBERED_MAX:
                self._limited.clear()
            found = self._limited[limit] = Permissions(self.rules, (*self.limits, limit), owner)
        return found

    def _companies_of(self, kind: str, name: str, action: str) -> Companies:
        decision = self._decide(kind, name, action)
        if not decision.rules:
            raise PermissionDenied(action=action, resource=name)
        return decision.companies

    def _decide_type(self, action: str, type: DocumentType) -> Decision:
        # Looked up here once more: this is the path of every request.
        return self._decisions.get(("type", type.name, action)) or self._decide("type", type.name, action, type)

    def _decide(self, kind: str, name: str, action: str, type: DocumentType | None = None) -> Decision:
        # A name without its type (check_resource) must not be remembered as if its conditions had been looked at.
        key = (kind if type or kind != "type" else "resource", name, action)
        found = self._decisions.get(key)
        if found is None:
            rules = self.select(kind, name, action, type)
            found = Decision(name, rules, any(rule.is_open for rule in rules))
            if len(self._decisions) >= REMEMBERED_MAX:
                self._decisions.clear()
            self._decisions[key] = found
        return found

    def select(self, kind: str, name: str, action: str, type: DocumentType | None = None) -> tuple[Rule, ...]:
        """The rules that reach an action on a resource, within the limits."""
        if self.owner and name.partition(".")[0] == self.owner:
            return tuple(rule for rule in _EVERYTHING if rule.reaches(kind, name, action))
        if not all(limit.allows(kind, name, action) for limit in self.limits):
            return ()
        return tuple(r for r in self.rules if r.reaches(kind, name, action) and _is_about(r, type))


def _is_about(rule: Rule, type: DocumentType | None) -> bool:
    condition = rule.permission.condition
    return condition is None or type is None or not unknown_names(condition, type)


def _intersection(masks: Sequence[frozenset[str]]) -> frozenset[str]:
    return reduce(frozenset.__and__, masks)


_UNRESTRICTED = Permissions(_EVERYTHING)
