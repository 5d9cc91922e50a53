"""What is said to and fro with an instance in a call: its answer comes as it returns, its requests as it calls back."""

from __future__ import annotations

import time
from typing import Any, NoReturn

from wasmtime import WasmtimeError

from sandbox.errors import CallsTooNested
from sandbox.frames import HEADER
from sandbox.host.engine import Answer, Deadlines
from sandbox.host.outcome import Place
from sandbox.host.patience import Patience, Step
from sandbox.host.talk import Talk
from sandbox.host.wire import Ended, MalformedFrame, Request
from sandbox.limits import ERROR_CHARACTERS_MAX, NAME_CHARACTERS_MAX
from sandbox.wasm.instance import Instance, TooNested
from sandbox.wasm.letters import BYTES, OUT_OF_MEMORY
from sandbox.wasm.limits import NESTED_CALLS_MAX
from sandbox.wasm.ticking import Clock

# A call of what is not there. A dying interpreter wants to say so on its standard error, which is a crash.
_FORBIDDEN, _LAST_WORDS = "unknown import", ("`wasi:cli/", "`wasi:io/")


class WasmConversation(Talk):
    """With one instance. It cannot be interrupted half-way, so a call has all the time until its hard deadline."""

    def __init__(self, instance: Instance, memory_mb: int, clock: Clock) -> None:
        super().__init__(memory_mb)
        self._instance, self._clock = instance, clock
        self._is_running = False
        self._since_cpu_s = 0.0
        self._place: Place | None = None
        self._answer: Answer
        self._patience: Patience
        self._raised: BaseException | None = None

    def kill(self, why: str) -> None:
        # Whoever runs it hears at the next tick.
        if self.killed_why is None:
            self.killed_why = why

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._let_go()

    def hold(self, kind: int, rest: list[Any], function: str, answer: Answer, deadlines: Deadlines) -> Ended:
        data = self._begin(kind, rest, function)
        whole = Deadlines(deadlines.hard_s, deadlines.hard_s, deadlines.answers_s)
        self._answer, self._place, self._raised = answer, None, None
        self._since_cpu_s = time.thread_time()
        self._patience = Patience(whole, self._cpu_now_s, self.cpu_s)
        try:
            ended = self._read_end(self._run(data))
        except MalformedFrame as error:
            self._raise_malformed(error)
        except TooNested:
            raise CallsTooNested(maximum=NESTED_CALLS_MAX) from None
        except WasmtimeError as error:
            self._raise_end(str(error))
        self._check_memory(ended)
        return ended

    def asked(self, request: str, place: str) -> str | None:
        """A `Runner`: in the middle of the call."""
        patience = self._patience
        patience.pause()
        self.cpu_s = self._cpu_now_s()
        try:
            self._place = _read_place(place)
            reply = self._reply_to(self._read_request(request), self._answer)
            self._check_answers_after(patience)
            return reply[HEADER.size :].decode(BYTES)
        except BaseException as error:  # reason: raised again behind the native code that nothing passes through
            self._raised = error
            return None
        finally:
            self._since_cpu_s = time.thread_time()

    def may_go_on(self) -> bool:
        """A `Runner`: at each tick."""
        if self.is_over:
            return False
        return self._patience.left_s() > 0 or self._patience.expire() is Step.WAIT_ON

    def _run(self, data: bytes) -> str:
        self._is_running = True
        try:
            with self._clock:
                return self._instance.answer(data[HEADER.size :].decode(BYTES), self)
        finally:
            self._is_running = False
            self.cpu_s = self._cpu_now_s()
            self._since_cpu_s = time.thread_time()
            self._let_go()

    def _let_go(self) -> None:
        # A request may close it while native code stands on the stack.
        if self.is_closed and not self._is_running:
            self._instance.close()

    def _cpu_now_s(self) -> float:
        """Of this thread, while the instance has its turn."""
        return self.cpu_s + time.thread_time() - self._since_cpu_s

    def _read_request(self, text: str) -> Request:
        frame = self._read_own(_to_bytes(text))
        if not isinstance(frame, Request):
            raise MalformedFrame("the end of a call in the place of a request")
        return frame

    def _read_end(self, text: str) -> Ended:
        if text == OUT_OF_MEMORY:
            reason = f"its memory of {self._memory_mb} MB was exceeded"
            self._raise_violation("memory", reason, self._place, where="after")
        frame = self._read_own(_to_bytes(text))
        if not isinstance(frame, Ended):
            raise MalformedFrame("a request in the place of the end of a call")
        return frame

    def _check_answers_after(self, patience: Patience) -> None:
        patience.resume()
        self._check_answers(patience)

    def _raise_end(self, told: str) -> NoReturn:
        """Of an instance that ended in the middle of a call."""
        raised, self._raised = self._raised, None
        if isinstance(raised, MalformedFrame):
            self._raise_malformed(raised)
        if raised is not None:
            self.close()
            raise raised
        if self.killed_why is not None:
            raise self._stopped() from None
        if self._patience.is_interrupted:
            self._raise_late(self._patience, self._place, "after")
        detail = told.strip().rpartition("\n")[2].strip()[:ERROR_CHARACTERS_MAX]
        if _FORBIDDEN in detail and not any(each in detail for each in _LAST_WORDS):
            self._raise_violation(
                "syscall", "it made a forbidden system call", self._place, where="after", detail=detail
            )
        self._raise_violation("crashed", "its instance ended", self._place, where="after", detail=detail)


def _to_bytes(text: str) -> bytes:
    try:
        return text.encode(BYTES)
    except UnicodeEncodeError:
        raise MalformedFrame("characters that are no bytes") from None


def _read_place(told: str) -> Place | None:
    """Whatever it says is the instance's own word."""
    module, _, rest = told[: 3 * NAME_CHARACTERS_MAX].partition("\n")
    function, _, line = rest.partition("\n")
    return Place(module, function, int(line)) if module and line.isascii() and line.isdigit() else None
