"""What a rollout is, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from registry.rollouts.errors import RolloutInvalid

RUNNING, PAUSED, ROLLING_BACK, HALTED, DONE = "running", "paused", "rolling_back", "halted", "done"
WAITING, MOVING, MOVED, LEFT_OUT, FAILED = "waiting", "moving", "moved", "left_out", "failed"
ROLLED_BACK, STUCK = "rolled_back", "stuck"

ERROR_RATE, P95 = "error-rate", "p95"
WATCHED = (ERROR_RATE, P95)
STAGES_MAX = 20
HOLD_MAX = timedelta(days=30)


@dataclass(frozen=True)
class Limits:
    """watch: which of `WATCHED`; guards, suspensions and deliveries that were given up are always watched.

    error_rate_max: share of hook calls that fail. p95_max_ratio: after to before. hold_s: seconds a stage is watched.
    """

    watch: tuple[str, ...] = WATCHED
    error_rate_max: float = 0.01
    p95_max_ratio: float = 2.0
    hold_s: float = 600.0

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "watch": list(self.watch)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Limits:
        return cls(**{**value, "watch": tuple(value["watch"])})


@dataclass(frozen=True)
class Wish:
    """What is to be rolled out: to which share of the tenants in each stage, in percent, and within which limits."""

    applet: str
    version: str
    stages: Sequence[float] = (5.0, 50.0, 100.0)
    limits: Limits = Limits()

    def check(self) -> None:
        """Raises RolloutInvalid."""
        limits, steps = self.limits, (0.0, *self.stages)
        if not 1 <= len(self.stages) <= STAGES_MAX:
            raise RolloutInvalid(reason=f"it has {len(self.stages)} stages, from 1 to {STAGES_MAX} are possible")
        if self.stages[-1] > 100 or any(after <= before for before, after in pairwise(steps)):
            raise RolloutInvalid(reason="the stages have to rise, from above 0 % to 100 % at most")
        if unknown := [name for name in limits.watch if name not in WATCHED]:
            raise RolloutInvalid(reason=f"{unknown[0]} cannot be watched, only {', '.join(WATCHED)}")
        if not 0 <= limits.error_rate_max <= 1 or limits.p95_max_ratio < 1:
            raise RolloutInvalid(reason="an error rate lies between 0 % and 100 %, a ratio of latencies is 1 at least")
        if not 0 <= limits.hold_s <= HOLD_MAX.total_seconds():
            raise RolloutInvalid(reason=f"a stage is held for {HOLD_MAX.days} days at most")


@dataclass(frozen=True)
class Rollout:
    """stage: index of the one under way. held_since: since when all of its tenants run the release."""

    id: str
    applet: str
    version: str
    stages: tuple[float, ...]
    limits: Limits
    state: str
    stage: int
    held_since: datetime | None
    reason: str | None
    started_at: datetime
    started_by: str
    ended_at: datetime | None

    @property
    def ends_hold_at(self) -> datetime | None:
        return self.held_since + timedelta(seconds=self.limits.hold_s) if self.held_since else None


@dataclass(frozen=True)
class Moved:
    """One tenant of a rollout. reason: why it was left out, failed, is stuck, or keeps the stage from ending."""

    tenant_id: str
    stage: int
    state: str
    from_version: str
    attempts: int = 0
    plan: str | None = None
    known_guards: tuple[str, ...] = ()
    dead_before: int = 0
    moved_at: datetime | None = None
    looked_at: datetime | None = None
    reason: str | None = None
