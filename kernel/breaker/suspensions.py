"""What it means to be suspended: pure rules over what the tenant's row of an applet keeps (`applets.suspensions`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

FAIL_CLOSED, FAIL_OPEN = "fail_closed", "fail_open"
SUSPENDED, ON_TRIAL, RUNNING = "suspended", "on_trial", "running"
# However often trials fail, so soon is the next one.
PAUSE_S_MAX = 3600.0
ERROR_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a function is suspended. failures of so many calls; error: the last one, its class and what it says."""

    hook: str
    function: str
    version: str
    error: str
    failures: int
    calls: int


@dataclass(frozen=True, slots=True)
class Suspension:
    """Of one function. times: how often in a row, so that pauses grow. until: then it may be tried again."""

    failure: Failure
    since: datetime
    until: datetime
    times: int = 1
    state: str = SUSPENDED

    def as_json(self) -> dict[str, Any]:
        row = asdict(self.failure) | {"times": self.times, "state": self.state}
        return row | {"since": self.since.isoformat(), "until": self.until.isoformat()}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Suspension:
        failure = Failure(**{name: row[name] for name in Failure.__slots__})
        since, until = datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["until"])
        return cls(failure, since, until, row["times"], row["state"])


@dataclass(frozen=True)
class Standing:
    """How an applet stands with a tenant. when_suspended: what the tenant has tightened it to, None: as it declares."""

    applet: str
    hooks: Mapping[str, Suspension]
    when_suspended: str | None = None

    @classmethod
    def read(cls, applet: str, version: str, value: Mapping[str, Any] | None) -> Standing:
        """As it is stored. What another version of the applet has done is not held against this one."""
        value = value or {}
        kept = (Suspension.from_json(row) for row in value.get("hooks", {}).values())
        hooks = {each.failure.function: each for each in kept if each.failure.version == version}
        return cls(applet, hooks, value.get("when_suspended"))

    def as_json(self) -> dict[str, Any] | None:
        value: dict[str, Any] = {"hooks": {name: each.as_json() for name, each in self.hooks.items()}}
        if self.when_suspended:
            value["when_suspended"] = self.when_suspended
        return value if self.hooks or self.when_suspended else None

    @property
    def state(self) -> str:
        states = {each.state for each in self.hooks.values()}
        return SUSPENDED if SUSPENDED in states else ON_TRIAL if states else RUNNING

    @property
    def first(self) -> Suspension:
        """The one that is told of: suspended before those on trial, then the oldest."""
        return min(self.hooks.values(), key=lambda each: (each.state != SUSPENDED, each.since))

    @property
    def until(self) -> datetime:
        return max(each.until for each in self.hooks.values() if each.state == SUSPENDED)

    def is_tried(self, function: str) -> bool:
        return self.state == ON_TRIAL and function in self.hooks

    def suspend(self, failure: Failure, now: datetime, pause_s: float) -> Standing:
        """After too many failures, or one on trial."""
        before = self.hooks.get(failure.function)
        times = before.times + 1 if before else 1
        pause = timedelta(seconds=min(pause_s * 2 ** (times - 1), PAUSE_S_MAX))
        suspended = Suspension(failure, before.since if before else now, now + pause, times)
        return replace(self, hooks={**self.hooks, failure.function: suspended})

    def begin_trial(self) -> Standing:
        return replace(self, hooks={name: replace(each, state=ON_TRIAL) for name, each in self.hooks.items()})

    def pass_trial(self, function: str) -> Standing:
        return replace(self, hooks={name: each for name, each in self.hooks.items() if name != function})

    def resume(self) -> Standing:
        return replace(self, hooks={})

    def tighten(self, when_suspended: str | None) -> Standing:
        return replace(self, when_suspended=when_suspended)

    def may_skip(self, declared: str) -> bool:
        """Whether hooks are left out while it is suspended, instead of what they might refuse being refused."""
        return declared == FAIL_OPEN and self.when_suspended != FAIL_CLOSED

    @property
    def notice(self) -> str:
        """A sentence for people: which hook, what error, since when, what now."""
        told = self.first
        failure = told.failure
        begin = (
            f"{failure.hook} ({failure.function}) of {self.applet} {failure.version} failed {failure.failures} of"
            f" {failure.calls} calls, last with {failure.error}; suspended since {_moment(told.since)}"
        )
        then = f"tried again from {_moment(told.until)}" if told.state == SUSPENDED else "being tried again"
        return (
            f"{begin}, {then}. Resume it with `bos applet resume {self.applet}` or"
            f" POST /api/v1/applets/{self.applet}/resume."
        )


def read_all(rows: Iterator[tuple[str, str, Mapping[str, Any] | None]]) -> dict[str, Standing]:
    """Standings by applet, of those alone that are suspended or on trial; rows: name, version, what is stored."""
    standings = (Standing.read(*row) for row in rows if row[2])
    return {each.applet: each for each in standings if each.hooks}


def error_text(error: BaseException) -> str:
    """The class of what was raised and what it says, short enough to be told."""
    said = " ".join(str(error).split())
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return text if len(text) <= ERROR_CHARACTERS_MAX else text[: ERROR_CHARACTERS_MAX - 1] + "…"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
