"""Comparing the event log with its seals: every row that was changed, removed or inserted is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from kernel.audit import store
from kernel.audit.merkle import root_of
from kernel.audit.seals import NO_SEAL, Manifest, Seal, hash_seal
from kernel.audit.store import Execute, Found

# More is not a fault somewhere, but another log.
FAULTS_MAX = 1_000
SEALS_PER_READ = 4


@dataclass(frozen=True, slots=True)
class Fault:
    """kind: `changed`, `removed` or `inserted` (an event); `seal_missing`, `seal_changed`, `manifest_changed` (a
    seal); `anchor_missing`, `anchor_differs`, `anchor_forged`. detail: what differs.
    """

    kind: str
    seal: int
    detail: str
    position: int | None = None
    event_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass
class Verification:
    """What was looked at. unsealed: events after the last seal, of which nothing can be said. next: the seal to go on
    after, None when all were looked at. anchors: how many were compared.
    """

    seals: int = 0
    events: int = 0
    faults: list[Fault] = field(default_factory=list)
    unsealed: int = 0
    anchors: int = 0
    last: Seal | None = None
    next: int | None = None

    @property
    def is_sound(self) -> bool:
        return not self.faults

    def add(self, faults: Iterator[Fault]) -> None:
        for fault in faults:
            if len(self.faults) >= FAULTS_MAX:
                return
            self.faults.append(fault)

    def as_json(self) -> dict[str, Any]:
        return {
            "is_sound": self.is_sound,
            "seals": self.seals,
            "events": self.events,
            "unsealed": self.unsealed,
            "anchors": self.anchors,
            "last": self.last.number if self.last else None,
            "last_hash": self.last.hash.hex() if self.last else None,
            "faults": [fault.as_json() for fault in self.faults],
            "next": self.next,
        }


def verify_log(
    execute: Execute,
    *,
    after: int = 0,
    seals_max: int | None = None,
    advance: Callable[[int], None] = lambda seals: None,
) -> Verification:
    """Compare the events of the seals after a number with what was sealed. advance: told how many seals are done."""
    result = Verification()
    result.last = _seal_before(execute, after)
    number = after
    while seals_max is None or result.seals < seals_max:
        wanted = SEALS_PER_READ if seals_max is None else min(SEALS_PER_READ, seals_max - result.seals)
        found = store.read_seals(execute, number, wanted)
        for seal, manifest in found:
            result.add(_faults_of_chain(result.last, seal, manifest))
            events = store.read_events(execute, _start_of(result.last, seal), seal.last_position)
            result.add(_faults_of_events(seal, manifest, events))
            result.seals, result.events, result.last = result.seals + 1, result.events + len(events), seal
            advance(1)
        if len(found) < wanted:
            result.unsealed = store.count_events(execute, result.last.last_position if result.last else 0)
            return result
        number = found[-1][0].number
    result.next = number
    return result


def _start_of(previous: Seal | None, seal: Seal) -> int:
    """After which position its events begin. Those of a missing seal were not inserted."""
    number, last = (previous.number, previous.last_position) if previous else (0, 0)
    return min(last, seal.first_position - 1) if seal.number == number + 1 else seal.first_position - 1


def _seal_before(execute: Execute, number: int) -> Seal | None:
    found = store.list_seals(execute, number + 1, 1) if number else []
    return found[0] if found else None


def _faults_of_chain(previous: Seal | None, seal: Seal, manifest: Manifest) -> Iterator[Fault]:
    """Whether the seal follows the one before, and is itself whole."""
    number, last = (previous.number, previous.last_position) if previous else (0, 0)
    for missing in range(number + 1, min(seal.number, number + FAULTS_MAX)):
        yield Fault("seal_missing", missing, "there is no such seal, although there are later ones")
    if seal.number == number + 1:
        if seal.previous != (previous.hash if previous else NO_SEAL):
            yield Fault("seal_changed", seal.number, "it does not follow the hash of the seal before it")
        if seal.first_position != last + 1:
            yield Fault("seal_changed", seal.number, f"it begins at {seal.first_position} instead of {last + 1}")
    if hash_seal(seal) != seal.hash:
        yield Fault("seal_changed", seal.number, "its hash is not that of its content")
    sizes = {len(manifest.positions), len(manifest.ids), len(manifest.leaves), seal.events}
    if root_of(manifest.leaves) != seal.root or len(sizes) != 1:
        yield Fault("manifest_changed", seal.number, "what it holds of its events does not give its root")


def _faults_of_events(seal: Seal, manifest: Manifest, events: Sequence[Found]) -> Iterator[Fault]:
    """Row by row, by position."""
    sealed = {
        position: (id, leaf)
        for position, id, leaf in zip(manifest.positions, manifest.ids, manifest.leaves, strict=False)
    }
    for event in events:
        expected = sealed.pop(event.position, None)
        if expected is None:
            yield Fault("inserted", seal.number, f"a {event.type} that was not sealed", event.position, event.id)
            continue
        id, leaf = expected
        if event.leaf != leaf:
            detail = f"its id was {id}" if id != event.id else f"its hash was {leaf.hex()} and is {event.leaf.hex()}"
            yield Fault("changed", seal.number, detail, event.position, event.id)
        elif id != event.id:
            yield Fault("manifest_changed", seal.number, f"it has {id} for its event", event.position, event.id)
    for position, (id, _) in sorted(sealed.items()):
        yield Fault("removed", seal.number, "it was sealed and is not there", position, id)
