"""Edits of an applet's folder as a developer would make them: everywhere the thing is named, and nowhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Edit = Callable[["Folders"], None]


@dataclass(frozen=True)
class Folders:
    """Copies that may be changed: of the provider, and of the SDK. Both are released by people who test them."""

    provider: Path
    sdk: Path


class NothingToEdit(Exception):
    """The edit found nothing of what it is about: the corpus and the applet have grown apart."""


def rename_word(root: Path, old: str, new: str, *, pattern: str = r"(?<!rental\.)\b{}\b") -> None:
    """In code and in data alike."""
    _replace(root, ("*.py", "*.json"), pattern.format(re.escape(old)), new)


def rename_identifier(root: Path, old: str, new: str) -> None:
    """In code, where it is no text: `"old"` stays."""
    _replace(root, ("*.py",), rf"(?<![\"'\w]){re.escape(old)}(?![\"'\w])", new)


def replace_text(path: Path, pattern: str, new: str, count: int = 0) -> None:
    text = path.read_text(encoding="utf-8")
    changed = re.sub(pattern, new, text, count=count, flags=re.MULTILINE)
    if changed == text:
        raise NothingToEdit(f"{pattern} in {path.name}")
    path.write_text(changed, encoding="utf-8")


def _replace(root: Path, globs: tuple[str, ...], pattern: str, new: str) -> None:
    files = [path for glob in globs for path in sorted(root.rglob(glob)) if "__pycache__" not in path.parts]
    changed = 0
    for path in files:
        text = path.read_text(encoding="utf-8")
        edited = re.sub(pattern, new, text)
        if edited != text:
            path.write_text(edited, encoding="utf-8")
            changed += 1
    if not changed:
        raise NothingToEdit(pattern)


def rename_in_function(path: Path, function: str, old: str, new: str) -> None:
    """An identifier within all functions of this name in a file, heads and bodies."""
    parts = re.split(r"(?m)^(?=    (?:def |@)|class |def |@)", path.read_text(encoding="utf-8"))
    head = re.compile(rf"\s*def {function}\(")
    edited = [re.sub(rf"(?<![\"'\w.]){old}\b", new, part) if head.match(part) else part for part in parts]
    if edited == parts:
        raise NothingToEdit(f"{function}({old}) in {path.name}")
    path.write_text("".join(edited), encoding="utf-8")


def edit_json(path: Path, change: Callable[[Any], None]) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    before = json.dumps(data)
    change(data)
    if json.dumps(data) == before:
        raise NothingToEdit(path.name)
    path.write_text(json.dumps(data, indent=2), encoding="utf-8")


def remove_word(root: Path, word: str) -> None:
    """What names it goes: members of data, and statements of code, which stand one a line."""
    for path in sorted(root.rglob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(_pruned(data, word), indent=2), encoding="utf-8")
    for path in sorted(root.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if f'"{word}"' not in line), encoding="utf-8")


def _pruned(data: Any, word: str) -> Any:
    if isinstance(data, Mapping):
        return {key: _pruned(value, word) for key, value in data.items() if key != word and not _names(value, word)}
    if isinstance(data, list):
        return [_pruned(item, word) for item in data if not _names(item, word) and item not in (word, f"-{word}")]
    return data


def _names(value: Any, word: str) -> bool:
    """Whether a text, as an expression or a name, or a measure is about it; prose is not."""
    if isinstance(value, str):
        return bool(re.search(rf"\b{word}\b", value)) and (" " not in value or bool(re.search(r"[(=<>,]", value)))
    inner = [item for key, item in value.items() if key not in ("title", "description")] if _is_leaf(value) else []
    return any(_names(item, word) for item in inner)


def _is_leaf(value: Any) -> bool:
    return isinstance(value, Mapping) and not any(isinstance(item, Mapping | list) for item in value.values())


def walk(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every field of a document type with its path through the schema."""
    for name, field in schema.get("properties", {}).items():
        here = (*path, "properties", name)
        yield here, field
        yield from walk(field, here)
        yield from walk(field.get("items", {}), (*here, "items"))


def at(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data[name]
    return data
