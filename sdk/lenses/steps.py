"""The steps a lens is made of. Each changes one object in place, from the older version to the newer and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sdk.lenses.places import ABSENT, copy_json, is_same_json, is_under, read_at, relocate, set_at, take_at
from sdk.lenses.sources import Absent, Default, Joined, Kept, Mapped, Noted, Opaque, Part, Source

# Gives the source of a path as it was called before the step.
Inner = Callable[[str], Source]


@dataclass(frozen=True, eq=False)
class Step:
    """paths: the fields it is about, as their documents call them. Below a common array it is taken on each item.

    gone: paths that are no more after it. come: paths that are new after it. moved: (from, to) where a value only
    changed its name. All of them as seen from the older version to the newer.
    """

    paths: tuple[str, ...]

    @property
    def gone(self) -> tuple[str, ...]:
        return ()

    @property
    def come(self) -> tuple[str, ...]:
        return ()

    @property
    def moved(self) -> tuple[tuple[str, str], ...]:
        return ()

    @cached_property
    def prefix(self) -> tuple[str, ...]:
        """The objects or arrays all its paths lie in."""
        parts = [path.split(".")[:-1] for path in self.paths]
        same = []
        for names in zip(*parts, strict=False):
            if len(set(names)) > 1:
                break
            same.append(names[0])
        return tuple(same)

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Its paths below the prefix."""
        return tuple(dict.fromkeys(self._below(path) for path in self.paths))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The members of the object below the prefix that it may change."""
        return tuple(dict.fromkeys(leaf.partition(".")[0] for leaf in self.leaves))

    def _below(self, path: str) -> str:
        return path.removeprefix(".".join((*self.prefix, "")))

    def up(self, scope: dict[str, Any]) -> None:
        raise NotImplementedError

    def down(self, scope: dict[str, Any]) -> None:
        raise NotImplementedError

    def trace(self, path: str, *, upward: bool) -> str | None:
        """What a field of after the step was called before it; None where it was not there."""
        for older, newer in self.moved:
            before, after = (older, newer) if upward else (newer, older)
            if is_under(path, after):
                return relocate(path, after, before)
        return None if any(is_under(path, other) for other in (*self.gone, *self.come)) else path

    def source(self, path: str, key: str, inner: Inner, *, upward: bool) -> Source | None:
        """Where a field of after the step comes from; None where it is untouched but perhaps renamed: see `trace`."""
        before = self.trace(path, upward=upward)
        if before is not None:
            is_around = any(is_under(other, path) and other != path for other in self.paths)
            return Opaque() if is_around and before == path else None
        return self._source(path, key, inner, upward)

    def _source(self, path: str, key: str, inner: Inner, upward: bool) -> Source:
        return Noted(Absent(), key, self._below(path)) if path in self.paths else Absent()


@dataclass(frozen=True, eq=False)
class Move(Step):
    """rename_field and move_field: the value has another name, or stands in another object."""

    @property
    def gone(self) -> tuple[str, ...]:
        return self.paths[:1]

    @property
    def come(self) -> tuple[str, ...]:
        return self.paths[1:]

    @property
    def moved(self) -> tuple[tuple[str, str], ...]:
        return ((self.paths[0], self.paths[1]),)

    def up(self, scope: dict[str, Any]) -> None:
        _move(scope, *self.leaves)

    def down(self, scope: dict[str, Any]) -> None:
        _move(scope, *reversed(self.leaves))


def _move(scope: dict[str, Any], old: str, new: str) -> None:
    value = take_at(scope, old, prune=True)
    if value is not ABSENT and not set_at(scope, new, value):
        set_at(scope, old, value)


@dataclass(frozen=True, eq=False)
class Drop(Step):
    """drop_field: the newer version has no such field; its value waits in the keep-box."""

    @property
    def gone(self) -> tuple[str, ...]:
        return self.paths

    def up(self, scope: dict[str, Any]) -> None:
        take_at(scope, self.leaves[0])

    def down(self, scope: dict[str, Any]) -> None:
        """The note of the way up brings the value back."""

    def _source(self, path: str, key: str, inner: Inner, upward: bool) -> Source:
        if upward:
            return super()._source(path, key, inner, upward)
        leaf, rest = self.leaves[0], path[len(self.paths[0]) :]
        return Kept((key, "was", leaf, *rest.split(".")[1:]))


@dataclass(frozen=True, eq=False)
class Add(Step):
    """add_field: the older version has no such field; its value waits in the keep-box on the way down."""

    @property
    def come(self) -> tuple[str, ...]:
        return self.paths

    def up(self, scope: dict[str, Any]) -> None:
        """The note of the way down brings the value back."""

    def down(self, scope: dict[str, Any]) -> None:
        take_at(scope, self.leaves[0])

    def _source(self, path: str, key: str, inner: Inner, upward: bool) -> Source:
        if not upward:
            return super()._source(path, key, inner, upward)
        leaf, rest = self.leaves[0], path[len(self.paths[0]) :]
        return Kept((key, "was", leaf, *rest.split(".")[1:]))


@dataclass(frozen=True, eq=False)
class SetDefault(Step):
    """set_default: a field gets this JSON value where it has none.

    is_new: the older version has no such field, so that its value waits in the keep-box on the way down.
    """

    value: Any = None
    is_new: bool = True

    @property
    def come(self) -> tuple[str, ...]:
        return self.paths if self.is_new else ()

    def up(self, scope: dict[str, Any]) -> None:
        if read_at(scope, self.leaves[0]) is ABSENT:
            set_at(scope, self.leaves[0], copy_json(self.value))

    def down(self, scope: dict[str, Any]) -> None:
        if self.is_new:
            take_at(scope, self.leaves[0])

    def source(self, path: str, key: str, inner: Inner, *, upward: bool) -> Source | None:
        if path not in self.paths:
            # Of an object, the value is of all its fields together.
            is_within = is_under(path, self.paths[0])
            return Opaque() if is_within else super().source(path, key, inner, upward=upward)
        leaf = self.leaves[0]
        within = inner(".".join(self.prefix)) if self.prefix and upward else None
        if self.is_new and not upward:
            return Noted(Absent(), key, leaf)
        # A step that calls a field new which was there before must not make anybody find what is not so.
        source = inner(path)
        return Noted(Default(source, self.value, within) if upward else source, key, leaf, ((leaf, source),))


@dataclass(frozen=True, eq=False)
class Split(Step):
    """split: a text becomes several, the last of which takes the rest. paths: the whole, then its parts."""

    separator: str = " "

    @property
    def gone(self) -> tuple[str, ...]:
        return tuple(path for path in self.paths[:1] if path not in self.paths[1:])

    @property
    def come(self) -> tuple[str, ...]:
        return self.paths[1:]

    @cached_property
    def _whole(self) -> str:
        return self._below(self.paths[0])

    @cached_property
    def _parts(self) -> tuple[str, ...]:
        return tuple(self._below(path) for path in self.paths[1:])

    def up(self, scope: dict[str, Any]) -> None:
        whole = take_at(scope, self._whole)
        if isinstance(whole, str):
            texts = whole.split(self.separator, len(self._parts) - 1)
            for path, text in zip(self._parts, texts, strict=False):
                set_at(scope, path, text)

    def down(self, scope: dict[str, Any]) -> None:
        texts = [text for path in self._parts if isinstance(text := take_at(scope, path), str)]
        if texts:
            set_at(scope, self._whole, self.separator.join(texts))

    def _source(self, path: str, key: str, inner: Inner, upward: bool) -> Source:
        whole, parts = self.paths[0], self.paths[1:]
        if upward and path in parts:
            source = inner(whole)
            part = Part(source, self.separator, parts.index(path), len(parts))
            return Noted(part, key, self._below(path), ((self._whole, source),))
        if not upward and path == whole:
            return Joined(tuple(inner(part) for part in parts), self.separator)
        return super()._source(path, key, inner, upward)


@dataclass(frozen=True, eq=False)
class MapValue(Step):
    """map_value: texts are called otherwise; what the map does not name stays. Elements of arrays each."""

    values: Mapping[str, str] | None = None

    @cached_property
    def _upward(self) -> Mapping[str, str]:
        return self.values or {}

    @cached_property
    def _downward(self) -> Mapping[str, str]:
        return opposite(self._upward)

    def up(self, scope: dict[str, Any]) -> None:
        _map(scope, self.leaves[0], self._upward)

    def down(self, scope: dict[str, Any]) -> None:
        _map(scope, self.leaves[0], self._downward)

    def source(self, path: str, key: str, inner: Inner, *, upward: bool) -> Source | None:
        if path not in self.paths:
            return super().source(path, key, inner, upward=upward)
        leaf, source = self.leaves[0], inner(path)
        return Noted(Mapped(source, self._upward if upward else self._downward), key, leaf, ((leaf, source),))


@dataclass(frozen=True, eq=False)
class MapState(MapValue):
    """map_state: states are called otherwise. Taken on {"state": …} instead of the data."""


def opposite(values: Mapping[str, str]) -> dict[str, str]:
    """The map backwards: of several that became one, the first; one that stayed itself comes first of all."""
    back: dict[str, str] = {}
    for old, new in values.items():
        if new not in back or old == new:
            back[new] = old
    return back


def _map(scope: dict[str, Any], path: str, values: Mapping[str, str]) -> None:
    found = read_at(scope, path)
    if isinstance(found, str) and found in values:
        set_at(scope, path, values[found])
    elif isinstance(found, list):
        mapped = [values.get(item, item) if isinstance(item, str) else item for item in found]
        if not is_same_json(mapped, found):
            set_at(scope, path, mapped)
