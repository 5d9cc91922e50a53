"""What a worker may send, decoded into exact types: whatever else it sends is no frame.

Nothing here trusts the sender: it may be native code that has taken the worker over. Bounds are those of an honest
runtime (sandbox/limits.py), which keeps within them whatever an applet does, so that breaking one is no accident.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sandbox import limits
from sandbox.frames import POLICY, REFUSED, REQUEST, RESULT, RETURNED
from sandbox.host.outcome import AppletFailure, Change, HookFound, LogLine, Place, Result, Status
from sandbox.values import from_worker
from sdk.document import Document
from sdk.errors import Violation as BrokenRule

Text = Annotated[str, Meta(max_length=limits.ERROR_CHARACTERS_MAX)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Position = Annotated[int, Meta(ge=0, le=limits.ARGUMENTS_MAX)]
LogTold = tuple[Annotated[str, Meta(max_length=16)], Annotated[str, Meta(max_length=limits.LOG_LINE_CHARACTERS_MAX)]]


class MalformedFrame(Exception):
    """No frame that a worker of ours sends; the text says why."""


class TooDeep(Exception):
    """A value that nests deeper than whoever walks through it can bear. An applet may well make one."""


class Request(msgspec.Struct, array_like=True, tag=REQUEST, forbid_unknown_fields=True, gc=False):
    call_id: Count
    capability: Annotated[str, Meta(max_length=limits.NAME_CHARACTERS_MAX)]
    arguments: Annotated[list[Any], Meta(max_length=limits.ARGUMENTS_MAX)]


class DocumentChange(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    argument: Position
    fields_set: dict[str, Any]
    fields_removed: tuple[str, ...]


Changes = Annotated[list[DocumentChange], Meta(max_length=limits.ARGUMENTS_MAX)]


class Ended(msgspec.Struct, array_like=True, tag=RESULT, forbid_unknown_fields=True, gc=False):
    call_id: Count
    status: Annotated[int, Meta(ge=RETURNED, le=POLICY)]
    value: Any
    changes: Changes
    logs: Annotated[list[LogTold], Meta(max_length=limits.LOG_LINES_MAX)]
    dropped: Count


class OneOfMany(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    status: Annotated[int, Meta(ge=RETURNED, le=REFUSED)]
    value: Any
    changes: Changes


class ToldRule(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    pointer: Text
    rule: Text
    message: Text
    expected: Text | None


class ToldPlace(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    module: Text
    function: Text
    line: Count


class ToldError(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    kind: Text
    code: Text
    message: Text
    details: Annotated[dict[str, Any], Meta(max_length=limits.ERROR_DETAILS_MAX)]
    violations: Annotated[list[ToldRule], Meta(max_length=limits.ERROR_VIOLATIONS_MAX)]
    places: Annotated[list[ToldPlace], Meta(max_length=limits.ERROR_PLACES_MAX)]


class ToldHook(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    function: Text
    hook: Text
    subjects: Annotated[tuple[Text, ...], Meta(max_length=limits.SUBJECTS_MAX)]
    parameters: Annotated[tuple[Text, ...], Meta(max_length=limits.ARGUMENTS_MAX)]
    line: Count


Hooks = Annotated[list[ToldHook], Meta(max_length=limits.HOOKS_MAX)]
_decoder = msgspec.msgpack.Decoder(Request | Ended, ext_hook=from_worker)
# What cannot hold anything, and so adds no depth.
_FLAT = frozenset({type(None), bool, int, float, str, bytes, Decimal, date, datetime})


def read_frame(data: bytes | memoryview) -> Request | Ended:
    """Raises MalformedFrame."""
    try:
        frame: Request | Ended = _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError) as error:
        # Beyond what msgspec refuses itself: a list as a key, a date no calendar has, lists in lists without end.
        raise MalformedFrame(str(error)[: limits.ERROR_CHARACTERS_MAX]) from None
    return frame


def read_result(frame: Ended) -> Result:
    """Raises MalformedFrame where an error is not told as errors are, TooDeep for what it returned."""
    if frame.status > Status.REFUSED:
        raise MalformedFrame(f"status {frame.status} of a call")
    if not frame.logs:
        logs: tuple[LogLine, ...] = ()
    elif sum(len(text) for _, text in frame.logs) > limits.LOG_BYTES_MAX:
        raise MalformedFrame("more was logged than may be")
    else:
        logs = tuple(LogLine(level, text) for level, text in frame.logs)
    return _make_result(frame, logs, frame.dropped)


def read_results(frame: Ended, count: int) -> list[Result]:
    """Of a batch: one for each of its calls. What they logged stands beside the first."""
    whole = read_result(frame)
    if whole.status != Status.RETURNED:
        # Their results together were too large, say.
        return [whole] * count
    ended: list[OneOfMany] = _convert(frame.value, list[OneOfMany])
    if len(ended) != count:
        raise MalformedFrame(f"{len(ended)} results of {count} calls")
    return [_make_result(one, *((whole.logs, whole.dropped) if one is ended[0] else ((), 0))) for one in ended]


def read_hooks(frame: Ended) -> tuple[HookFound, ...]:
    """What a load found. Raises MalformedFrame."""
    found: list[ToldHook] = _convert(frame.value, Hooks)
    return tuple(HookFound(hook.function, hook.hook, hook.subjects, hook.parameters, hook.line) for hook in found)


def read_failure(value: Any) -> AppletFailure:
    """Raises MalformedFrame, TooDeep."""
    told: ToldError = _convert(value, ToldError)
    check_depth(told.details)
    rules = tuple(BrokenRule(rule.pointer, rule.rule, rule.message, rule.expected) for rule in told.violations)
    places = tuple(Place(place.module, place.function, place.line) for place in told.places)
    return AppletFailure(told.kind, told.code, told.message, told.details, rules, places)


def check_depth(value: Any, depth: int = 0) -> None:
    """Raises TooDeep: whoever walks through it later does so on Python's stack."""
    if depth > limits.VALUE_DEPTH_MAX:
        raise TooDeep(f"a value nests deeper than {limits.VALUE_DEPTH_MAX} levels")
    if type(value) is Document:
        value = value.fields
    if type(value) is dict:
        value = value.values()
    elif type(value) is not list and type(value) is not tuple:
        return
    for item in value:
        if type(item) not in _FLAT:
            check_depth(item, depth + 1)


def _make_result(frame: Ended | OneOfMany, logs: tuple[LogLine, ...], dropped: int) -> Result:
    changes = tuple([_make_change(change) for change in frame.changes]) if frame.changes else ()
    if frame.status != Status.RETURNED:
        return Result(Status(frame.status), None, changes, logs, dropped, read_failure(frame.value))
    if type(frame.value) not in _FLAT:
        check_depth(frame.value)
    return Result(Status.RETURNED, frame.value, changes, logs, dropped)


def _make_change(change: DocumentChange) -> Change:
    for value in change.fields_set.values():
        if type(value) not in _FLAT:
            check_depth(value, 1)
    return Change(change.argument, change.fields_set, change.fields_removed)


def _convert(value: Any, shape: Any) -> Any:
    try:
        return msgspec.convert(value, shape, strict=True)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise MalformedFrame(str(error)[: limits.ERROR_CHARACTERS_MAX]) from None
