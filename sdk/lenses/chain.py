"""All lenses of one document type: from any of its versions to any other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from sdk.errors import Violation
from sdk.lenses.errors import CastFailed, InvalidLenses
from sdk.lenses.functions import Pair, find_pair, run_pair, touches_path
from sdk.lenses.notes import turn
from sdk.lenses.places import copy_json, is_under, relocate
from sdk.lenses.sources import Opaque, Path, Same, Source, settle
from sdk.lenses.steps import Inner, MapState, Step, opposite

VERSIONS_MAX = 1_000
STATE = "state"


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it is stored. data: its fields as JSON. kept: its keep-box. version: of its type's schema."""

    data: Mapping[str, Any]
    state: str | None
    kept: Mapping[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class _Turn:
    """One step as a cast takes it: `key` is where its notes are kept, `version` the newer of the two."""

    version: int
    key: str
    step: Step | None
    upward: bool


@dataclass(frozen=True, eq=False)
class LensChain:
    """The lenses of one type, versions 1 to `latest`.

    steps: by the version they lead to, from the one before. pairs: functions of `lenses.py` by that version, None
    where they are declared but not loaded yet. touches: by version the fields at the top that functions may change;
    a version that is not there has functions that may change any.
    """

    type: str
    latest: int = 1
    steps: Mapping[int, tuple[Step, ...]] = field(default_factory=dict)
    pairs: Mapping[int, Pair | None] = field(default_factory=dict)
    touches: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def cast(self, stored: Stored, to: int) -> Stored:
        """The document as version `to` has it: cast(cast(d, n), d.version) == d. The document given is not changed.

        Raises CastFailed for versions there are none of, and where a function of `lenses.py` fails.
        """
        self._check(stored.version, to, to)
        if stored.version == to:
            return stored
        data, kept = copy_json(stored.data), dict(stored.kept)
        state: dict[str, Any] = {} if stored.state is None else {STATE: stored.state}
        for one in self._turns(stored.version, to):
            note = kept.pop(one.key, None)
            if one.step is None:
                made = run_pair(self.type, self._pair(one.version, to), data, note, to, upward=one.upward)
            else:
                scope = state if isinstance(one.step, MapState) else data
                made = turn(one.step, scope, note, upward=one.upward)
            if made is not None:
                kept[one.key] = made
        return Stored(data, state.get(STATE), kept, to)

    def source(self, path: str, *, at: int, now: int) -> Source:
        """Where the field `path` of version `now` is found in a document stored at version `at`."""
        self._check(at, now, now)
        if at == now:
            return Same()
        return self._source(path, path, list(self._turns(at, now)))

    def _source(self, path: str, asked: str, turns: list[_Turn]) -> Source:
        """turns: those not looked at yet, the last taken last."""
        while turns:
            one = turns.pop()
            if one.step is None:
                if touches_path(self.touches.get(one.version), path):
                    return Opaque()
                continue
            if isinstance(one.step, MapState):
                continue
            found = one.step.source(path, one.key, self._inner(asked, turns), upward=one.upward)
            if found is not None:
                return settle(found)
            path = one.step.trace(path, upward=one.upward) or path
        return Same() if path == asked else Path(path)

    def _inner(self, asked: str, turns: list[_Turn]) -> Inner:
        earlier = tuple(turns)
        return lambda path: self._source(path, asked, list(earlier))

    def state_source(self, *, at: int, now: int) -> Mapping[str, str] | None:
        """How states stored at version `at` read at `now`, those not named staying; None where all stay.

        Where several states became one, the way back names the first; what the keep-box says to the contrary is told
        by `state_is_noted`.
        """
        self._check(at, now, now)
        read: dict[str, str] = {}
        for one in self._turns(at, now):
            if isinstance(one.step, MapState):
                values = one.step.values or {}
                values = values if one.upward else opposite(values)
                read = {old: values.get(new, new) for old, new in read.items()}
                read |= {old: new for old, new in values.items() if old not in read}
        return {old: new for old, new in read.items() if old != new} or None

    def state_is_noted(self, *, at: int, now: int) -> bool:
        """Whether documents of `at` may have another state at `now` than `state_source` says, by their keep-box."""
        self._check(at, now, now)
        return any(
            isinstance(one.step, MapState) and not _is_one_to_one(one.step.values or {}) for one in self._turns(at, now)
        )

    def origin(self, path: str, version: int) -> str:
        """The name the field `path` of a version had when it first appeared: what keys and links are stored under.

        A field that took over the name another one had before is `<path>@<step>`, the step that freed the name.
        """
        self._check(version, version, version)
        for one in self._turns(version, 1):
            if (step := one.step) is not None:
                moved = next(((old, new) for old, new in step.moved if is_under(path, new)), None)
                if moved is not None:
                    path = relocate(path, moved[1], moved[0])
                elif any(is_under(path, gone) for gone in step.gone):
                    return f"{path}@{one.key}"
        return path

    def trace(self, path: str, *, start: int, to: int) -> str | None:
        """What the field `path` of version `start` is called at version `to`; None where it is not there."""
        self._check(start, to, to)
        found: str | None = path
        # Backwards from `start` is what `trace` of a step tells; forwards is the same with the direction turned round.
        for one in self._turns(start, to):
            if one.step is not None and not isinstance(one.step, MapState) and found is not None:
                found = one.step.trace(found, upward=not one.upward)
        return found

    def renames(self, start: int, to: int) -> Mapping[str, str]:
        """The fields of `start` that are called otherwise at `to`, the shortest paths that say it."""
        self._check(start, to, to)
        found: dict[str, str] = {}
        for path in sorted(self._moved_from(start, to)):
            new = self.trace(path, start=start, to=to)
            if new is not None and new != _renamed(path, found):
                found[path] = new
        return found

    def _moved_from(self, start: int, to: int) -> set[str]:
        """What fields that were moved on the way were called at the start."""
        taken: list[_Turn] = []
        found = set()
        for one in self._turns(start, to):
            for old, new in one.step.moved if one.step is not None else ():
                path: str | None = old if one.upward else new
                for earlier in reversed(taken):
                    if path is not None and earlier.step is not None:
                        path = earlier.step.trace(path, upward=earlier.upward)
                if path is not None:
                    found.add(path)
            taken.append(one)
        return found

    def digest(self, start: int, to: int) -> str:
        """SHA-256 of all that decides how version `start` is read as `to`."""
        said = [
            [one.key, one.upward, _told(one.step) if one.step else _told_pair(self.pairs.get(one.version))]
            for one in self._turns(start, to)
        ]
        text = json.dumps([self.type, start, to, said], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def has_functions(self, version: int) -> bool:
        """Whether `lenses.py` has a part in reading documents of the version before as this one, or back."""
        return version in self.pairs

    @property
    def missing(self) -> tuple[int, ...]:
        """Versions that nothing leads to."""
        known = {*self.steps, *self.pairs}
        return tuple(number for number in range(2, self.latest + 1) if number not in known)

    def with_functions(self, module: ModuleType) -> LensChain:
        """The chain with the functions of `lenses.py`. Raises InvalidLenses where one of a pair is missing."""
        faults: list[Violation] = []
        noun = self.type.partition(".")[2]
        found = {version: find_pair(module, noun, version, faults) for version in range(2, self.latest + 1)}
        for version, pair in self.pairs.items():
            if found.get(version) is None and pair is None:
                message = f"there is no up_{noun}_{version - 1}_to_{version}"
                faults.append(Violation("lenses.py#", "function_missing", message))
        if faults:
            raise InvalidLenses(type=self.type, violations=faults)
        pairs = {version: replace(pair, touches=self.touches.get(version)) for version, pair in found.items() if pair}
        return replace(self, pairs=pairs)

    def _turns(self, start: int, to: int) -> Iterator[_Turn]:
        """The steps of a cast, in the order they are taken."""
        upward = start < to
        for version in range(start + 1, to + 1) if upward else range(start, to, -1):
            steps = [
                _Turn(version, f"{version}.{index}", step, upward)
                for index, step in enumerate(self.steps.get(version, ()))
            ]
            if version in self.pairs:
                steps.append(_Turn(version, f"{version}.f", None, upward))
            yield from steps if upward else reversed(steps)

    def _pair(self, version: int, to: int) -> Pair:
        pair = self.pairs[version]
        if pair is None:
            raise CastFailed(type=self.type, to=to, step="lenses.py", reason="it has not been loaded", pointer="")
        return pair

    def _check(self, start: int, end: int, to: int) -> None:
        for version in (start, end):
            if not 1 <= version <= self.latest:
                reason = f"version {version} is not known, only 1 to {self.latest}"
                raise CastFailed(type=self.type, to=to, step="the chain", reason=reason, pointer="")


def _renamed(path: str, renames: Mapping[str, str]) -> str:
    """What the renames found so far make of a path."""
    for old in sorted(renames, key=len, reverse=True):
        if is_under(path, old):
            return relocate(path, old, renames[old])
    return path


def _is_one_to_one(values: Mapping[str, str]) -> bool:
    back = opposite(values)
    return all(back[new] == old for old, new in values.items()) and not set(values.values()) & (set(values) ^ set(back))


def _told(step: Step) -> list[Any]:
    more = {name: value for name, value in vars(step).items() if name in ("value", "is_new", "separator", "values")}
    return [type(step).__name__, list(step.paths), more]


def _told_pair(pair: Pair | None) -> str:
    return pair.digest if pair is not None else ""
