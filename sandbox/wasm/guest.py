"""What the component does: the loop of a worker, turned inside out. A frame is an argument, its end what is returned.

Executed once as the component is built, and kept as it is then: an instance begins with everything imported and warm.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

import msgpack

from sandbox.frames import HEADER
from sandbox.wasm.late_imports import import_late
from sandbox.wasm.letters import BYTES, OUT_OF_MEMORY
from sandbox.worker import loading
from sandbox.worker.alarm import Alarm
from sandbox.worker.channel import Channel
from sandbox.worker.documents import from_kernel
from sandbox.worker.serving import make_worker

# Hands a request to the kernel, with the line it was made at, and brings the answer.
Ask = Callable[[str, str], str]
_SEED_BYTES = 16


class Over(BaseException):
    """The worker has said its last word; in a process of its own it would end here."""


class Wire(Channel):
    """Whole frames without their lengths, each handed over by a call."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self.module_of: Callable[[str], str | None] = _no_module
        self.sent = b""

    def send_packed(self, data: bytes) -> None:
        self.sent = data[HEADER.size :]

    def receive(self) -> list[Any]:
        return self.read(self._ask(self.sent.decode(BYTES), self._place()))

    def read(self, text: str) -> list[Any]:
        frame: list[Any] = msgpack.unpackb(text.encode(BYTES), ext_hook=from_kernel, strict_map_key=False)
        return frame

    def _place(self) -> str:
        """Where in the applet this is asked: should its time be up later, that is the last that is known."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            module = self.module_of(frame.f_code.co_filename)
            if module is not None:
                return f"{module}\n{frame.f_code.co_name}\n{frame.f_lineno}"
            frame = frame.f_back
        return ""


class Guest:
    """One worker; every instance of the component has it from the beginning."""

    def __init__(self, ask: Ask) -> None:
        import_late()
        loading.warm()
        # There is no process to end.
        os._exit = _end
        self._wire = Wire(ask)
        self._worker = make_worker(self._wire, Alarm(), loading.Programs, _stay)
        self._wire.module_of = self._worker.module_of
        self._is_new = True

    def answer(self, text: str) -> str:
        if self._is_new:
            # Else all instances would draw the numbers that were next when the component was built.
            random.seed(int.from_bytes(os.urandom(_SEED_BYTES)))
            self._is_new = False
        try:
            return self._answer(text)
        except MemoryError:
            # There was too little of it to say even that.
            return OUT_OF_MEMORY

    def _answer(self, text: str) -> str:
        with suppress(Over):
            self._worker.answer(self._wire.read(text))
        return self._wire.sent.decode(BYTES)


def _end(status: int) -> NoReturn:
    raise Over


def _stay() -> None:
    """The component has no doors to close."""


def _no_module(file_name: str) -> None:
    """Nothing is loaded yet."""
