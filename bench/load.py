"""The client: keep-alive connections in a process of their own, light, so that it costs the server little.

Run as `python -m bench.load`; reads one job per line from stdin as JSON, answers with one line each.
A job is {ports, tokens, clients, count, first, timed, steps: [[method, path, body], …]}. Each client has its share of
the tokens, and at least one, with a connection for each, and takes them in turn. In path and body `##` is replaced by
a number never used twice, `{id}` by the id in the answer to the step before.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from typing import Any

NUMBER = b"##"
ID = b"{id}"
RECEIVED_BYTES = 65_536
TIMEOUT_S = 60


class RequestRefused(Exception):
    """The server did not answer with a 2xx."""


class Connection:
    """One keep-alive connection to the server on this machine."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n".encode()

    def ask(self, method: bytes, path: bytes, body: bytes) -> bytes:
        """The body of the answer; raises RequestRefused."""
        head = b"%s %s HTTP/1.1\r\n%s" % (method, path, self._headers)
        if body:
            head += b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        self._socket.sendall(head + b"\r\n" + body)
        status, answer = self._receive()
        if not 200 <= status < 300:
            raise RequestRefused(f"{method.decode()} {path.decode()}: {status} {answer[:500].decode()}")
        return answer

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> tuple[int, bytes]:
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        status, length = read_head(data[:end])
        body = data[end + 4 :]
        while len(body) < length:
            body += self._more()
        return status, body

    def _more(self) -> bytes:
        found = self._socket.recv(RECEIVED_BYTES)
        if not found:
            raise ConnectionError("the server closed the connection")
        return found


def read_head(head: bytes) -> tuple[int, int]:
    """Status and content length of an answer."""
    lines = head.split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line[:15].lower() == b"content-length:"), 0)
    return int(lines[0].split(b" ", 2)[1]), length


def find_id(answer: bytes) -> bytes:
    """The document's id in its flat JSON, where it comes first."""
    start = answer.index(b'"id":"') + 6
    return answer[start : answer.index(b'"', start)]


class Client(threading.Thread):
    """Goes through the steps so many times, each round with a number of its own."""

    def __init__(self, job: dict[str, Any], index: int, barrier: threading.Barrier) -> None:
        super().__init__(daemon=True)
        clients, count = job["clients"], job["count"]
        self._numbers = range(job["first"] + index, job["first"] + count, clients)
        self._steps = [tuple(part.encode() for part in step) for step in job["steps"]]
        self._port, tokens = job["ports"][index % len(job["ports"])], job["tokens"]
        self._tokens = tokens[index::clients] or [tokens[index % len(tokens)]]
        self._barrier = barrier
        self.failure: Exception | None = None
        # Seconds of each round, one after the other.
        self.times: list[float] = []

    def run(self) -> None:
        try:
            with ExitStack() as stack:
                connections = [stack.enter_context(closing(Connection(self._port, each))) for each in self._tokens]
                self._barrier.wait()
                for number, connection in zip(self._numbers, itertools.cycle(connections), strict=False):
                    began = time.perf_counter()
                    self._go_through(connection, b"%012d" % number)
                    self.times.append(time.perf_counter() - began)
        except Exception as error:  # reason: told to the process that asked, which raises it there
            self.failure = error
            self._barrier.abort()

    def _go_through(self, connection: Connection, number: bytes) -> None:
        id = b""
        for step, (method, path, body) in enumerate(self._steps, start=1):
            answer = connection.ask(method, path.replace(ID, id), body.replace(NUMBER, number))
            if step < len(self._steps):
                id = find_id(answer)


def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """{seconds, times}, from the moment all are connected until the last is done; or {error}."""
    barrier = threading.Barrier(job["clients"] + 1)
    clients = [Client(job, index, barrier) for index in range(job["clients"])]
    for client in clients:
        client.start()
    try:
        barrier.wait(TIMEOUT_S)
    except threading.BrokenBarrierError:
        return {"error": _first_failure(clients)}
    started = time.perf_counter()
    for client in clients:
        client.join()
    seconds = time.perf_counter() - started
    failure = _first_failure(clients)
    if failure:
        return {"error": failure}
    return {"seconds": seconds, "times": [each for client in clients for each in client.times] if job["timed"] else []}


def _first_failure(clients: Sequence[Client]) -> str:
    for client in clients:
        client.join()
    failures = [client.failure for client in clients if client.failure is not None]
    # A broken barrier is only what the others saw of the first failure.
    real = [failure for failure in failures if not isinstance(failure, threading.BrokenBarrierError)]
    return repr((real or failures)[0]) if failures else ""


def main() -> None:
    for line in sys.stdin:
        answer = json.dumps(run_job(json.loads(line)))
        # Written at once, without a buffer that would be written again at the exit: nobody may be listening any more.
        with suppress(BrokenPipeError):
            os.write(sys.stdout.fileno(), answer.encode() + b"\n")


if __name__ == "__main__":
    main()
