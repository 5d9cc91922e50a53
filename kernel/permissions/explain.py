"""Why something is allowed or not, in words: every grant, the way from its role to the permission, and the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kernel.permissions.permissions import Permissions
from kernel.permissions.rules import Rule, unknown_names
from sdk.document import Document
from sdk.schema import DocumentType


@dataclass(frozen=True, slots=True)
class Step:
    """One reason. outcome: `allows`, `does not apply` or `refuses`. grant: the grant's id."""

    outcome: str
    reason: str
    grant: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision with all that led to it. masked: the fields of the document that stay hidden for this action."""

    allowed: bool
    action: str
    type: str
    because: tuple[Step, ...]
    masked: tuple[str, ...] = ()
    document_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        steps = [{name: getattr(step, name) for name in Step.__slots__} for step in self.because]
        return {
            "allowed": self.allowed,
            "action": self.action,
            "type": self.type,
            "document_id": self.document_id,
            "masked": list(self.masked),
            "because": [{name: value for name, value in step.items() if value is not None} for step in steps],
        }


def explain(
    permissions: Permissions,
    action: str,
    type: DocumentType,
    document: Document | None = None,
    scope: Mapping[str, Any] | None = None,
) -> Explanation:
    """The same decision `Permissions.allows` makes, told. Without a document: whether there could be one."""
    allowed = permissions.allows(action, type, document, scope)
    steps = [*_limits(permissions, action, type), *_rules(permissions, action, type, document, scope or {})]
    if not steps:
        steps.append(Step("refuses", f"No role that was granted says anything about {action} on {type.name}."))
    masked = permissions.mask(type, action, document, scope) if allowed else frozenset()
    return Explanation(
        allowed, action, type.name, tuple(steps), tuple(sorted(masked)), document.id if document is not None else None
    )


def _limits(permissions: Permissions, action: str, type: DocumentType) -> Iterator[Step]:
    for limit in permissions.limits:
        if not limit.allows("type", type.name, action):
            yield Step("refuses", f"{action} on {type.name} lies outside {limit.describe()}.")


def _rules(
    permissions: Permissions, action: str, type: DocumentType, document: Document | None, scope: Mapping[str, Any]
) -> Iterator[Step]:
    for rule in permissions.rules:
        if rule.permission.covers("type", type.name) and rule.permission.allows(action):
            obstacle = _obstacle(rule, action, type, document, scope)
            outcome = "does not apply" if obstacle else "allows"
            yield Step(
                outcome, f"{_say(rule, action)}{obstacle}.", rule.grant or None, rule.path[0] if rule.path else None
            )


def _obstacle(rule: Rule, action: str, type: DocumentType, document: Document | None, scope: Mapping[str, Any]) -> str:
    """Why a rule about the action does not apply to the document; empty where it does."""
    condition = rule.permission.condition
    if not rule.reaches("type", type.name, action):
        return ", but what steers the whole tenant is changed only under a grant for all companies"
    if condition is not None and (unknown := unknown_names(condition, type)):
        return f", but {type.name} has no field {unknown[0]}, so its condition holds for nothing"
    if document is None or rule.applies(document, scope):
        return ""
    if not rule.contains_company(document.company_id):
        return f", but the document belongs to the company {document.company_id}"
    return f", but its condition does not hold for the document: {_source(rule)}"


def _say(rule: Rule, action: str) -> str:
    if not rule.path:
        return "The operator may do everything"
    granted, source = rule.path[0], rule.path[-1]
    way = "" if granted == source else f" inherits from {' and that from '.join(rule.path[1:])}, which"
    permission = rule.permission
    parts = [f"The role {granted}{way} allows {action} on {permission.resource}"]
    parts.append(
        " in all companies" if rule.companies is None else f" in the companies {', '.join(sorted(rule.companies))}"
    )
    if permission.condition is not None:
        parts.append(f" where {_source(rule)}")
    if permission.mask:
        parts.append(f", without {', '.join(sorted(permission.mask))}")
    return "".join(parts)


def _source(rule: Rule) -> str:
    condition = rule.permission.condition
    return condition.source if condition is not None else ""
