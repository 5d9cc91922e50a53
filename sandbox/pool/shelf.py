"""Idle workers, found by key and let go in the order they were last used."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

from sandbox.pool.held import Held, Key


class Shelf:
    """Not locked: its pool is."""

    def __init__(self) -> None:
        # By identity, the one that has lain longest first.
        self._order: OrderedDict[int, Held] = OrderedDict()
        self._by_key: dict[Key, list[Held]] = {}

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Held]:
        return iter(self._order.values())

    def put(self, held: Held) -> None:
        self._order[id(held)] = held
        self._by_key.setdefault(held.key, []).append(held)

    def take(self, key: Key) -> Held | None:
        """The one used last, so that the others grow old."""
        found = self._by_key.get(key)
        if not found:
            return None
        held = found[-1]
        self._remove(held)
        return held

    def take_oldest(self) -> Held | None:
        held = next(iter(self._order.values()), None)
        if held is not None:
            self._remove(held)
        return held

    def take_all(self, wanted: Callable[[Held], bool]) -> list[Held]:
        found = [held for held in self._order.values() if wanted(held)]
        for held in found:
            self._remove(held)
        return found

    def _remove(self, held: Held) -> None:
        del self._order[id(held)]
        rest = self._by_key[held.key]
        rest.remove(held)
        if not rest:
            del self._by_key[held.key]
