"""A process at the other end of a worker's socket that speaks frames as a test tells it: honest, broken or hostile."""

import contextlib
import faulthandler
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator

import msgpack

from sandbox.frames import HEADER, HELLO, REPLY, REQUEST, RESULT, RETURNED
from sandbox.host.native import NativeWorker
from sandbox.values import pack
from sandbox.worker.documents import from_kernel

Script = Callable[["Line"], None]
MEMORY_MB = 64


def frame_of(message: object) -> bytes:
    data = pack(message)
    return HEADER.pack(len(data)) + data


class Line:
    """The peer's end."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    def send_raw(self, data: bytes) -> None:
        self.end.sendall(data)

    def send(self, *message: object) -> None:
        self.send_raw(frame_of(list(message)))

    def receive(self) -> list:
        head = self._exactly(HEADER.size)
        return msgpack.unpackb(self._exactly(HEADER.unpack(head)[0]), ext_hook=from_kernel, strict_map_key=False)

    def ask(self, call_id: int, capability: str, *arguments: object) -> list:
        self.send(REQUEST, call_id, capability, list(arguments))
        reply = self.receive()
        assert reply[:2] == [REPLY, call_id]
        return reply[2:]

    def end_call(self, call_id: int, value: object = None, *, status: int = RETURNED, changes=(), logs=()) -> None:
        self.send(RESULT, call_id, status, value, list(changes), list(logs), 0)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.end.recv(count - len(data))
            if not part:
                os._exit(0)
            data += part
        return data


def spin() -> None:
    """Forever, as endless code does; interrupts are taken and ignored."""
    while True:
        time.perf_counter()


def interrupted(*_: object) -> None:
    raise TimeoutError


def _run(end: socket.socket, script: Script) -> None:
    signal.signal(signal.SIGALRM, interrupted)
    # Whoever dies on purpose is not to tell all about it.
    faulthandler.disable()
    # A failing script must not become a second pytest.
    with contextlib.suppress(BaseException):
        script(Line(end))
    os._exit(0)


def start_worker(script: Script) -> NativeWorker:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _run(theirs, script)
    theirs.close()
    return NativeWorker(ours, pid, os.pidfd_open(pid), obituary_of(pid), MEMORY_MB)


def obituary_of(pid: int) -> Callable[[float], int | None]:
    def tell(_: float) -> int | None:
        # The socket has ended, and the process is ending with it.
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    return tell


def has_ended(pid: int) -> bool:
    """Whether it is gone, and buried with this."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def serve(answer: Callable[[Line, int, list], None]) -> Script:
    """A script that does this for every frame: line, call id, rest of the frame from its third place on."""

    def script(line: Line) -> None:
        for kind, call_id, *rest in iter(line.receive, None):
            assert kind != HELLO
            answer(line, call_id, rest)

    return script


@contextlib.contextmanager
def worker_of(script: Script) -> Iterator[NativeWorker]:
    worker = start_worker(script)
    try:
        yield worker
    finally:
        worker.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(worker.pid, 0)
