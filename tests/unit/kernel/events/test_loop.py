"""The loop over tenants, round by round, on a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace

import pytest

from kernel.events.loop import ERROR_PAUSE_S, SWEEP_S, SWEEP_TENANTS_PER_S, WAIT_S_MAX, TenantLoop
from kernel.telemetry.metrics import Metrics


class Stage:
    """A loop with everything around it in plain sight."""

    def __init__(self, *tenants: str) -> None:
        self.names = list(tenants)
        self.now = 1000.0
        self.announced: list[str] = []
        self.waited: list[float] = []
        self.seen: list[str] = []
        self.answers: dict[str, float | Exception | None] = {}
        self.readings = 0
        self.metrics = Metrics()
        self.loop = TenantLoop("test", self, self.wait, self.step, self.metrics, lambda: self.now)

    def list(self, *, state: str) -> Iterable[SimpleNamespace]:
        assert state == "active"
        self.readings += 1
        return [SimpleNamespace(name=name) for name in self.names]

    def wait(self, timeout_s: float) -> frozenset[str]:
        self.waited.append(timeout_s)
        names, self.announced = frozenset(self.announced), []
        return names

    def step(self, tenant: SimpleNamespace) -> float | None:
        self.seen.append(tenant.name)
        answer = self.answers.get(tenant.name)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def round(self, *announced: str, after: float = 0.0) -> list[str]:
        """The tenants looked at in one round."""
        self.now += after
        self.announced, self.seen = list(announced), []
        self.loop.round()
        return self.seen


@pytest.fixture
def stage():
    stage = Stage("a", "b")
    stage.round()
    return stage


def test_the_first_round_looks_at_everybody_without_waiting():
    stage = Stage("a", "b")
    assert stage.round() == ["a", "b"]
    assert stage.waited == [0.0]


def test_nobody_is_polled(stage):
    assert stage.round(after=1) == []
    assert stage.round(after=1) == []
    assert stage.waited[-1] == WAIT_S_MAX
    assert stage.readings == 1


def test_who_is_announced_is_looked_at_at_once(stage):
    assert stage.round("b", after=1) == ["b"]


def test_all_are_looked_at_again_after_the_sweeps_interval(stage):
    assert stage.round(after=SWEEP_S - 1) == []
    assert stage.round(after=1) == ["a", "b"]


def test_who_asks_to_be_looked_at_again_is(stage):
    stage.answers["a"] = 3.0
    stage.round("a", after=1)
    assert stage.round(after=2) == []
    assert stage.waited[-1] == 1.0
    assert stage.round(after=1) == ["a"]


def test_one_tenants_failure_is_not_the_others_and_is_tried_again(stage):
    stage.answers["a"] = ValueError("broken")
    assert stage.round("a", "b", after=1) == ["a", "b"]
    assert "bos_worker_errors_total 1.0" in stage.metrics.render().decode()
    assert stage.round(after=ERROR_PAUSE_S) == ["a"]


def test_a_tenant_made_since_is_found_when_it_is_announced(stage):
    stage.names.append("c")
    assert stage.round("c", after=1) == ["c"]
    assert stage.readings == 2


def test_a_tenant_that_is_gone_is_not_looked_at(stage):
    stage.names.remove("b")
    assert stage.round("gone", after=1) == []
    assert stage.round("b", after=1) == []


def test_when_it_is_to_stop_it_begins_no_other_tenant(stage):
    stage.loop.request_stop()
    assert stage.round("a", after=1) == []


def test_what_a_sweep_of_many_costs_in_a_second_does_not_grow_with_their_number():
    at_once, count = int(SWEEP_S * SWEEP_TENANTS_PER_S), 1000
    stage = Stage(*(f"t{number:04}" for number in range(count)))
    assert len(stage.round()) == at_once
    seen = [len(stage.round(after=1)) for _ in range(int((count - at_once) / SWEEP_TENANTS_PER_S))]
    assert sum(seen) == count - at_once
    assert max(seen) <= SWEEP_TENANTS_PER_S + 1
    # The next sweep begins when this one is over, not a minute after it began.
    assert stage.readings == 1
    assert len(stage.round(after=SWEEP_S)) == at_once
    assert stage.readings == 2
