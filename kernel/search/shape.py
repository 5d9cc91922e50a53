"""What of which types is searched, and in which language."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kernel.search.fold import fold
from sdk.lenses import Same
from sdk.schema import DocumentType, find_values

TEXT_CHARACTERS_MAX = 100_000
SHAPES_REMEMBERED_MAX = 4096
FALLBACK = "simple"
# PostgreSQL's configurations by the language of a locale (ISO 639-1).
_CONFIGURATIONS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch", "en": "english",
    "et": "estonian", "fi": "finnish", "fr": "french", "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nb": "norwegian",
    "nn": "norwegian", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """What of one type is searched. paths: of its fields, in order; the number stands before them, as line 1.

    digest: another one wherever the index of this type would be another.
    """

    type: DocumentType
    paths: tuple[str, ...]
    titles: frozenset[str]
    digest: int

    def lines(self, number: str | None, data: Mapping[str, Any]) -> list[str]:
        """The folded text of the number and of each field."""
        return [fold(number or ""), *(fold(text_at(data, path)) for path in self.paths)]

    def visible_lines(self, hidden: frozenset[str]) -> list[int]:
        """Which lines, from 1, may be seen by whom these fields are hidden from."""
        shown = (place for place, path in enumerate(self.paths, 2) if path.partition(".")[0] not in hidden)
        return [1, *shown]


def language_of(locale: str) -> str:
    """The text search configuration of a BCP 47 locale."""
    return _CONFIGURATIONS.get(locale.replace("_", "-").partition("-")[0].lower(), FALLBACK)


@lru_cache(maxsize=SHAPES_REMEMBERED_MAX)
def shape_of(type: DocumentType, language: str) -> Shape | None:
    """None for a type nothing of which is searched."""
    paths = tuple(field.path for field in type.searchable if not _is_guarded(type, field.path))
    if not paths:
        return None
    titles = frozenset(path for path in paths if path == type.title_field)
    said = [language, type.name, paths, sorted(titles), *_cast_from(type, paths)]
    digest = _digest(said)
    return Shape(type, paths, titles, digest)


def shapes_of(types: Iterable[DocumentType], language: str) -> dict[str, Shape]:
    """By type, those of which something is searched."""
    found = ((type.name, shape_of(type, language)) for type in types)
    return {name: shape for name, shape in found if shape is not None}


def digest_of_all(shapes: Mapping[str, Shape]) -> int:
    """One number for all of them."""
    return _digest(sorted((name, shape.digest) for name, shape in shapes.items()))


def text_at(data: Mapping[str, Any], path: str) -> str:
    """All values at a path as one text."""
    return " ".join(str(value) for _, value in find_values(data, path))[:TEXT_CHARACTERS_MAX]


def _cast_from(type: DocumentType, paths: tuple[str, ...]) -> list[str]:
    """Where other versions of the type have these fields, as far as they are not in the same place.

    A cast is no new version of a document, so that its entry is only written anew where this differs.
    """
    if type.lenses is None:
        return []
    found = [
        f"{version} {source!r}"
        for version in range(1, type.lenses.latest + 1)
        for path in paths
        if (source := type.lenses.source(path, at=version, now=type.version)) != Same()
    ]
    return [" ".join(found)] if found else []


def _is_guarded(type: DocumentType, path: str) -> bool:
    """Whether the field, or what it stands in, is stored as ciphertext, and so must not be readable in an index."""
    parts = path.split(".")
    above = (".".join(parts[: depth + 1]) for depth in range(len(parts)))
    return any(type.fields[each].schema.get("x-encrypted") for each in above)


def _digest(value: Any) -> int:
    """31 bits, never 0, which means that nothing was built."""
    text = json.dumps(value, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % (2**31 - 1) + 1
