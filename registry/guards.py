"""Invariants of applets: told when they are broken, and holding back whatever would break them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import psycopg

from kernel.context import KernelContext
from kernel.permissions import Permissions
from kernel.registers.service import find_differing
from kernel.telemetry.logs import get_logger
from registry.errors import AppletNotEnabled, GuardBroken
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation
from registry.rows import AVAILABLE, ENABLED
from registry.transitions import RESOURCE
from sdk.errors import BosError, Violation
from sdk.hookset import HookPlugin
from sdk.values import decimal_text

# Of one statement of a guard, in milliseconds.
GUARD_STATEMENT_MS_MAX = 20_000
# Of all guards together, in seconds: a change waits for them with its transaction open.
GUARDS_S_MAX = 60.0
# Of each guard; whoever mends the first will find the others.
SENTENCES_MAX = 20
SENTENCE_LENGTH_MAX = 1_000
# The kernel's own guard, of the registers of all applets.
KERNEL, TOTALS = "kernel", "totals_equal_movements"

_log = get_logger()
# Of the savepoint: both settings end with it, and so does what a guard should have let be.
_READ_ONLY = "SET LOCAL transaction_read_only = on"
_TIMEOUT = "SET LOCAL statement_timeout = {milliseconds:d}"


@dataclass(frozen=True)
class Broken:
    """An invariant that does not hold. is_unknown: whether it holds could not be found out; the sentence says why."""

    applet: str
    name: str
    sentences: tuple[str, ...]
    is_unknown: bool = False

    @property
    def id(self) -> str:
        return f"{self.applet}:{self.name}"

    def as_json(self) -> dict[str, Any]:
        return {"applet": self.applet, "name": self.name, "unknown": self.is_unknown, "sentences": list(self.sentences)}


@dataclass(frozen=True)
class Guard:
    """One invariant. plugin: the applet's function; None is the kernel's own."""

    applet: str
    name: str
    plugin: HookPlugin | None = None

    @property
    def id(self) -> str:
        return f"{self.applet}:{self.name}"


def list_guards(ctx: KernelContext, applets: Collection[str] | None = None) -> list[Guard]:
    """The guards of the enabled applets and the kernel's own, or those of these."""
    found = [
        Guard(plugin.applet, plugin.name.partition(":")[2], plugin)
        for plugin in ctx.runtime.catalogue.hooks.invariants()
    ]
    wanted = [guard for guard in found if applets is None or guard.applet in applets]
    has_own = (applets is None or KERNEL in applets) and ctx.runtime.catalogue.registers
    return [Guard(KERNEL, TOTALS), *wanted] if has_own else wanted


def check_guards(
    ctx: KernelContext, applets: Collection[str] | None = None, *, statement_ms: int = GUARD_STATEMENT_MS_MAX
) -> list[Broken]:
    """Those that do not hold in the transaction at hand, with what it has changed so far; nothing is left of the look.

    applets: only the guards of these. A guard that raises, wants to write or takes too long is broken too, as unknown.
    """
    deadline = time.monotonic() + GUARDS_S_MAX
    found = (_check(ctx, guard, statement_ms, deadline) for guard in list_guards(ctx, applets))
    return [broken for broken in found if broken is not None]


def hold_guards(ctx: KernelContext, applets: Collection[str] | None = None, known: Collection[str] = ()) -> None:
    """Raises GuardBroken, naming each broken guard with its sentences.

    known: ids of those that were broken before. They can tell nothing about what was changed since.
    """
    broken = [one for one in check_guards(ctx, applets) if one.id not in known]
    if broken:
        violations = [
            Violation(f"/{one.id}", "guard_unknown" if one.is_unknown else "guard_broken", sentence)
            for one in broken
            for sentence in one.sentences
        ]
        raise GuardBroken(guards=", ".join(one.id for one in broken), violations=violations)


def guard_findings(situation: Situation) -> Iterator[Finding]:
    """How the guards stand before anything is changed.

    One that could not be asked blocks, unless its applet goes or changes: that may be what mends it.
    """
    moved = {move.applet for move in situation.moves}
    for number, broken in enumerate(check_guards(situation.ctx)):
        situation.progress("guards", number, 0)
        yield _finding(broken, is_moved=broken.applet in moved)


def guard_moves(ctx: KernelContext, situation: Situation) -> None:
    """After the moves of a plan, in its transaction: raises GuardBroken where they have broken something.

    An applet that comes back finds what others have written meanwhile. What is broken by that was not by its coming
    back, and can be mended only when it is there. The kernel's own guard need not be asked: whatever applets do, totals
    are written by nobody but the kernel.
    """
    running = {applet.name for applet in ctx.runtime.catalogue.applets} - {KERNEL}
    back = {move.applet for move in situation.moves if move.from_state not in (AVAILABLE, ENABLED)}
    known = {guard.id for guard in list_guards(ctx, back)}
    hold_guards(ctx, running, known | known_guards(situation.findings))


