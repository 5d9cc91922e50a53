"""What a call under trial asks for that changes anything, in the order it asked."""

from __future__ import annotations

from typing import Any

from sandbox.broker import Broker
from sandbox.frames import ELEVATED
from sdk.document import Document
from sdk.event import Event

# Of all values of events together, as characters of their Python text; beyond it an event is told without them.
PAYLOADS_CHARACTERS_MAX = 64_000


class Effects:
    """Answers as the broker does, and notes what was done. events, writes: as plain data."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._characters = 0
        self.events: list[dict[str, Any]] = []
        self.writes: list[dict[str, Any]] = []

    @property
    def failure(self) -> Exception | None:
        """See `sandbox.broker.Broker`."""
        return self._broker.failure

    def answer(self, capability: str, arguments: list[Any]) -> Any:
        """See `sandbox.broker.Broker.answer`."""
        found = self._broker.answer(capability, arguments)
        room, _, verb = capability.removeprefix(ELEVATED).rpartition(".")
        if isinstance(found, Event):
            self.events.append(self._event(found))
        elif room == "documents" and self._is_write(verb, found):
            type, id = (found.type, found.id) if isinstance(found, Document) else arguments[:2]
            self.writes.append({"verb": verb, "type": type, "id": id})
        elif room == "registers" and verb in ("record", "reverse"):
            document = dict(zip(("type", "id"), arguments[0], strict=True))
            self.writes.append({"verb": verb, **document})
        elif verb == "sequence":
            self.writes.append({"verb": verb, "type": arguments[0], "id": str(found)})
        return found

    def _is_write(self, verb: str, found: Any) -> bool:
        return verb == "delete" or (isinstance(found, Document) and verb not in ("get", "find"))

    def _event(self, event: Event) -> dict[str, Any]:
        told: dict[str, Any] = {"type": event.type, "document": [event.aggregate_type, event.aggregate_id]}
        self._characters += len(str(event.payload))
        if self._characters <= PAYLOADS_CHARACTERS_MAX:
            told["payload"] = dict(event.payload)
        return told
