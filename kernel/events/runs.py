"""Which deliveries are taken together: a run of one subscriber, longer the more of its deliveries changed nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

# How many may share a transaction.
RUN_DELIVERIES_MAX = 50


class Found(NamedTuple):
    """A delivery that was due when it was looked for. is_suspect: it may be what ends the process that handles it."""

    id: int
    subscriber: str
    is_suspect: bool


class Runs:
    """What was found for one tenant, the next in front. Several threads may share it."""

    def __init__(self) -> None:
        self._found: deque[Found] = deque()
        self._lengths: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, found: Iterable[Found]) -> None:
        """To those found before, subscriber by subscriber, in the order of their first ones."""
        by_subscriber: dict[str, list[Found]] = {}
        for one in found:
            by_subscriber.setdefault(one.subscriber, []).append(one)
        self._found.extend(one for group in by_subscriber.values() for one in group)

    def put_back(self, found: Iterable[Found]) -> None:
        """To the front, in this order."""
        self._found.extendleft(reversed(list(found)))

    def take(self) -> Found | None:
        try:
            return self._found.popleft()
        except IndexError:
            return None

    def take_run(self, most: int) -> list[Found]:
        """Those in front that may share a transaction; a suspect shares none."""
        run: list[Found] = []
        while (next := self.take()) is not None:
            first = run[0] if run else next
            if run and (next.is_suspect or first.is_suspect or next.subscriber != first.subscriber):
                self.put_back([next])
                break
            run.append(next)
            if len(run) >= min(most, self._lengths.get(next.subscriber, 1)):
                break
        return run

    def lengthen(self, subscriber: str) -> None:
        """Its last run changed nothing and went well."""
        self._lengths[subscriber] = min(RUN_DELIVERIES_MAX, 2 * self._lengths.get(subscriber, 1))

    def shorten(self, subscriber: str, length: int = 1) -> None:
        """Its last run ended early: with an effect, with a failure, or because it took long."""
        self._lengths[subscriber] = length
