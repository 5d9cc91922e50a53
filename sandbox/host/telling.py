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
from sandbox.shipping import make_packer, pack_document
from sandbox.values import SHIPPED, Facts, facts_ext, pack, packed_who, to_ext
from sdk.document import Document
from sdk.errors import BosError, Invalid, TooLarge
from sdk.errors import Violation as BrokenRule

# Most frames are of a kilobyte or two, and every worker has a packer of its own.
_PACKER_BYTES = 4_096
_Ext: Any = msgpack.ExtType
# Its constructor checks what is known here, for longer than all the rest takes.
_new: Any = tuple.__new__
_NOBODY: tuple[tuple[Any, ...], bytes] = ((None, None, None), b"")
_PLAIN = frozenset({type(None), bool, int, float, str})


class FramePacker:
    """Of one worker: a packer serves one thread at a time."""

    __slots__ = ("_documents", "_facts", "_packer", "_settings", "_who")

    def __init__(self) -> None:
        self._packer = msgpack.Packer(default=self._to_ext, strict_types=True, autoreset=True, buf_size=_PACKER_BYTES)
        self._documents = make_packer()
        self._who: tuple[tuple[Any, ...], bytes] = _NOBODY
        self._facts: tuple[Facts, Any] | None = None
        self._settings: Any = None

    def pack(self, frame: list[Any]) -> bytes:
        """With its length before it. Raises TooLarge, Invalid for what does not travel."""
        try:
            data: bytes = self._packer.pack(frame)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            # What was packed before the fault would come out with the next frame.
            self._packer.reset()
            self._documents.reset()
            self._forget()
            raise Invalid(f"A value cannot be handed to an applet: {error}.") from error
        if len(data) > FRAME_BYTES_MAX:
            self._forget()
            raise TooLarge(limit="message to an applet", maximum=f"{FRAME_BYTES_MAX} bytes")
        return HEADER.pack(len(data)) + data

    def _to_ext(self, value: Any) -> Any:
        if type(value) is Facts:
            # Those of a batch are the same for all.
            if self._facts is None or value is not self._facts[0]:
                return self._facts_ext(value)
            return self._facts[1]
        if isinstance(value, Document):
            return _new(_Ext, (SHIPPED, pack_document(self._documents, value)))
        return to_ext(value)

    def _facts_ext(self, facts: Facts) -> Any:
        tenant, actor, now, today, company_id, settings = facts
        last, who = self._who
        if last[0] is not tenant or last[1] is not actor or last[2] != company_id:
            who = packed_who(tenant, actor, company_id)
            self._who = ((tenant, actor, company_id), who)
        # Settings are replaced as a whole when they change, and a worker keeps those it was sent.
        if settings is self._settings:
            ext = facts_ext(who, now, today, None)
            self._facts = (facts, ext)
            return ext
        self._facts, self._settings = None, settings
        return facts_ext(who, now, today, None if settings is None else pack(dict(settings)))

    def _forget(self) -> None:
        """What is not sent after all, the worker does not know."""
        self._who, self._facts, self._settings = _NOBODY, None, None

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
