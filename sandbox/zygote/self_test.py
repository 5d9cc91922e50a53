"""Which level holds here, found out by trying: workers do the forbidden things, and each has to fail at them."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sandbox.lockdown import landlock
from sandbox.lockdown.levels import Level, Walls
from sandbox.lockdown.libc import ARCHITECTURE, IS_LINUX
from sandbox.lockdown.syscalls import NUMBERS
from sandbox.zygote.errors import WorkerUnavailable
from sandbox.zygote.handle import LOADER, Outcome, Zygote
from sandbox.zygote.probes import GOT_THROUGH, PROBES

# Since that version landlock keeps signals inside.
_LANDLOCK_SCOPES = 6
# What limits alone refuse; the memory a worker may take is no matter of calls.
_LIMITED = ("open", "socket", "fork", "memory")


@dataclass(frozen=True, slots=True)
class Probed:
    """One attempt. behind: the walls that stood. told: what came of it. is_held: whether it failed as it must."""

    name: str
    behind: str
    told: str
    is_held: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """A level that was tried. problem: why it is not to be had, "" where it holds."""

    level: Level
    probes: tuple[Probed, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The first level that holds, with the zygote it was tried on; both None where none does. trials: all of them."""

    zygote: Zygote | None
    level: Level | None
    trials: tuple[Trial, ...]


def choose(levels: Sequence[Level] = (Level.FULL, Level.STRONG), loader: str = LOADER) -> Chosen:
    """Try these levels, strongest first. Takes about half a second for each; the zygote is the caller's to close."""
    trials: list[Trial] = []
    for level in levels:
        zygote, trial = _try(level, loader)
        trials.append(trial)
        if zygote is not None:
            return Chosen(zygote, level, tuple(trials))
    return Chosen(None, None, tuple(trials))


def _try(level: Level, loader: str) -> tuple[Zygote | None, Trial]:
    if not IS_LINUX or ARCHITECTURE not in NUMBERS:
        return None, Trial(level, problem="there are no walls for this system and architecture")
    try:
        zygote = Zygote(Walls.of(level), loader=loader)
    except WorkerUnavailable as error:
        return None, Trial(level, problem=error.message)
    try:
        probes = tuple(probe_all(zygote))
        problem = "; ".join(f"{p.name} behind {p.behind}: {p.told}" for p in probes if not p.is_held)
    except WorkerUnavailable as error:
        probes, problem = (), error.message
    if problem:
        zygote.close()
        return None, Trial(level, probes, problem)
    return zygote, Trial(level, probes)


def probe_all(zygote: Zygote) -> Iterator[Probed]:
    """Try everything behind all walls at once, then what each wall has to hold when seccomp does not. Raises
    WorkerUnavailable."""
    walls = zygote.walls
    if walls.seccomp:
        for name in PROBES:
            outcome = zygote.probe(name, walls)
            # No call is forbidden there: it is the limit of memory that says no.
            held = _is_refused(outcome) if name == "memory" else _is_killed(outcome)
            yield Probed(name, "all walls", _told(outcome), held)
    without = replace(walls, seccomp=False)
    if walls.landlock:
        yield from _probe(zygote, "landlock", without, ["exec", *_signals()])
    if walls.namespaces:
        yield from _probe(zygote, "namespaces", replace(without, landlock=False), ["look", "exec"])
    yield from _probe(zygote, "limits", replace(without, landlock=False), _LIMITED)


def _signals() -> list[str]:
    return ["signal"] if landlock.version() >= _LANDLOCK_SCOPES else []


def _probe(zygote: Zygote, behind: str, walls: Walls, names: Sequence[str]) -> Iterator[Probed]:
    for name in names:
        outcome = zygote.probe(name, walls)
        yield Probed(name, behind, _told(outcome), _is_refused(outcome))


def _is_killed(outcome: Outcome) -> bool:
    return outcome.told is None and outcome.status == -signal.SIGSYS


def _is_refused(outcome: Outcome) -> bool:
    return outcome.told is not None and outcome.told != GOT_THROUGH


def _told(outcome: Outcome) -> str:
    if outcome.told is not None:
        return outcome.told
    return "killed" if _is_killed(outcome) else f"ended with {outcome.status}"
