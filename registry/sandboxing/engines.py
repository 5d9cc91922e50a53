"""Which engine runs here: what the operator asks for, else the strongest whose self-test holds."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sandbox.host.engine import Engine
from sandbox.host.native_engine import NativeEngine
from sandbox.lockdown.levels import Level
from sandbox.zygote.errors import WorkerUnavailable
from sandbox.zygote.self_test import Trial, choose

OFF, INSECURE, WASM = "off", "insecure-dev", "wasm"
_LEVELS = {
    "auto": (Level.FULL, Level.STRONG),
    "full": (Level.FULL,),
    "strong": (Level.STRONG,),
    INSECURE: (Level.DEV,),
}
_WASM_NEEDS = ("componentize_py", "wasmtime")
_NO_EXTRA = "the extra wasm is not installed (pip install 'bos[wasm]')"


@dataclass(frozen=True, slots=True)
class Opened:
    """engine: None where there is none, then `problem` says why. trials: what the self-test has seen."""

    engine: Engine | None
    problem: str = ""
    trials: tuple[Trial, ...] = ()


def open_engine(wanted: str, data_dir: Path) -> Opened:
    """wanted: as of BOS_SANDBOX. data_dir: where what takes long to make is kept. Takes about a second, in which what
    is forbidden is tried; the first time with `wasm`, half a minute."""
    if wanted == OFF:
        return Opened(None, "BOS_SANDBOX is off")
    chosen = choose(_LEVELS[wanted]) if wanted in _LEVELS else None
    trials = chosen.trials if chosen is not None else ()
    if chosen is not None and chosen.zygote is not None and chosen.level is not None:
        return Opened(NativeEngine(chosen.zygote, chosen.level), trials=trials)
    if wanted in (WASM, "auto"):
        engine, trial = _try_wasm(data_dir)
        trials = (*trials, trial)
        if engine is not None:
            return Opened(engine, trials=trials)
    problems = "; ".join(f"{trial.level}: {trial.problem}" for trial in trials)
    needed = f"the level {wanted}" if wanted != "auto" else "one of the levels full, strong and wasm"
    return Opened(None, f"this machine has not {needed} ({problems or 'no engine for it is here'})", trials)


def _try_wasm(data_dir: Path) -> tuple[Engine | None, Trial]:
    if any(find_spec(name) is None for name in _WASM_NEEDS):
        return None, Trial(Level.WASM, problem=_NO_EXTRA)
    # Only where it is wanted: it is an extra, and its library takes 30 MB.
    module = importlib.import_module("sandbox.wasm.engine")
    try:
        engine: Engine = module.open_engine(data_dir)
    except WorkerUnavailable as error:
        return None, Trial(Level.WASM, problem=error.message)
    return engine, Trial(Level.WASM)
