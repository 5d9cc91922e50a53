"""Moments as whole months, which the totals know, and the rest of a month, which only the movements know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta

from sdk.values import start_of_day

# Later than any movement; PostgreSQL reads it as date and as timestamptz.
ENDLESS = "infinity"
BEFORE_ALL = "-infinity"


@dataclass(frozen=True, slots=True)
class Boundary:
    """A sum of all before a moment = the months before `month`, plus or minus the movements of [since, until).

    month is the first day of the month that the totals are asked up to, exclusive. sign: 1 or -1.
    """

    month: datetime | str
    since: datetime | str
    until: datetime | str
    sign: int


END_OF_TIME = Boundary(ENDLESS, ENDLESS, ENDLESS, 1)
START_OF_TIME = Boundary(BEFORE_ALL, ENDLESS, ENDLESS, 1)


def boundary(moment: datetime | None, now: datetime) -> Boundary:
    """Everything before `moment` (None: everything), through whichever side of its month has less to read.

    Hardly anything has happened after `now` yet, so the rest of the present month costs nothing.
    """
    if moment is None:
        return END_OF_TIME
    moment = moment.astimezone(UTC)
    first, following = start_of_month(moment), start_of_following_month(moment)
    if moment - first <= max(min(following, now) - moment, timedelta(0)):
        return Boundary(first, first, moment, 1)
    return Boundary(following, moment, following, -1)


def start_of_month(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, 1, tzinfo=UTC)


def start_of_following_month(moment: datetime) -> datetime:
    if (moment.year, moment.month) == (MAXYEAR, 12):
        return datetime.max.replace(tzinfo=UTC)
    if moment.month == 12:
        return datetime(moment.year + 1, 1, 1, tzinfo=UTC)
    return datetime(moment.year, moment.month + 1, 1, tzinfo=UTC)


def end_of(value: date | datetime | None) -> datetime | None:
    """The first moment after it: a date means its whole day, an instant itself. None stays None.

    The end of the calendar, which people send for "for ever", has nothing after it and is None too.
    """
    if value is None:
        return None
    step = timedelta(microseconds=1) if isinstance(value, datetime) else timedelta(days=1)
    start = start_of_day(value)
    return start + step if datetime.max.replace(tzinfo=UTC) - start >= step else None


def start_of(value: date | datetime | None) -> datetime | None:
    """The moment a date or an instant begins at. None stays None."""
    return None if value is None else start_of_day(value)
