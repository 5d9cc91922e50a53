"""Run as a process of its own: writes and posts invoices, and logs what it was answered, each line on the disk at once.

Reads its job as JSON from standard input: {port, token, log, run, count, clients, is_retrying, customer}. With
is_retrying each request bears an Idempotency-Key and is sent again until it is answered; without it is sent once, and
an invoice whose answer was lost is left as it is. Each line of the log is {number, step, id, result} or {fault}.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import sys
import threading
import time
from typing import Any

INVOICES = "/api/v1/receivables/invoices"
UNANSWERED = (ConnectionError, http.client.HTTPException, TimeoutError)
ANSWER_S_MAX = 60
# Whoever finds nobody listening asks again after so many seconds.
PAUSE_S = 0.05
AWAY_S_MAX = 90


class Lost(Exception):
    """Nobody knows whether the request took effect, or it was refused for now."""


class Log:
    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, **entry: Any) -> None:
        # One write is one line, however many threads write.
        os.write(self._file, json.dumps({"at": time.time(), **entry}).encode() + b"\n")
        os.fsync(self._file)


class Client(threading.Thread):
    """One connection, for as long as there are numbers left."""

    def __init__(self, job: dict[str, Any], numbers: Any, log: Log) -> None:
        super().__init__()
        self._job, self._numbers, self._log = job, numbers, log
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        for number in self._numbers:
            if number > self._job["count"]:
                return
            try:
                made = self._ask(number, "create", INVOICES, self._invoice(number), 201)
                posted = self._ask(number, "post", f"{INVOICES}/{made['id']}/post", {}, 200)
            except Lost:
                continue
            if posted["state"] != "posted":
                self._log.write(fault=f"answered {posted}")

    def _invoice(self, number: int) -> dict[str, Any]:
        price = f"{number % 90 + 10}.50"
        lines = [{"description": f"Part {part}", "quantity": part, "unit_price": price} for part in ("1", "2", "3")]
        reference = f"{self._job['run']}-{number}"
        return {"customer": self._job["customer"], "issued_on": "2026-03-02", "reference": reference, "lines": lines}

    def _ask(self, number: int, step: str, path: str, body: Any, expected: int) -> Any:
        """The answer. Raises Lost."""
        while True:
            status, headers, answer = self._send(number, step, path, body)
            if status == expected:
                self._log.write(number=number, step=step, id=answer["id"], result=answer.get("number"))
                return answer
            if status is not None:
                self._check_refusal(status, headers, answer)
                self._log.write(number=number, step=step, id=None, result=answer.get("code"))
                time.sleep(int(headers.get("retry-after", 1)))
            else:
                self._log.write(number=number, step=step, id=None, result="unanswered")
            if not self._job["is_retrying"]:
                raise Lost

    def _check_refusal(self, status: int, headers: Any, answer: Any) -> None:
        """While the database is away there is one way to be refused."""
        media_type, pause = headers.get("content-type"), headers.get("retry-after")
        if (status, media_type) != (503, "application/problem+json") or not pause or answer["status"] != 503:
            self._log.write(fault=f"refused: {status} {media_type} {pause} {answer}")

    def _send(self, number: int, step: str, path: str, body: Any) -> tuple[int | None, Any, Any]:
        connection = self._connect()
        headers = {"Authorization": f"Bearer {self._job['token']}", "Content-Type": "application/json"}
        if self._job["is_retrying"]:
            headers["Idempotency-Key"] = f"{self._job['run']}-{number}-{step}"
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())
        except UNANSWERED:
            connection.close()
            self._connection = None
            return None, None, None

    def _connect(self) -> http.client.HTTPConnection:
        """A connection that is open: while nobody listens no request is lost, it is not even sent."""
        end = time.monotonic() + AWAY_S_MAX
        # A server that ends in order says so with its last answer, and http.client hangs up.
        while self._connection is None or self._connection.sock is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._job["port"], timeout=ANSWER_S_MAX)
            try:
                connection.connect()
                self._connection = connection
            except OSError as error:
                if time.monotonic() > end:
                    self._log.write(fault=f"nobody listens: {error}")
                    raise
                time.sleep(PAUSE_S)
        return self._connection


def main() -> None:
    job = json.load(sys.stdin)
    # Shared by the threads; `next` of it is one step of the interpreter.
    numbers = itertools.count(1)
    log = Log(job["log"])
    clients = [Client(job, numbers, log) for _ in range(job["clients"])]
    for client in clients:
        client.start()
    for client in clients:
        client.join()


if __name__ == "__main__":
    main()
