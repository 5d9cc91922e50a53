"""Who is let through while an applet is suspended or on trial."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from kernel.breaker.errors import AppletSuspended
from kernel.breaker.gate import GATED, TRIAL_CALLS, Admission, Gate
from kernel.breaker.suspensions import Failure, Standing
from sdk.hookset import SPECS, SYSTEM_HOOKS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILURE = Failure("before_save", "shop:check", "1.0", "KeyError", 5, 8)
SUSPENDED = Standing("shop", {}).suspend(FAILURE, NOW, 30)
LIFECYCLE = {"applet_enabled", "applet_disabled", "applet_upgraded", "load_demo_data", "check_invariants"}


class Place:
    """A gate at a moment, and a tenant for whom `standing` is in force."""

    def __init__(self, standing=None, when_suspended="fail_closed", seconds=0):
        self.begun = []
        self.gate = Gate(lambda: NOW + timedelta(seconds=seconds), lambda ctx, standing: self.begun.append(standing))
        limits = SimpleNamespace(when_suspended=when_suspended)
        applet = SimpleNamespace(manifest=SimpleNamespace(limits=limits))
        self.runtime = SimpleNamespace(
            tenant=SimpleNamespace(id="t1"),
            generation=7,
            suspensions={"shop": standing} if standing else {},
            catalogue=SimpleNamespace(applet=lambda name: applet),
        )
        self.ctx = SimpleNamespace(runtime=self.runtime)

    def ask(self, hook="before_save", name="shop:check"):
        return self.gate.admit(self.ctx, SimpleNamespace(applet="shop", hook=hook, name=name))


def plugin(name="shop:check"):
    return SimpleNamespace(applet="shop", hook="before_save", name=name)


def test_every_hook_is_gated_but_those_of_an_applets_own_life():
    assert set(SPECS) - SYSTEM_HOOKS == GATED | LIFECYCLE


def test_who_is_not_suspended_passes():
    assert Place().ask() is Admission.PASS


@pytest.mark.parametrize("hook", sorted(GATED))
def test_a_suspended_applet_refuses_what_it_may_not_decide(hook):
    with pytest.raises(AppletSuspended) as raised:
        Place(SUSPENDED).ask(hook)
    assert (raised.value.details["hook"], raised.value.details["retry_after_s"]) == (hook, 30)


@pytest.mark.parametrize("hook", sorted(GATED - {"perform_action", "on_event"}))
def test_one_that_may_be_left_out_is_left_out(hook):
    assert Place(SUSPENDED, "fail_open").ask(hook) is Admission.SKIP


@pytest.mark.parametrize("hook", ["perform_action", "on_event"])
def test_what_an_action_does_and_what_answers_an_event_is_never_left_out(hook):
    with pytest.raises(AppletSuspended):
        Place(SUSPENDED, "fail_open").ask(hook)


@pytest.mark.parametrize("hook", sorted(LIFECYCLE))
def test_an_applets_own_life_goes_on(hook):
    assert Place(SUSPENDED).ask(hook) is Admission.PASS


def test_the_first_call_after_the_pause_begins_the_trial():
    place = Place(SUSPENDED, seconds=30)
    assert place.ask() is Admission.TRIAL
    assert [standing.state for standing in place.begun] == ["on_trial"]
    place.ask()
    assert len(place.begun) == 1


def test_few_are_let_through_at_once_and_the_others_refused():
    place = Place(SUSPENDED.begin_trial())
    assert [place.ask() for _ in range(TRIAL_CALLS)] == [Admission.TRIAL] * TRIAL_CALLS
    with pytest.raises(AppletSuspended):
        place.ask()
    place.gate.give_back(place.ctx, plugin())
    assert place.ask() is Admission.TRIAL


def test_functions_that_have_not_failed_run_as_ever_during_a_trial():
    assert Place(SUSPENDED.begin_trial()).ask(name="shop:tell") is Admission.PASS


def test_enough_calls_that_go_well_end_the_trial():
    place = Place(SUSPENDED.begin_trial())
    found = [place.gate.pass_call(place.ctx, plugin()) for _ in range(TRIAL_CALLS)]
    assert found[:-1] == [None] * (TRIAL_CALLS - 1)
    assert found[-1].state == "running"


def test_what_this_process_knows_counts_until_the_generation_says_it():
    place = Place()
    place.gate.trip(place.runtime, SUSPENDED)
    with pytest.raises(AppletSuspended):
        place.ask()
    place.runtime.generation += 1
    assert place.ask() is Admission.PASS
    assert place.gate.tripped == {}


def test_what_is_resumed_by_hand_is_forgotten_at_once():
    place = Place()
    place.gate.trip(place.runtime, SUSPENDED)
    place.gate.forget("t1", "shop")
    assert place.ask() is Admission.PASS


def test_a_neighbour_is_not_asked_for():
    place = Place()
    place.gate.trip(place.runtime, SUSPENDED)
    place.runtime.tenant = SimpleNamespace(id="t2")
    assert place.ask() is Admission.PASS


@pytest.mark.parametrize("outcomes", [(True,) * TRIAL_CALLS, (True, False)], ids=["passed", "failed"])
def test_a_trial_whose_end_was_not_written_down_begins_again(outcomes):
    """The database was away just then: nobody would be let through any more."""
    place = Place(SUSPENDED.begin_trial())
    for goes_well in outcomes:
        assert place.ask() is Admission.TRIAL
        if goes_well:
            place.gate.pass_call(place.ctx, plugin())
        else:
            place.gate.fail_call(place.ctx, plugin())
    place.runtime.generation += 1
    assert [place.ask() for _ in range(TRIAL_CALLS)] == [Admission.TRIAL] * TRIAL_CALLS
