"""What the kernel contract asks of whoever runs it: a world, and words to speak about it."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import pytest

from sdk import Actor, Context, Document, Event
from sdk.errors import BosError

APPLETS = Path(__file__).parent / "applets"
WORKSHOP, DEPOT = APPLETS / "workshop", APPLETS / "depot"
ORDERED_ON = date(2026, 3, 10)


class World(Protocol):
    """A tenant without applets, as the real kernel and the fake both offer it."""

    def transaction(self, actor: Actor | None = None) -> AbstractContextManager[Context]:
        """A transaction that commits unless it raises; the actor may do everything."""

    def install(self, folder: Path) -> None:
        """Install and enable the applet of a folder, with the capabilities it declares."""

    def disable(self, name: str) -> None:
        """Disable an applet."""

    def deliver_events(self) -> object:
        """Deliver until nothing is pending; failures are repeated, however long their delays, until they are dead."""

    def events(self) -> Sequence[Event]:
        """Everything that happened, oldest first."""

    def dead_letters(self) -> Sequence[tuple[str, int]]:
        """Subscriber and attempts of each delivery that was given up."""


@contextmanager
def refused(code: str) -> Iterator[list[BosError]]:
    """The block is refused with this code; the error is in the list afterwards."""
    found: list[BosError] = []
    with pytest.raises(BosError) as caught:
        yield found
    assert caught.value.code == code, f"{caught.value.code}: {caught.value}"
    found.append(caught.value)


def rules(error: BosError) -> set[tuple[str, str]]:
    """Where it is broken, and which rule."""
    return {(violation.pointer, violation.rule) for violation in error.violations}


class Contract:
    """Shorthand for the tests: each call a transaction of its own."""

    def create(self, world: World, type: str, data: dict[str, Any], **options: Any) -> Document:
        with world.transaction() as ctx:
            return ctx.documents.create(type, data, **options)

    def get(self, world: World, type: str, id: str) -> Document:
        with world.transaction() as ctx:
            return ctx.documents.get(type, id)

    def update(self, world: World, document: Document, patch: dict[str, Any], **options: Any) -> Document:
        with world.transaction() as ctx:
            return ctx.documents.update(document.type, document.id, patch, **options)

    def perform(self, world: World, document: Document, action: str, **arguments: Any) -> Document:
        with world.transaction() as ctx:
            return ctx.documents.perform(document.type, document.id, action, arguments)

    def delete(self, world: World, document: Document) -> None:
        with world.transaction() as ctx:
            ctx.documents.delete(document.type, document.id)

    def company(self, world: World, name: str = "Mill") -> Document:
        return self.create(world, "kernel.company", {"name": name, "currency": "EUR"})

    def part(self, world: World, code: str = "P1", **fields: Any) -> Document:
        return self.create(world, "workshop.part", {"code": code, "name": f"Part {code}", **fields})

    def order(self, world: World, title: str = "Repair", **fields: Any) -> Document:
        """In the one company there is."""
        return self.create(world, "workshop.order", {"title": title, "ordered_on": "2026-03-10", **fields})

    def stocked(self, world: World, code: str = "P1", quantity: str = "10") -> Document:
        part = self.part(world, code, price="4.00")
        return self.perform(world, part, "receive", quantity=quantity, received_on="2026-03-01")

    def order_of(
        self, world: World, part: Document, quantity: str = "2", price: str = "4.00", **fields: Any
    ) -> Document:
        return self.order(world, lines=[{"part": part.id, "quantity": quantity, "price": price}], **fields)

    def logs(self, world: World) -> list[str]:
        """Texts of the log, oldest first, without that of enabling."""
        with world.transaction() as ctx:
            page = ctx.documents.query("workshop.log", sort=["id"], limit=500)
        return [log["text"] for log in page.items if log["text"] != "opened"]

    def in_stock(self, world: World, **options: Any) -> Decimal:
        with world.transaction() as ctx:
            return ctx.registers.balance("workshop.stock", **options)[0].resources["quantity"]
