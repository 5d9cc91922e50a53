"""One compiled permission: what a role allows, by which grant, in which companies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sdk.document import SYSTEM_FIELDS, Document
from sdk.expressions import Expression
from sdk.roles import Permission
from sdk.schema import DocumentType

WORLD = frozenset({"actor", "today", "param"})
_KERNEL = "kernel."


@dataclass(frozen=True, slots=True)
class Rule:
    """companies: None is all. grant: id of the grant. path: roles from the granted one to the one that says so."""

    permission: Permission
    companies: frozenset[str] | None = None
    grant: str = ""
    path: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it applies to every document."""
        return self.companies is None and self.permission.condition is None

    @property
    def mask(self) -> frozenset[str]:
        return self.permission.mask

    def reaches(self, kind: str, name: str, action: str) -> bool:
        """Whether it is about this action on this resource at all.

        What steers the whole tenant (the kernel's own types) is changed only by who is granted all companies.
        """
        if self.companies is not None and action != "read" and name.startswith(_KERNEL):
            return False
        return self.permission.covers(kind, name) and self.permission.allows(action)

    def contains_company(self, company_id: str | None) -> bool:
        """What belongs to no company is shared by all of them."""
        return self.companies is None or company_id is None or company_id in self.companies

    def applies(self, document: Document, scope: Mapping[str, Any]) -> bool:
        """Whether it applies to this document. scope: `actor` and `today`."""
        if not self.contains_company(document.company_id):
            return False
        condition = self.permission.condition
        return condition is None or condition.holds({**document.scope(), "param": {}, **scope})


def unknown_names(condition: Expression, type: DocumentType) -> list[str]:
    """Names a condition mentions and the type does not declare. Such a condition holds for no document of the type.

    Neither do `custom_` names that no definition of the tenant's declares: they have no kind a list could compare by.
    """
    return sorted(name for name in condition.names if not _is_known(name, type))


def _is_known(name: str, type: DocumentType) -> bool:
    return name in type.fields or name in SYSTEM_FIELDS or name.partition(".")[0] in WORLD


def covers(own: Iterable[Rule], wanted: Rule) -> bool:
    """Whether one of the own rules allows all that the wanted one does. Errs on the side of no."""
    return any(_includes(rule, wanted) for rule in own)


def _includes(rule: Rule, wanted: Rule) -> bool:
    own, other = rule.permission, wanted.permission
    return (
        own.covers(other.resource_kind, other.resource)
        and ("*" in own.actions or other.actions <= own.actions)
        and own.condition in (None, other.condition)
        and own.mask <= other.mask
        and (rule.companies is None or (wanted.companies is not None and wanted.companies <= rule.companies))
    )
