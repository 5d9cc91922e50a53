"""Answers the requests of one call, and of no other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.broker.arguments import name_of
from sandbox.broker.errors import ArgumentUnfit, QuotaExceeded, RequestFailed
from sandbox.broker.known import Known
from sandbox.broker.quotas import DECIDING, Quotas
from sandbox.broker.table import VERBS, Verb
from sandbox.frames import ELEVATED
from sandbox.host.violation import Violation
from sdk.context import Context
from sdk.document import Document
from sdk.errors import BosError


class Broker:
    """ctx: as the hook of an applet in this process would have it, bound to the applet. arguments: of the call.

    failure: what a verb raised that is no error of the SDK, the database lost say. The worker is told no more than
    that; whoever made the call raises it once the call has ended, whatever the applet made of it. refusal: the last
    error of the SDK that it was told.
    """

    __slots__ = (
        "_arguments",
        "_ctx",
        "_events",
        "_found",
        "_quotas",
        "_writes",
        "denials",
        "failure",
        "refusal",
        "requests",
    )

    def __init__(self, ctx: Context, arguments: Iterable[Any] = (), quotas: Quotas = DECIDING) -> None:
        self._ctx, self._quotas, self._arguments = ctx, quotas, arguments
        # Most calls ask for nothing.
        self._found: Known | None = None
        self.requests = self._writes = self._events = self.denials = 0
        self.failure: Exception | None = None
        self.refusal: BosError | None = None

    def answer(self, capability: str, arguments: list[Any]) -> Any:
        """Raises BosError, which the applet may catch, and Violation for what the worker of Bos never asks."""
        if type(capability) is not str or type(arguments) is not list:
            raise Violation("protocol", "a request is a name and a list")
        self.requests += 1
        if self.requests > self._quotas.requests:
            raise Violation("quota", f"it made more than {self._quotas.requests} requests in one call")
        is_elevated = capability.startswith(ELEVATED)
        verb = VERBS.get(capability[len(ELEVATED) :] if is_elevated else capability)
        if verb is None:
            raise Violation("protocol", f"there is no request {capability[:64]!r}")
        if len(arguments) != len(verb.takes):
            raise Violation("protocol", f"{capability} takes {len(verb.takes)} arguments, not {len(arguments)}")
        _check(capability, verb, arguments)
        self._count(verb)
        return self._run(capability, verb, self._ctx.elevated if is_elevated else self._ctx, arguments)

    @property
    def _known(self) -> Known:
        if self._found is None:
            self._found = Known(self._arguments)
        return self._found

    def document(self, named: list[str]) -> Document:
        return self._known.get(named)

    def as_seen(self, document: Document) -> Document:
        return self._known.as_seen(document)

    def _run(self, capability: str, verb: Verb, ctx: Context, arguments: list[Any]) -> Any:
        try:
            answer = verb.run(ctx, self, *arguments)
        except BosError as error:
            self.denials += error.status == 403
            self.refusal = error
            raise
        except Exception as error:  # reason: whatever it is, an applet is not to see it; it is raised after the call
            self.failure = error
            raise RequestFailed(verb=capability) from None
        self._known.note(answer)
        return answer

    def _count(self, verb: Verb) -> None:
        self._writes += verb.writes
        self._events += verb.emits
        if verb.writes and self._writes > self._quotas.writes:
            raise QuotaExceeded(what="writes", maximum=self._quotas.writes)
        if verb.emits and self._events > self._quotas.events:
            raise QuotaExceeded(what="events", maximum=self._quotas.events)


def _check(capability: str, verb: Verb, arguments: list[Any]) -> None:
    for position, (kind, value) in enumerate(zip(verb.takes, arguments, strict=True), start=1):
        if not kind.fits(value):
            raise ArgumentUnfit(verb=capability, position=position, expected=kind.expected, actual=name_of(value))
