"""How a call ended, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from sdk.errors import Violation as BrokenRule


class Status(IntEnum):
    """Set by the runtime in the worker, never by the name of an error: an applet may call its own what it likes."""

    RETURNED = 0
    RAISED = 1
    REFUSED = 2
    DEADLINE = 3
    MEMORY = 4
    POLICY = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an applet: module inside of it ("hooks"), function, line from 1."""

    module: str
    function: str
    line: int

    def __str__(self) -> str:
        return f"line {self.line} of {self.module.replace('.', '/')}.py ({self.function})"


@dataclass(frozen=True, slots=True)
class AppletFailure:
    """What an applet raised. kind: of the error tree for a refusal ("Conflict"), else the name of its class.

    code, message, details, violations: of an error of the SDK. places: the applet's own frames, the innermost last.
    """

    kind: str
    code: str = ""
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    violations: tuple[BrokenRule, ...] = ()
    places: tuple[Place, ...] = ()

    @property
    def place(self) -> Place | None:
        return self.places[-1] if self.places else None


# Not frozen, as those of one call only: to freeze one takes longer than to read its frame.
@dataclass(slots=True)
class Change:
    """What a call did to a document among its arguments (argument: its place, from 0 after ctx)."""

    argument: int
    fields_set: Mapping[str, Any]
    fields_removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogLine:
    level: str
    text: str


@dataclass(slots=True)
class Result:
    """`value` when it returned, else `failure`. dropped: log lines beyond the limit."""

    status: Status
    value: Any = None
    changes: tuple[Change, ...] = ()
    logs: tuple[LogLine, ...] = ()
    dropped: int = 0
    failure: AppletFailure | None = None


@dataclass(frozen=True, slots=True)
class HookFound:
    """A function that a decorator of the SDK marked, as the worker found it."""

    function: str
    hook: str
    subjects: tuple[str, ...]
    parameters: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Description:
    hooks: tuple[HookFound, ...] = ()
