"""The ground truth: changes made in copies of the provider and the SDK, and the dependants' tests run beside each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import sdk
from bench.breaking.changes import Change
from bench.breaking.edits import Folders, NothingToEdit

WORLD = Path(__file__).with_name("world")
PROVIDER = WORLD / "rental"
DEPENDANTS: Mapping[str, Path] = {
    path.parent.name: path.parent for path in sorted(WORLD.glob("*/applet.toml")) if path.parent != PROVIDER
}
SDK = Path(sdk.__file__).parent
TRIAL = Path(__file__).with_name("trial.py")
TRIAL_S_MAX = 300
_IGNORED = shutil.ignore_patterns("__pycache__", "*.md")


@dataclass(frozen=True)
class Outcome:
    """What became of a change. fault: why it is none that anybody would release. broken: first failure by dependant.

    unclear: dependants of which only the preparation of a test failed: that says nothing about the applet.
    """

    change: Change
    folders: Folders
    fault: str = ""
    broken: Mapping[str, str] = field(default_factory=dict)
    unclear: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_breaking(self) -> bool:
        return not self.fault and bool(self.broken)

    @property
    def is_harmless(self) -> bool:
        return not (self.fault or self.broken or self.unclear)


def try_changes(changes: Sequence[Change], folder: Path) -> list[Outcome]:
    """The outcome of each, in order; copies are left in the folder, to be looked at."""
    prepared = [_prepare(change, folder / f"{number:04}") for number, change in enumerate(changes)]
    sound = [outcome for outcome in prepared if not outcome.fault]
    # Those with the SDK as it is share processes; every other SDK needs one of its own.
    together = [outcome for outcome in sound if outcome.change.owner != "sdk"]
    count = os.cpu_count() or 1
    batches = [together[start::count] for start in range(count)] + [[each] for each in sound if each not in together]
    with ThreadPoolExecutor(count) as pool:
        tried = [outcome for batch in pool.map(_try, batches) for outcome in batch]
    by_folder = {outcome.folders: outcome for outcome in tried}
    return [by_folder.get(outcome.folders, outcome) for outcome in prepared]


def _prepare(change: Change, folder: Path) -> Outcome:
    folders = Folders(folder / "rental", folder / "sdk")
    shutil.copytree(PROVIDER, folders.provider, ignore=_IGNORED)
    if change.owner == "sdk":
        shutil.copytree(SDK, folders.sdk, ignore=_IGNORED)
    else:
        folders.sdk.symlink_to(SDK)
    try:
        change.edit(folders)
    except NothingToEdit as error:
        return Outcome(change, folders, f"nothing to edit: {error}")
    return Outcome(change, folders)


def _try(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """All with the SDK of the first."""
    if not outcomes:
        return []
    dependants = {name: str(path) for name, path in DEPENDANTS.items()}
    jobs = [{"provider": str(outcome.folders.provider), "dependants": dependants} for outcome in outcomes]
    place = str(outcomes[0].folders.sdk.parent)
    environment = {**os.environ, "PYTHONPATH": place, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, TRIAL], input="\n".join(map(json.dumps, jobs)), capture_output=True, text=True, check=False,
        env=environment, timeout=TRIAL_S_MAX,
    )  # fmt: skip
    answers = done.stdout.splitlines()
    if len(answers) != len(jobs):
        # Without an SDK that can be imported there is nobody to answer.
        fault = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        return [replace(outcome, fault=fault) for outcome in outcomes]
    return [replace(outcome, **json.loads(answer)) for outcome, answer in zip(outcomes, answers, strict=True)]


def in_turn(changes: Iterable[Change]) -> Iterator[Change]:
    """One of each kind after the other, so that the first hundred are of all kinds."""
    by_kind: dict[str, list[Change]] = {}
    for change in changes:
        by_kind.setdefault(change.kind, []).append(change)
    while by_kind:
        for kind in list(by_kind):
            yield by_kind[kind].pop(0)
            if not by_kind[kind]:
                del by_kind[kind]
