"""Which engine runs here: what the operator asks for, else the strongest whose self-test holds."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.host.engine import Engine
from sandbox.host.native_engine import NativeEngine
from sandbox.lockdown.levels import Level
from sandbox.zygote.self_test import Trial, choose

OFF, INSECURE = "off", "insecure-dev"
_LEVELS = {
    "auto": (Level.FULL, Level.STRONG),
    "full": (Level.FULL,),
    "strong": (Level.STRONG,),
    INSECURE: (Level.DEV,),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """engine: None where there is none, then `problem` says why. trials: what the self-test has seen."""

    engine: Engine | None
    problem: str = ""
    trials: tuple[Trial, ...] = ()


def open_engine(wanted: str) -> Opened:
    """wanted: as of BOS_SANDBOX. Takes about a second: what is forbidden is tried."""
    if wanted == OFF:
        return Opened(None, "BOS_SANDBOX is off")
    chosen = choose(_LEVELS[wanted]) if wanted in _LEVELS else None
    trials = chosen.trials if chosen is not None else ()
    if chosen is not None and chosen.zygote is not None and chosen.level is not None:
        return Opened(NativeEngine(chosen.zygote, chosen.level), trials=trials)
    problems = "; ".join(f"{trial.level}: {trial.problem}" for trial in trials)
    needed = f"the level {wanted}" if wanted != "auto" else "one of the levels full and strong"
    return Opened(None, f"this machine has not {needed} ({problems or 'no engine for it is here'})", trials)
