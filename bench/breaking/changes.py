"""What may be changed: each change with its kind, what it does in words, and the edit that makes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.breaking.edits import Edit, Folders, edit_json

Owner = Literal["rental", "sdk"]


@dataclass(frozen=True)
class Change:
    """kind: the row of the table it counts in. what: one clause, such as `rental.item.code is removed`."""

    kind: str
    what: str
    owner: Owner
    edit: Edit


def of_file(kind: str, what: str, file: str, change: Callable[[Any], None]) -> Change:
    """A change of one JSON file of the provider."""
    return Change(kind, what, "rental", lambda folders: edit_json(folders.provider / file, change))


def all_of(*edits: Edit) -> Edit:
    def edit(folders: Folders) -> None:
        for each in edits:
            each(folders)

    return edit


def in_provider(act: Callable[..., None], *arguments: Any, **options: Any) -> Edit:
    return lambda folders: act(folders.provider, *arguments, **options)


def in_sdk(act: Callable[..., None], file: str, *arguments: Any) -> Edit:
    return lambda folders: act(folders.sdk / file, *arguments)


def schemas(provider: Path) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(noun, file, schema) of the provider's document types."""
    for path in sorted((provider / "schemas").glob("*.json")):
        yield path.stem, f"schemas/{path.name}", read(path)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
