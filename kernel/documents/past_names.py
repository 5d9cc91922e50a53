"""Fields in events of earlier versions of a type: what may be shown of them, and what they are called now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from sdk.lenses import Default, Joined, Mapped, Noted, Opaque, Part, Path, Same, Source
from sdk.schema import DocumentType

REMEMBERED_MAX = 1_024


@lru_cache(maxsize=REMEMBERED_MAX)
def names_shown(type: DocumentType, hidden: frozenset[str]) -> frozenset[str] | None:
    """Names at the top of events of any version that tell nothing of the fields that are hidden now.

    None: all but the hidden ones, as the type has one version. A name the present version does not know is not shown,
    since nobody says any more whom it was hidden from.
    """
    if type.lenses is None:
        return None
    known = frozenset(_top(path) for path in type.fields)
    telling: set[str] = set(hidden)
    for version in range(1, type.lenses.latest + 1):
        for path in (path for path in type.fields if _top(path) in hidden):
            names = _names_in(type.lenses.source(path, at=version, now=type.version), path)
            if names is None:
                return frozenset()
            telling |= names
    return known - telling


def in_present_words(type: DocumentType, diff: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """A merge diff of an earlier version with the names fields have now, as far as they only were renamed."""
    if type.lenses is None or version == type.version:
        return diff
    renames = type.lenses.renames(version, type.version)
    for old, new in renames.items():
        diff = _moved(diff, old.split("."), new.split("."))
    return diff


def _moved(diff: Any, old: list[str], new: list[str]) -> Any:
    if isinstance(diff, list):
        return [_moved(item, old, new) for item in diff]
    if not isinstance(diff, Mapping) or old[0] not in diff:
        return diff
    if len(old) > 1 and len(new) > 1 and old[0] == new[0]:
        return {**diff, old[0]: _moved(diff[old[0]], old[1:], new[1:])}
    if len(old) > 1 or len(new) > 1:
        # From one object into another: told where it was.
        return diff
    return {new[0] if name == old[0] else name: value for name, value in diff.items()}


def _names_in(source: Source, path: str) -> set[str] | None:
    """The names at the top a source reads; None where it may be any."""
    inner: tuple[Source, ...] = ()
    match source:
        case Same() | Path():
            return {_top(path if isinstance(source, Same) else source.path)}
        case Opaque():
            return None
        case Default() | Mapped() | Part():
            inner = (source.source,)
        case Joined(sources, _):
            inner = sources
        case Noted(first, _, _, guards):
            inner = (first, *(guard for _, guard in guards))
    return _all(_names_in(each, path) for each in inner)


def _all(found: Iterator[set[str] | None]) -> set[str] | None:
    names: set[str] = set()
    for each in found:
        if each is None:
            return None
        names |= each
    return names


def _top(path: str) -> str:
    return path.partition(".")[0]
