"""One process of the zygote, as the kernel sees it: its control socket, and the sockets of the workers it forks."""

from __future__ import annotations

import array
import json
import os
import select
import socket
import struct
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path

import msgpack

from sandbox.frames import HEADER, HELLO
from sandbox.limits import SPAWN_S_MAX
from sandbox.lockdown.levels import Walls
from sandbox.zygote.errors import WorkerUnavailable

_MESSAGE_BYTES_MAX = 4096
_READY = b"ready"
_CREDENTIALS = struct.Struct("3i")
_CLOSE_S_MAX = 3.0
# Statuses nobody has asked for.
_EXITS_KEPT = 1_000
# Imports nothing from where the kernel happens to stand, and nothing of the environment but what is said here.
_START = (
    "import importlib, json, sys; options = json.loads(sys.argv[1]); sys.path[:0] = options['path']; "
    "importlib.import_module('sandbox.zygote.program').main(options)"
)
# The C library would look for the zone's file at each use of local time.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC0"}


@dataclass(frozen=True, slots=True)
class Spawned:
    """A worker as it was born. All three are the caller's to close; the descriptors do not outlive an exec."""

    socket: socket.socket
    pid: int
    pidfd: int
    number: int = field(repr=False)
    forking: ZygoteProcess = field(repr=False)


def import_path() -> list[str]:
    """Where Bos lies, and what it depends on."""
    paths = sysconfig.get_paths()
    return list(dict.fromkeys([str(Path(__file__).resolve().parents[2]), paths["purelib"], paths["platlib"]]))


class ZygoteProcess:
    """Begun at once, usable when `is_ready`."""

    def __init__(self, walls: Walls, loader: str, path: Sequence[str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            options = {
                "control": theirs.fileno(),
                "walls": asdict(walls),
                "loader": loader,
                "path": [*import_path(), *path],
            }
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", _START, json.dumps(options)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                # An interrupt from the terminal is for the kernel, which ends this one when it ends.
                start_new_session=True,
            )
        self.pid = self._process.pid
        self.spawns = 0
        self._was_ready = False
        self._sending, self._reading = threading.Lock(), threading.Lock()
        self._exits: dict[int, int | str] = {}

    def is_ready(self, wait_s: float) -> bool:
        """Raises WorkerUnavailable when it cannot start, telling why."""
        if self._was_ready:
            return True
        if not _is_readable(self._control, wait_s):
            return False
        said = self._control.recv(_MESSAGE_BYTES_MAX)
        if said != _READY:
            raise WorkerUnavailable(reason=said.decode(errors="replace") or "the zygote ended as it started")
        self._was_ready = True
        return True

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def is_buried(self) -> bool:
        """Whether it has ended; what it held is let go then."""
        if self.is_alive():
            return False
        self._control.close()
        return True

    def spawn(self, memory_mb: int, walls: Walls, probe: str | None = None) -> Spawned:
        """Raises WorkerUnavailable."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Before anything is said: then the kernel of the machine tells with it who did, by our numbers.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            with theirs:
                number = self._order(memory_mb, walls, probe, theirs)
            hello = self.read_hello(ours, number)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
            ours.settimeout(None)
            assert hello is not None
            return Spawned(ours, hello[1], os.pidfd_open(hello[1]), number, self)
        except OSError as error:
            ours.close()
            raise WorkerUnavailable(reason=str(error)) from error
        except WorkerUnavailable:
            ours.close()
            raise

    def _order(self, memory_mb: int, walls: Walls, probe: str | None, theirs: socket.socket) -> int:
        with self._sending:
            self.spawns += 1
            number = self.spawns
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))
            self._control.sendmsg([msgpack.packb([number, memory_mb, astuple(walls), probe])], [rights])
        # What nobody asked for must not fill the socket.
        if self._reading.acquire(blocking=False):
            try:
                self._read_exits()
            finally:
                self._reading.release()
        return number

    def read_hello(self, ours: socket.socket, number: int | None) -> tuple[str, int] | None:
        """What a worker said and its process id. None at the end, unless `number` says why that came."""
        ours.settimeout(SPAWN_S_MAX)
        data, pid, length = b"", 0, HEADER.size
        while len(data) < length:
            part, ancillary, _, _ = ours.recvmsg(length - len(data), socket.CMSG_SPACE(_CREDENTIALS.size))
            if not part:
                if number is None:
                    return None
                raise WorkerUnavailable(reason=f"it ended at its birth ({self.exit_status(number, 0.5)})")
            for level, kind, credentials in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                    pid = _CREDENTIALS.unpack(credentials)[0]
            data += part
            if len(data) == HEADER.size:
                length += HEADER.unpack(data)[0]
        kind, text = msgpack.unpackb(data[HEADER.size :])
        if kind != HELLO or (number is not None and text):
            raise WorkerUnavailable(reason=f"it cannot be locked down: {text}")
        return text, pid

    def exit_status(self, number: int, wait_s: float) -> int | str | None:
        """None where it is not known in time; a text where there never was a process."""
        end = time.monotonic() + wait_s
        while number not in self._exits:
            rest = end - time.monotonic()
            if rest <= 0 or not self._reading.acquire(timeout=rest):
                break
            try:
                # Somebody else may have read it while this thread waited for its turn.
                is_known = number in self._exits
                if not is_known and self._waits_in_vain(end - time.monotonic()):
                    break
            finally:
                self._reading.release()
        return self._exits.pop(number, None)

    def _waits_in_vain(self, wait_s: float) -> bool:
        return _is_readable(self._control, max(0.0, wait_s)) and not self._read_exits()

    def _read_exits(self) -> bool:
        """Take what is there; False at the end of the zygote."""
        while True:
            try:
                message = self._control.recv(_MESSAGE_BYTES_MAX, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not message:
                return False
            number, status = msgpack.unpackb(message)
            self._exits[number] = status
            while len(self._exits) > _EXITS_KEPT:
                self._exits.pop(next(iter(self._exits)), None)

    def retire(self) -> None:
        """Fork no more, end with the last worker."""
        try:
            with self._sending:
                self._control.send(msgpack.packb([0, 0, (), None]))
        except OSError:
            # It has ended already.
            return

    def close(self) -> None:
        """End it and its workers, and wait for that."""
        self._control.close()
        try:
            self._process.wait(_CLOSE_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _is_readable(waiting: socket.socket, wait_s: float) -> bool:
    poll = select.poll()
    try:
        poll.register(waiting, select.POLLIN)
    except ValueError:
        # Closed by another thread: there is nothing more to come.
        return False
    return bool(poll.poll(wait_s * 1000))
