"""The corpus as data.

A file of attacks holds one family; each attack begins with a line `#: name`, followed by `exhausts` where it only takes
time or memory and is for a worker alone. Its source is the module `attack` of an applet `corpus`, with a function
`run(ctx)`. EPILOGUE is put behind it and gives it two functions:

    escaped(kind, what)   what it returns when it got somewhere: ["ESCAPED", kind, text]
    through(os)           given the real module `os`, it goes on and reads a file

Kinds: `object` (something real of the interpreter), `poison` (left for the next call, or changed for everybody), and,
the ones that matter when the policy is off, `file`, `process`, `network`, `secret`.

With the policy on, any result of `escaped` is an escape. With it off (the source executed with Python's own builtins,
inside of a locked worker) objects are there for the asking, so that only the kinds of HARM count. Every attack is
called twice, each time as a call of its own: `poison` shows in the second.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

APPLET, MODULE, FUNCTION = "corpus", "attack", "run"
MARKER = "ESCAPED"
HARM = frozenset({"file", "process", "network", "secret"})
EPILOGUE = f'''

def escaped(kind, what):
    return ["{MARKER}", kind, str(what)[:200]]


def through(os):
    number = os.open("/etc/passwd", 0)
    return escaped("file", os.read(number, 50))
'''
_HEAD = re.compile(r"^#: (\w+)((?: \S+)*)$", re.MULTILINE)
_ROOM = Path(__file__).parent


@dataclass(frozen=True)
class Attack:
    """exhausts: takes time, memory or output only; run it in a worker, never in the process of a test."""

    name: str
    family: str
    source: str
    exhausts: bool = False


@dataclass(frozen=True)
class Benign:
    """expected: what `run(None)` returns. needs: modules an engine may lack, by which it may be refused."""

    name: str
    source: str
    expected: Any
    needs: frozenset[str] = frozenset()


def attacks() -> list[Attack]:
    """All attacks, by family and in the order they are written in. Their sources have EPILOGUE already."""
    return [
        Attack(name, path.stem, source + EPILOGUE, "exhausts" in notes)
        for path in sorted((_ROOM / "attacks").glob("*.txt"))
        for name, notes, source in _programs(path)
    ]


def benign() -> list[Benign]:
    """All benign programs. Their expected value is the literal of their last line, `#= value`."""
    return [_benign(*each) for path in sorted((_ROOM / "benign").glob("*.txt")) for each in _programs(path)]


def escape_of(value: Any, is_policy_on: bool = True) -> str | None:
    """What an attack got, as `kind: text`; None where it got nothing that counts."""
    if type(value) not in (list, tuple) or len(value) != 3 or value[0] != MARKER:
        return None
    return f"{value[1]}: {value[2]}" if is_policy_on or value[1] in HARM else None


def _programs(path: Path) -> list[tuple[str, list[str], str]]:
    text = path.read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        (head[1], head[2].split(), text[head.end() : end].strip() + "\n") for head, end in zip(heads, ends, strict=True)
    ]


def _benign(name: str, notes: list[str], source: str) -> Benign:
    body, _, expected = source.rpartition("#= ")
    return Benign(name, body, ast.literal_eval(expected.strip()), frozenset(notes))
