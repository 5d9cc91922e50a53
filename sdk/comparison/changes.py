"""One change of a definition, and what it means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Impact(StrEnum):
    """compatible: nobody need do anything. cast_needed: the lenses see to it. breaking: nobody does."""

    COMPATIBLE = "compatible"
    CAST_NEEDED = "cast_needed"
    BREAKING = "breaking"


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """about: `type`, `machine`, `register`, `report`, `role` or `settings`; subject: its name.

    path: what of it changed, as the old release called it, or the new one where it is new; empty = the whole.
    rule: stable snake_case id. message: a sentence. fix: what would make a breaking change none, where that can be
    said.
    """

    impact: Impact
    rule: str
    about: str
    subject: str
    path: str
    message: str
    fix: str = ""

    @property
    def is_breaking(self) -> bool:
        return self.impact is Impact.BREAKING


@dataclass
class Changes:
    """The changes found of one definition."""

    about: str
    subject: str
    found: list[SchemaChange] = field(default_factory=list)

    def compatible(self, rule: str, path: str, message: str) -> None:
        self._add(Impact.COMPATIBLE, rule, path, message, "")

    def cast_needed(self, rule: str, path: str, message: str) -> None:
        self._add(Impact.CAST_NEEDED, rule, path, message, "")

    def breaking(self, rule: str, path: str, message: str, fix: str = "") -> None:
        self._add(Impact.BREAKING, rule, path, message, fix)

    def narrowed(self, is_cast: bool, rule: str, path: str, message: str, fix: str = "") -> None:
        """A change that breaks unless the lenses see to it."""
        if is_cast:
            self.cast_needed(rule, path, message)
        else:
            self.breaking(rule, path, message, fix)

    def _add(self, impact: Impact, rule: str, path: str, message: str, fix: str) -> None:
        self.found.append(SchemaChange(impact, rule, self.about, self.subject, path, message, fix))


def said(names: Iterable[object]) -> str:
    """Names in a sentence, in one order."""
    return ", ".join(sorted(map(str, names)))
