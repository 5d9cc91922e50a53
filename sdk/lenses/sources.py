"""Where a field of one version is found in a document stored at another: what SQL is written from.

Only `Same` and `Path` mean the same inside arrays; for a field in an array any other source is as good as `Opaque`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Same:
    """In the data, under the name it has."""


@dataclass(frozen=True, slots=True)
class Path:
    """In the data, under this dotted path."""

    path: str


@dataclass(frozen=True, slots=True)
class Kept:
    """In the keep-box, under these keys (`kept #> keys`); there is none where the keys lead to nothing."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Default:
    """What the source has, else this JSON value. within: only where this object is there, None = always."""

    source: Source
    value: Any
    within: Source | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Part `index` (from 0) of the source's text cut at the separator into at most `count`; the last takes the rest.

    There is none where the text has fewer parts, or the source nothing.
    """

    source: Source
    separator: str
    index: int
    count: int


@dataclass(frozen=True, slots=True)
class Joined:
    """The texts that are there, in this order, with the separator between; none where there is no text."""

    sources: tuple[Source, ...]
    separator: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """The source's text as `values` maps it; what it does not name stays as it is. Elements of arrays each."""

    source: Source
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Noted:
    """What a note in the keep-box says, where there is one that holds; else the source.

    The note is `kept[step]`. It holds where for each guard (name, source) the value of `kept[step]["of"][name]` is
    that of the source, both missing included; the field's value is then `kept[step]["was"][path]`, missing = none.
    """

    source: Source
    step: str
    path: str
    guards: tuple[tuple[str, Source], ...] = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """Nowhere: no document of that version has it."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """Only by casting the document: a function of `lenses.py` decides."""


Source = Same | Path | Kept | Default | Part | Joined | Mapped | Noted | Absent | Opaque


def settle(source: Source) -> Source:
    """The source; Opaque where it is in any part of it."""
    return Opaque() if any(isinstance(each, Opaque) for each in _walk(source)) else source


def _walk(source: Source) -> Iterator[Source]:
    yield source
    match source:
        case Default(source=inner, within=within):
            parts: tuple[Source | None, ...] = (inner, within)
        case Part(source=inner) | Mapped(source=inner):
            parts = (inner,)
        case Joined(sources=sources):
            parts = sources
        case Noted(source=inner, guards=guards):
            parts = (inner, *(guard for _, guard in guards))
        case _:
            parts = ()
    for part in parts:
        if part is not None:
            yield from _walk(part)
