"""Errors across the wire: what an applet raised, as plain data, and what the kernel answers, as errors to catch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from sandbox.limits import (
    ERROR_CHARACTERS_MAX,
    ERROR_DETAILS_MAX,
    ERROR_PLACES_MAX,
    ERROR_VIOLATIONS_MAX,
    NAME_CHARACTERS_MAX,
)
from sandbox.values import pack
from sandbox.worker.outgoing import check
from sdk import document_errors, errors, registers
from sdk.errors import KINDS, BosError, Violation

_FRAMES_MAX = 2_000
_KNOWN: dict[str, type[BosError]] = {
    value.code: value
    for module in (errors, document_errors, registers)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, BosError)
}
_KINDS = {kind.__name__: kind for kind in (*KINDS, BosError)}

# Name of the applet's module a file is, None where the file is none of its own.
ModuleOf = Callable[[str], str | None]
Told = list[Any]


def kind_of(error: BaseException) -> str | None:
    """The kind of an error of the SDK's, None for any other."""
    return next((kind.__name__ for kind in KINDS if isinstance(error, kind)), None)


def tell(error: BaseException, module_of: ModuleOf) -> Told:
    """The error as it crosses. Runs the applet's own `__str__`; whatever is no text of a fit length is made one."""
    places = list(_places(error.__traceback__, module_of))[-ERROR_PLACES_MAX:]
    kind = kind_of(error)
    if kind is None or not isinstance(error, BosError):
        return [_name(type(error)), "", _text(error), {}, [], places]
    values = error.__dict__
    message = values.get("message")
    details = values.get("details")
    return [
        kind,
        _cut(type(error).code, NAME_CHARACTERS_MAX),
        _cut(message) if type(message) is str else _text(error),
        _details(details) if type(details) is dict else {},
        _violations(values.get("violations")),
        places,
    ]


def tell_plainly(kind: str, message: str, violations: tuple[Violation, ...] = ()) -> Told:
    """An error of the runtime's own."""
    return [kind, "", _cut(message), {}, _violations(violations), []]


def tell_end(kind: str, error: BaseException, module_of: ModuleOf) -> Told:
    """Without a look at the error itself, which is the runtime's: where it struck is what matters."""
    return [kind, "", "", {}, [], list(_places(error.__traceback__, module_of))[-ERROR_PLACES_MAX:]]


def _places(traceback: TracebackType | None, module_of: ModuleOf) -> Iterator[tuple[str, str, int]]:
    for _ in range(_FRAMES_MAX):
        if traceback is None:
            return
        code = traceback.tb_frame.f_code
        module = module_of(code.co_filename)
        if module is not None:
            yield module, code.co_name[:NAME_CHARACTERS_MAX], traceback.tb_lineno or 0
        traceback = traceback.tb_next


def _text(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception as failure:  # reason: it is the applet's own text, and may fail in any way; its error stays known
        return f"an error that cannot be shown ({_name(type(failure))})"
    return _cut(text) if type(text) is str else "an error that shows no text"


def _name(kind: type) -> str:
    return _cut(type.__getattribute__(kind, "__name__"), NAME_CHARACTERS_MAX)


def _cut(text: Any, length: int = ERROR_CHARACTERS_MAX) -> str:
    if type(text) is not str:
        return ""
    # Half of a surrogate pair cannot travel.
    return text[:length].encode(errors="replace").decode()


def _details(details: dict[Any, Any]) -> dict[str, Any]:
    told = {}
    for name, value in list(details.items())[:ERROR_DETAILS_MAX]:
        if type(name) is str:
            told[_cut(name, NAME_CHARACTERS_MAX)] = _detail(value)
    return told


def _detail(value: Any) -> Any:
    try:
        check(value)
        if len(pack(value)) <= ERROR_CHARACTERS_MAX:
            return value
    except (TypeError, ValueError, OverflowError, RecursionError):
        # Told as a text then.
        return _text_of(value)
    return _text_of(value)


def _text_of(value: Any) -> str:
    try:
        return _cut(str(value))
    except Exception:  # reason: the applet's own text of a detail, which nobody depends on
        return ""


def _violations(violations: Any) -> list[list[str | None]]:
    if type(violations) is not tuple:
        return []
    return [
        [_cut(v.pointer), _cut(v.rule), _cut(v.message), None if v.expected is None else _cut(v.expected)]
        for v in violations[:ERROR_VIOLATIONS_MAX]
        if type(v) is Violation
    ]


def heard(told: Told) -> BosError:
    """The kernel's error, to be raised in the applet: of the class of that code, so that it is caught as in process."""
    kind, code, message, details, violations = told
    base = _KINDS.get(kind, BosError)
    leaf = _KNOWN.get(code) or _own(base, code) or _leaf(base, code)
    error = leaf.__new__(leaf)
    # Its own constructor may want other arguments, and would make another message.
    error.args = (message,)
    error.__dict__.update(
        message=message, details=details, violations=tuple(Violation(*violation) for violation in violations)
    )
    return error


def _own(base: type[BosError], code: str) -> type[BosError] | None:
    """The applet's own class of that code, which it may want to catch: of those it made, the one of this call."""
    newest = None
    for kind in type.__subclasses__(base):
        newest = _own(kind, code) or (kind if kind.code == code else newest)
    return newest


def _leaf(base: type[BosError], code: str) -> type[BosError]:
    name = "".join(word.capitalize() for word in code.split("_")) or base.__name__
    made: type[BosError] = type(name, (base,), {"__doc__": ""})
    made.code = code
    return made
