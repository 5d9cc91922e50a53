"""What a worker does in its life, done in the zygote before there is any.

Python settles on faster forms of code that has run a few times, and writes them down where the code lies: done here,
workers share those pages instead of each having its own, and none is slow at its first call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgpack

from sandbox.frames import BATCH, CALL, HEADER, LOAD, REPLY, RUN
from sandbox.shipping import make_packer, pack_document
from sandbox.values import SHIPPED, Facts, to_ext
from sandbox.worker.alarm import Alarm
from sandbox.worker.channel import Channel
from sandbox.worker.documents import from_kernel
from sandbox.worker.logs import Lines
from sandbox.worker.serving import Programs, Worker
from sdk.context import Actor, Tenant
from sdk.document import Document

# Code that ran so often has found its form.
_TIMES = 20
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_FACTS = Facts(Tenant("t", "t", "T", "EUR", "UTC", "en"), Actor("a", "user"), _MOMENT, _MOMENT.date(), "c", {"a": "b"})


class _Echo(Channel):
    """Answers each request of a call with nothing, and forgets results."""

    def __init__(self) -> None:
        super().__init__()
        self._call_id = 0

    def send_packed(self, data: bytes) -> None:
        kind, self._call_id, *_ = msgpack.unpackb(data[HEADER.size :], strict_map_key=False)
        del kind

    def receive(self) -> list[Any]:
        return [REPLY, self._call_id, True, None]

    def frame(self, *parts: Any) -> list[Any]:
        """As it comes from the kernel."""
        packed = msgpack.packb(list(parts), default=_to_ext, strict_types=True)
        frame: list[Any] = msgpack.unpackb(packed, ext_hook=from_kernel, strict_map_key=False)
        return frame


def _to_ext(value: Any) -> Any:
    if type(value) is Document:
        return msgpack.ExtType(SHIPPED, pack_document(make_packer(), value))
    return to_ext(value)


def rehearse(programs: Programs, source: str) -> None:
    """Load the source many times and do with it all that a kernel asks for. Its hook `total` changes a document."""
    for _ in range(_TIMES):
        channel = _Echo()
        worker = Worker(channel, programs(_stay, _forget), Alarm(), Lines())
        worker.answer(channel.frame(LOAD, 1, ["a", "1", {"hooks": source}, {}, "hooks", False]))
        for frame in _calls():
            worker.answer(channel.frame(*frame))


def _calls() -> Sequence[tuple[Any, ...]]:
    rows = [{"text": "x", "amount": Decimal("1.50"), "on": date(2026, 1, 1)} for _ in range(3)]
    document = Document("d", "a.b", {"rows": rows, "total": Decimal(0)}, "c", 1, created_at=_MOMENT)
    arguments = [_FACTS, document, None]
    return (
        (CALL, 2, "total", arguments),
        (BATCH, 3, "total", [arguments, arguments]),
        (RUN, 4, "hooks", "total", arguments),
        (CALL, 5, "missing", arguments),
    )


def _stay() -> None:
    """Nothing is sealed in a rehearsal."""


def _forget(level: str, text: str) -> None:
    """Nobody reads what is logged here."""
