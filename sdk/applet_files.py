"""Reading the files of an applet's folder: bounded, and strict where JSON is lenient."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sdk.errors import Violation
from sdk.nearest import nearest

FILE_BYTES_MAX = 1_000_000
DEFINITIONS_MAX = 500
FOLDERS = ("schemas", "workflows", "lenses", "registers", "reports", "views", "tests", "data", "locale")
FILES = ("roles.json", "settings.json", "applet.lock")


def read_text(path: Path, faults: list[Violation]) -> str | None:
    """The text of a file; None, and a violation, where it cannot be read."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            faults.append(Violation("", "file_size", "the file is too large", f"at most {FILE_BYTES_MAX} bytes"))
            return None
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        faults.append(Violation("", "file_missing", f"there is no {path.name}", "the file"))
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Violation("", "file_unreadable", f"the file cannot be read: {error}", "UTF-8 text"))
    return None


def read_json(path: Path, faults: list[Violation]) -> Any:
    """The value of a JSON file; None, and a violation, where it is not JSON."""
    text = read_text(path, faults)
    if text is None:
        return None
    try:
        data = json.loads(text, object_pairs_hook=_refuse_doubles, parse_constant=_refuse_constant)
    except RecursionError:
        faults.append(Violation("", "json", "the file is nested too deeply"))
        return None
    except ValueError as error:
        faults.append(Violation("", "json", f"not JSON: {str(error)[:200]}"))
        return None
    if data is None:
        faults.append(Violation("", "json", "the file holds nothing", "an object"))
    return data


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Python keeps the last of two; whoever wrote both meant something else.
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{double} is there twice in one object")
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def list_definitions(folder: Path) -> list[Path]:
    """The JSON files of one kind, by name."""
    return sorted(folder.glob("*.json"))[:DEFINITIONS_MAX] if folder.is_dir() else []


def find_strays(folder: Path) -> list[Violation]:
    """Files and folders that look like definitions under a misspelt name, and would silently do nothing."""
    strays = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        known = FOLDERS if path.is_dir() else FILES
        meant = nearest(path.name, known)
        is_stray = path.name not in known and (
            path.suffix == ".json" if path.is_file() else meant is not None and any(path.glob("*.json"))
        )
        if is_stray:
            expected = meant or ", ".join(known)
            strays.append(Violation(f"{path.name}#", "stray_file", f"nothing reads {path.name}", expected))
    return strays
