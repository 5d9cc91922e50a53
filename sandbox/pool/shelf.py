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
        found = self._by_key.get(held.key)
        if found is None:
            found = self._by_key[held.key] = []
        found.append(held)

    def take(self, key: tuple[str, str, str, str]) -> Held | None:
        """The one used last, so that the others grow old. key: a `Key`, or what is equal to one."""
        found = self._by_key.get(key)  # type: ignore[call-overload]
        if not found:
            return None
        # Its list stays, even an empty one: it is mostly back in a moment.
        held: Held = found.pop()
        del self._order[id(held)]
        return held

    def forget(self, key: Key) -> None:
        """One of this key does not come back."""
        if not self._by_key.get(key, True):
            del self._by_key[key]

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
        self._by_key[held.key].remove(held)
        self.forget(held.key)
