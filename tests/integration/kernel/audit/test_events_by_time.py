"""Lists of events of a span of time: the same with the shortcut and without it."""

from datetime import timedelta

import pytest

from kernel.events import service
from kernel.events.service import SPAN_LOOKED_UP_MAX, EventFilter, list_events


@pytest.fixture
def dated(log):
    """One event a day over a hundred days, newest last."""
    log.tamper(
        "INSERT INTO {t}.events (id, type, aggregate_type, aggregate_id, version, occurred_at, actor, correlation_id,"
        " payload) SELECT gen_random_uuid(), 'den.person.dated', 'den.person', gen_random_uuid(), 1,"
        " timestamptz '2020-01-01 12:00Z' + day * interval '1 day', 'x', gen_random_uuid(), '{}'"
        " FROM generate_series(0, 99) AS day"
    )
    return log


@pytest.mark.parametrize("days", [1, 5, SPAN_LOOKED_UP_MAX.days, SPAN_LOOKED_UP_MAX.days + 1, 90])
def test_a_span_holds_its_days_and_no_others(dated, days):
    with dated.den.operate() as ctx:
        newest = list_events(ctx, EventFilter(type="den.person.dated"), limit=1).items[0].occurred_at
        until = newest - timedelta(days=3)
        since = until - timedelta(days=days)
        found = list_events(ctx, EventFilter(since=since, until=until, type="den.*"), limit=200).items
    assert [event.occurred_at for event in found] == [until - timedelta(days=day) for day in range(days + 1)]


def test_a_short_span_is_looked_up_by_time(dated, monkeypatch):
    asked = []

    def select(uow, conditions, values):
        asked.append(conditions)
        return original(uow, conditions, values)

    original = service.store.select_events
    monkeypatch.setattr(service.store, "select_events", select)
    with dated.den.operate() as ctx:
        event = list_events(ctx, EventFilter(type="den.person.dated"), limit=1).items[0]
        list_events(ctx, EventFilter(since=event.occurred_at, until=event.occurred_at))
        list_events(ctx, EventFilter(since=event.occurred_at))
    assert [service._IN_SPAN in conditions for conditions in asked] == [False, True, False]
