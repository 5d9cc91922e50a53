"""What a plan is made from: what is asked for, how the tenant stands, and how it would stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from kernel.context import KernelContext
from registry.discovery import Release
from registry.plans.findings import Finding
from registry.rows import AppletRow
from sdk.applet import Applet
from sdk.catalogue import Catalogue

Verb = Literal["install", "enable", "disable", "upgrade", "rollback", "uninstall", "purge"]
VERBS: tuple[Verb, ...] = get_args(Verb)
# What is being looked at, how much of it is done, of how much.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class PlanRequest:
    """verb and what it is to be done to. version: None is the newest that fits, or for a rollback the one before.

    with_required: enable what it requires too. all_upgrades: whatever is enabled moves to the newest that fits, and
    `name` is empty. keep_stubs: of documents that others link to. reason: for the record.
    """

    verb: Verb
    name: str = ""
    version: str | None = None
    with_required: bool = False
    all_upgrades: bool = False
    keep_stubs: bool = False
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value not in ("", None, False)}


@dataclass(frozen=True)
class Move:
    """One applet from one state and version to another. verb: what it is called in the record."""

    applet: str
    verb: str
    from_state: str
    to_state: str
    from_version: str | None
    to_version: str | None

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Situation:
    """ctx: in a transaction that nothing is written in. known: every release here by name, newest first.

    before, after: releases enabled now, and afterwards. since: of an earlier plan that is looked at again, the last
    event it knew of: documents that were not written since need no second look. earlier: what that plan has found, as
    JSON. findings: of the checks, once they have run. counted: what one check has counted, for the others.
    """

    ctx: KernelContext
    request: PlanRequest
    rows: Mapping[str, AppletRow]
    known: Mapping[str, Sequence[Release]]
    before: Mapping[str, Release]
    after: Mapping[str, Release]
    moves: Sequence[Move]
    catalogue_before: Catalogue
    catalogue_after: Catalogue
    since: int | None = None
    earlier: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Finding] = ()
    progress: Progress = field(default=lambda label, done, total: None)
    counted: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def changed(self) -> Mapping[str, tuple[Applet | None, Applet | None]]:
        """Applets that come, go or change their version: as they run now, and as they would."""
        return {
            name: (_applet(self.before.get(name)), _applet(self.after.get(name)))
            for name in sorted({move.applet for move in self.moves})
            if self.before.get(name) != self.after.get(name)
        }


def _applet(release: Release | None) -> Applet | None:
    return release.applet if release is not None else None
