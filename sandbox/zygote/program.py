"""The zygote's program: started by its handle in a fresh interpreter, never a fork of the kernel.

It holds no secret, no connection and one thread: workers are bound to the life of that thread. When the kernel's end
of its socket closes, it ends, and all its workers with it.
"""

from __future__ import annotations

import array
import importlib
import os
import select
import socket
from pathlib import Path
from typing import Any

import msgpack

from sandbox.frames import HELLO
from sandbox.lockdown import capabilities, namespaces, process, root
from sandbox.lockdown.levels import Walls
from sandbox.worker.alarm import Alarm
from sandbox.worker.channel import Channel
from sandbox.worker.serving import Programs, serve
from sandbox.zygote.birth import Birth, Order, silence
from sandbox.zygote.probes import PROBES
from sandbox.zygote.warming import close_doors, warm

_MESSAGE_BYTES_MAX = 4096
_DESCRIPTORS_MAX = 1 << 20
READY = b"ready"


def main(options: dict[str, Any]) -> None:
    """options: `control`, descriptor of the socket to the handle; `walls`; `loader`, the module that loads programs."""
    control = socket.socket(fileno=options["control"])
    walls = Walls(**options["walls"])
    try:
        loader = importlib.import_module(options["loader"])
        warm()
        loader.warm()
        base_bytes = _address_space_bytes()
        enter(walls)
        server = Server(control, loader.Programs, Birth(base_bytes, walls))
    except Exception as error:  # reason: whatever it is, the handle tells it; nobody reads what is written here
        control.send(f"{type(error).__name__}: {error}".encode()[:_MESSAGE_BYTES_MAX])
        os._exit(1)
    silence()
    close_doors()
    control.send(READY)
    server.serve()


def enter(walls: Walls) -> None:
    """Become what all workers are forks of: nobody, without capabilities, and in namespaces of its own."""
    process.forget_personality()
    if walls.namespaces:
        namespaces.enter()
        _become_first()
        root.empty()
        capabilities.narrow()
    else:
        capabilities.narrow()
        namespaces.drop_root()
    capabilities.give_up()
    # Both pass on to forks.
    process.stay_small()
    process.hide()


def _become_first() -> None:
    """Only a child is in the new process namespace: go on as that child, its parent waits and does nothing else."""
    child = os.fork()
    if child:
        capabilities.give_up()
        os.closerange(0, _DESCRIPTORS_MAX)
        os.waitpid(child, 0)
        os._exit(0)
    # In here the parent has no process id; its death is felt all the same.
    process.die_with(0)


def _address_space_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class Server:
    """Forks workers as it is asked to, and reports how each of them ended."""

    def __init__(self, control: socket.socket, programs: Programs, birth: Birth) -> None:
        self._control, self._programs, self._birth = control, programs, birth
        # Inherited by all workers; it never goes off in here, where no call runs.
        self._alarm = Alarm()
        self._alarm.listen()
        self._children: dict[int, tuple[int, int]] = {}
        self._is_retired = False
        self._poll = select.epoll()
        self._poll.register(control, select.EPOLLIN)

    def serve(self) -> None:
        """Until the kernel is gone, or this zygote is retired and its last worker has ended."""
        while not (self._is_retired and not self._children):
            for descriptor, _ in self._poll.poll():
                if descriptor == self._control.fileno():
                    self._take_order()
                else:
                    self._reap(descriptor)
        os._exit(0)

    def _take_order(self) -> None:
        try:
            message, ancillary, _, _ = self._control.recvmsg(_MESSAGE_BYTES_MAX, socket.CMSG_SPACE(4))
        except ConnectionError:
            os._exit(0)
        if not message:
            os._exit(0)
        number, memory_mb, walls, probe = msgpack.unpackb(message)
        if number == 0:
            self._is_retired = True
            return
        descriptors = array.array("i", ancillary[0][2])
        self._fork(Order(number, memory_mb, Walls(*walls), probe), descriptors[0])
        os.close(descriptors[0])

    def _fork(self, order: Order, socket_fd: int) -> None:
        try:
            child = os.fork()
        except OSError as error:
            self._report(order.number, f"fork: {error.strerror}")
            return
        if child == 0:
            self._live(order, socket_fd)
        descriptor = os.pidfd_open(child)
        self._children[descriptor] = (child, order.number)
        self._poll.register(descriptor, select.EPOLLIN)

    def _live(self, order: Order, socket_fd: int) -> None:
        """The whole life of a worker; never returns."""
        try:
            channel = Channel()
            if self._is_locked_down(channel, socket_fd, order):
                serve(channel, self._alarm, self._programs, self._seal)
        finally:
            # Nothing may come back into the zygote's loop, in a fork of it.
            os._exit(1)

    def _is_locked_down(self, channel: Channel, socket_fd: int, order: Order) -> bool:
        try:
            self._seal = self._birth.lock_down(socket_fd, order)
        except Exception as error:  # reason: a wall that cannot be raised is told to the handle; nothing is loaded
            channel.send([HELLO, f"{type(error).__name__}: {error}"[:_MESSAGE_BYTES_MAX]])
            return False
        channel.send([HELLO, ""])
        if order.probe is None:
            return True
        # The handle wants to know the process before it is gone.
        channel.receive()
        self._seal()
        channel.send([HELLO, PROBES[order.probe]()])
        return False

    def _reap(self, descriptor: int) -> None:
        child, number = self._children.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(child, 0)
        self._report(number, os.waitstatus_to_exitcode(status))

    def _report(self, number: int, status: int | str) -> None:
        try:
            self._control.send(msgpack.packb([number, status]), socket.MSG_DONTWAIT)
        except OSError:
            # The handle has not read for long, or is gone: how a worker ended is worth telling, not waiting for.
            return
