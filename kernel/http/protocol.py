"""The bytes of a connection, before there is a request: what uvicorn leaves without a bound has one here."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from kernel.http.bodies import render_json
from kernel.http.errors import HeadTooLarge, MalformedRequest
from kernel.http.problems import MEDIA_TYPE, problem
from sdk.errors import BosError
from sdk.identifiers import new_id

# The line of the request and all its headers. Cookies and tokens take a few thousand; a proxy before us allows 8 KiB
# a line as a rule.
HEAD_BYTES_MAX = 64 * 1024
# Of a body nobody waits for any more: enough for a client to finish sending and then read why it was refused (it would
# see a broken connection otherwise), and an end for one that never finishes.
DISCARDED_BYTES_MAX = 16 * 1024 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Refuses heads that are too large and what is no HTTP, both as problems, and hangs up."""

    _is_in_head = True
    _is_too_large = False
    _has_moved_on = False
    _waiting_bytes = 0
    _discarded_bytes = 0

    def data_received(self, data: bytes) -> None:
        self._has_moved_on = False
        super().data_received(data)
        # Counted as it comes in: the parser keeps a header, or a trailer behind a body, until it has all of it.
        self._waiting_bytes = 0 if self._has_moved_on else self._waiting_bytes + len(data)
        if self.transport.is_closing():
            return
        if self._waiting_bytes > HEAD_BYTES_MAX:
            self._give_up()
        elif not self._is_in_head and self.cycle.response_complete:
            self._discarded_bytes += len(data)
            if self._discarded_bytes > DISCARDED_BYTES_MAX:
                self.transport.close()

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > HEAD_BYTES_MAX:
            self._is_too_large = True
            raise ValueError("the parser stops when this is raised")
        self._is_in_head, self._has_moved_on, self._discarded_bytes = False, True, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._has_moved_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_head = self._has_moved_on = True
        super().on_message_complete()

    def _give_up(self) -> None:
        """Where an answer may be under way already, nothing can be said any more."""
        if self._is_in_head:
            self._refuse(HeadTooLarge(limit="head", maximum=HEAD_BYTES_MAX))
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """The parser gave up."""
        self._refuse(HeadTooLarge(limit="head", maximum=HEAD_BYTES_MAX) if self._is_too_large else MalformedRequest())

    def _refuse(self, error: BosError) -> None:
        request_id = new_id()
        body = render_json(problem(error, instance="", request_id=request_id))
        head = (
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\ncache-control: no-store\r\n"
            f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[error.status] + head.encode() + body)
        self.transport.close()
