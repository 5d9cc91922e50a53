"""What the kernel sends: frames with their lengths, programs, and errors that applets may catch."""

from __future__ import annotations

from typing import Any

import msgpack

from sandbox.frames import HEADER, REPLY
from sandbox.host.engine import Program
from sandbox.limits import (
    ERROR_CHARACTERS_MAX,
    ERROR_DETAILS_MAX,
    ERROR_VIOLATIONS_MAX,
    FRAME_BYTES_MAX,
    NAME_CHARACTERS_MAX,
)
from sandbox.values import to_ext
from sdk.errors import BosError, Invalid, TooLarge
from sdk.errors import Violation as BrokenRule

# Most frames are of a kilobyte or two, and every worker has a packer of its own.
_PACKER_BYTES = 4_096
_PLAIN = frozenset({type(None), bool, int, float, str})


class FramePacker:
    """Of one worker: a packer serves one thread at a time."""

    __slots__ = ("_packer",)

    def __init__(self) -> None:
        self._packer = msgpack.Packer(default=to_ext, strict_types=True, autoreset=True, buf_size=_PACKER_BYTES)

    def pack(self, frame: list[Any]) -> bytes:
        """With its length before it. Raises TooLarge, Invalid for what does not travel."""
        try:
            data: bytes = self._packer.pack(frame)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            # What was packed before the fault would come out with the next frame.
            self._packer.reset()
            raise Invalid(f"A value cannot be handed to an applet: {error}.") from error
        if len(data) > FRAME_BYTES_MAX:
            raise TooLarge(limit="message to an applet", maximum=f"{FRAME_BYTES_MAX} bytes")
        return HEADER.pack(len(data)) + data

    def pack_reply(self, call_id: int, value: Any) -> bytes:
        """Never fails: what cannot be handed over is told as an error instead."""
        try:
            return self.pack([REPLY, call_id, True, value])
        except (Invalid, TooLarge) as error:
            return self.pack_refusal(call_id, error)

    def pack_refusal(self, call_id: int, error: BosError) -> bytes:
        return self.pack([REPLY, call_id, False, tell_error(error)])


def tell_program(program: Program) -> list[Any]:
    return [
        program.applet, program.version, dict(program.modules), dict(program.files), program.hooks_module,
        program.keeps_state,
    ]  # fmt: skip


def tell_error(error: BosError) -> list[Any]:
    """As an applet that catches it sees it: everything plain, and cut to what a frame holds in any case."""
    rules = [_tell_rule(rule) for rule in error.violations[:ERROR_VIOLATIONS_MAX]]
    details = list(error.details.items())[:ERROR_DETAILS_MAX]
    return [
        error.kind,
        error.code,
        error.message[:ERROR_CHARACTERS_MAX],
        {name[:NAME_CHARACTERS_MAX]: _plain(value) for name, value in details},
        rules,
    ]


def _tell_rule(rule: BrokenRule) -> list[str | None]:
    expected = None if rule.expected is None else rule.expected[:ERROR_CHARACTERS_MAX]
    return [rule.pointer[:ERROR_CHARACTERS_MAX], rule.rule, rule.message[:ERROR_CHARACTERS_MAX], expected]


def _plain(value: Any) -> Any:
    if type(value) is str or type(value) not in _PLAIN or (type(value) is int and not -(2**63) <= value < 2**63):
        return str(value)[:ERROR_CHARACTERS_MAX]
    return value