def known_guards(findings: Iterable[Finding]) -> frozenset[str]:
    """Ids of the guards that a plan has found broken: for `hold_guards` after its moves."""
    return frozenset(finding.subject for finding in findings if finding.rule == "guard_broken")


def describe_guards(ctx: KernelContext, applets: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Every guard and whether it holds now, for people. Raises PermissionDenied, AppletNotEnabled."""
    ctx.permissions.check_resource("read", RESOURCE)
    for name in applets or ():
        if ctx.runtime.catalogue.applet(name) is None:
            raise AppletNotEnabled(applet=name)
    broken = {one.id: one for one in check_guards(ctx, applets)}
    return [
        {
            "applet": guard.applet,
            "guard": guard.name,
            "state": _state(broken.get(guard.id)),
            "sentences": list(broken[guard.id].sentences) if guard.id in broken else [],
        }
        for guard in list_guards(ctx, applets)
    ]


def _state(broken: Broken | None) -> str:
    if broken is None:
        return "holds"
    return "unknown" if broken.is_unknown else "broken"


def _finding(broken: Broken, *, is_moved: bool) -> Finding:
    told = "; ".join(broken.sentences)
    if not broken.is_unknown:
        message = f"{broken.id} is broken already, so it cannot tell whether this breaks it: {told}"
        return Finding(Severity.WARNS, "guard_broken", broken.id, message, "mend it before", broken.applet)
    severity = Severity.WARNS if is_moved else Severity.BLOCKS
    message = f"{broken.id} could not be asked: {told}"
    fix = f"mend it, or disable {broken.applet}" if broken.applet != KERNEL else "try when the database is less busy"
    return Finding(severity, "guard_unknown", broken.id, message, fix, broken.applet)


class _Looked(Exception):
    """Leaves the savepoint, and takes back what was set in it."""


def _check(ctx: KernelContext, guard: Guard, statement_ms: int, deadline: float) -> Broken | None:
    if time.monotonic() > deadline:
        return _unknown(guard, f"the others took the {GUARDS_S_MAX:.0f} s there are for all")
    sentences: Sequence[str] = ()
    try:
        with suppress(_Looked), ctx.uow.savepoint():
            ctx.uow.execute(_READ_ONLY)
            ctx.uow.execute(_TIMEOUT.format(milliseconds=statement_ms))
            sentences = tuple(islice(_ask(ctx, guard), SENTENCES_MAX))
            raise _Looked
    except psycopg.errors.QueryCanceled:
        return _unknown(guard, f"a statement of it took over {statement_ms} ms")
    except psycopg.OperationalError:
        raise
    except BosError as error:
        _log.warning("guard.failed", guard=guard.id, message=error.message)
        return _unknown(guard, _reason(error))
    except Exception as error:  # reason: an applet's code may fail in any way, and then nobody knows whether it holds
        _log.exception("guard.failed", guard=guard.id)
        return _unknown(guard, f"{type(error).__name__}: {error}")
    return (
        Broken(guard.applet, guard.name, tuple(str(each)[:SENTENCE_LENGTH_MAX] for each in sentences))
        if sentences
        else None
    )


def _ask(ctx: KernelContext, guard: Guard) -> Iterable[str]:
    if guard.plugin is None:
        return _totals(ctx)
    asked: Iterable[str] | str | None = getattr(guard.plugin, guard.plugin.hook)(
        replace(ctx, applet=None, permissions=Permissions.unrestricted())
    )
    return [asked] if isinstance(asked, str) else asked or ()


def _totals(ctx: KernelContext) -> Iterator[str]:
    for found in find_differing(ctx.uow, sorted(ctx.runtime.catalogue.registers), SENTENCES_MAX):
        totals, movements = (
            " of which above zero ".join(map(decimal_text, s)) for s in (found.totals, found.movements)
        )
        yield f"totals of {found.register} for company {found.company_id} sum to {totals}, its movements to {movements}"


def _unknown(guard: Guard, reason: str) -> Broken:
    return Broken(guard.applet, guard.name, (reason[:SENTENCE_LENGTH_MAX],), is_unknown=True)


def _reason(error: BosError) -> str:
    cause = error.__cause__
    return error.message if cause is None else f"{error.message} {type(cause).__name__}: {cause}"
