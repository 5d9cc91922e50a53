"""The PostgreSQL bus keeps the promises of a bus."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kernel.events.postgres_bus import PostgresBus
from kernel.events.service import append
from sdk import hooks
from sdk.event import Event
from sdk.identifiers import new_id
from tests.contract.bus_contract import BusContract
from tests.integration.kernel.house import House, open_house

_numbers = itertools.count(1)


@hooks.on("shop.order.*")
def first(ctx, event):
    """Never called: the suite brings its own handler."""


@hooks.on("shop.order.*")
def second(ctx, event):
    """Never called either."""


class PostgresBench:
    """A tenant of its own in a house that all tests share."""

    def __init__(self, house: House, most: int | None) -> None:
        self.house, self.most = house, most
        self.tenant = house.make_tenant(f"bench{next(_numbers)}")
        self.bus = PostgresBus(house.kernel, chance=random.Random(7))
        # What was there when the bus began is always taken alone.
        self.advance(1)

    @contextmanager
    def publishing(self) -> Iterator[Callable[[str, str], Event]]:
        with self.house.kernel.operate(self.tenant) as ctx:

            def write(aggregate: str, text: str) -> Event:
                return append(
                    ctx,
                    Event(
                        id=new_id(),
                        type="shop.order.told",
                        aggregate_type="shop.order",
                        aggregate_id=aggregate,
                        version=1,
                        occurred_at=ctx.now,
                        actor="test",
                        correlation_id=ctx.correlation_id,
                        payload={"text": text},
                    ),
                )

            yield write

    def publish_again(self, event: Event) -> None:
        with self.house.kernel.database.transaction(self.tenant) as uow:
            uow.execute(
                "INSERT INTO {t}.deliveries (subscriber, event_position, event_id, aggregate_id, due_at, created_at)"
                " SELECT consumer, position, id, aggregate_id, occurred_at, occurred_at"
                " FROM {t}.events JOIN {t}.inbox ON event_id = id WHERE id = %s",
                [event.id],
            )
            uow.commit()

    def advance(self, seconds: float) -> None:
        self.house.clock.advance(seconds=seconds)


@pytest.fixture(scope="module")
def house(empty_database, tmp_path_factory):
    with open_house(empty_database(), tmp_path_factory.mktemp("house"), first=first, second=second) as opened:
        yield opened


@pytest.fixture(params=[None, 100], ids=["one", "many"])
def bench(house, request):
    return PostgresBench(house, request.param)


class TestPostgresBus(BusContract):
    """All of them."""
