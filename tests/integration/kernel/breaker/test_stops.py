"""The switch: what is stopped stands in the database, and each process that looks knows of it."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from kernel.breaker.errors import AppletSwitchedOff
from kernel.breaker.gate import Admission
from kernel.breaker.stops import EVIDENCE_CHARACTERS_MAX, Stop, Stops

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def stops(kernel):
    """Those of one process."""
    yield (made := Stops(kernel.database, lambda: NOW))
    made.lift(applet=None, version=None, tenant_id=None)


@pytest.fixture
def elsewhere(kernel):
    """Those of another process."""
    return Stops(kernel.database, lambda: NOW)


def plugin(hook):
    return SimpleNamespace(applet="shop", hook=hook, name="shop:look")


def context(trust="sandboxed", when_suspended="fail_closed", tenant_id="t1"):
    manifest = SimpleNamespace(trust=trust, version="1.0.0", limits=SimpleNamespace(when_suspended=when_suspended))
    catalogue = SimpleNamespace(applet=lambda name: SimpleNamespace(manifest=manifest))
    return SimpleNamespace(runtime=SimpleNamespace(catalogue=catalogue, tenant=SimpleNamespace(id=tenant_id)))


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ((None, None, None), True),
        (("shop", None, None), True),
        (("shop", "1.0.0", None), True),
        (("shop", "1.0.0", "t1"), True),
        ((None, None, "t1"), True),
        (("cafe", None, None), False),
        (("shop", "1.0.1", None), False),
        (("shop", None, "t2"), False),
        ((None, None, "t2"), False),
    ],
)
def test_a_stop_covers_what_fits_all_it_names(scope, covered):
    applet, version, tenant_id = scope
    stop = Stop("id", applet, version, tenant_id, "for a test", NOW, "ada")
    assert stop.covers("t1", "shop", "1.0.0") is covered


def test_what_one_process_stops_another_knows_once_it_looks(stops, elsewhere):
    told = []
    elsewhere.on_change.append(told.extend)
    stops.record(stops.make("it opened a file", "breaker", applet="shop", version="1.0.0", evidence="00ff"))
    assert elsewhere.find("t1", "shop", "1.0.0") is None
    elsewhere.look()
    found = elsewhere.find("t1", "shop", "1.0.0")
    assert (found.reason, found.by, found.at, found.evidence) == ("it opened a file", "breaker", NOW, "00ff")
    assert told == [found]
    elsewhere.look()
    assert (len(told), elsewhere.revision) == (1, 1)


def test_it_is_in_force_before_it_is_written_down(stops):
    stops.trip(stops.make("it opened a file", "breaker", applet="shop", version="1.0.0"))
    assert stops.find("t9", "shop", "1.0.0") is not None
    stops.look()
    assert stops.find("t9", "shop", "1.0.0") is not None


def test_the_same_scope_is_written_once(stops, elsewhere):
    for process in (stops, elsewhere):
        process.record(process.make("off", "ada"))
    assert len(stops.known) == 1


def test_what_is_lifted_runs_again_everywhere(stops, elsewhere):
    stops.record(stops.make("off", "ada", applet="shop"))
    stops.record(stops.make("off", "ada", applet="cafe"))
    elsewhere.look()
    assert stops.lift(applet="shop", version=None, tenant_id=None) == 1
    elsewhere.look()
    assert [stop.applet for stop in elsewhere.known] == ["cafe"]


def test_exactly_one_scope_is_lifted_where_that_is_asked_for(stops):
    stops.record(stops.make("off", "ada", applet="shop"))
    stops.record(stops.make("off", "ada", applet="shop", version="1.0.0"))
    assert stops.lift(applet="shop", version=None, tenant_id=None, exactly=True) == 1
    assert [stop.version for stop in stops.known] == ["1.0.0"]


def test_what_could_not_be_written_down_can_be_lifted_too(stops):
    stops.trip(stops.make("off", "ada", applet="shop"))
    stops.lift(applet="shop", version=None, tenant_id=None)
    assert stops.known == ()


def test_what_a_tenant_is_stopped_for_goes_with_the_tenant(stops):
    missing = "00000000-0000-7000-8000-000000000000"
    stops.record(stops.make("off", "ada", tenant_id=missing))
    assert stops.known == ()


def test_evidence_is_cut(stops):
    stops.record(stops.make("x" * 2_000, "breaker", evidence="f" * 100_000))
    assert (len(stops.known[0].reason), len(stops.known[0].evidence)) == (500, EVIDENCE_CHARACTERS_MAX)


def test_a_stopped_applet_decides_nothing_and_is_not_called(stops):
    stops.trip(stops.make("it opened a file", "breaker", applet="shop", version="1.0.0"))
    with pytest.raises(AppletSwitchedOff) as refusal:
        stops.admit(context(), plugin("before_save"))
    assert (refusal.value.code, refusal.value.status) == ("applet_switched_off", 503)
    assert refusal.value.message == (
        "The applet shop is switched off since 2026-03-02T12:00:00+00:00, so that its hook before_save cannot decide: "
        "it opened a file"
    )


def test_one_that_declares_so_is_left_out_but_for_what_an_action_does(stops):
    stops.trip(stops.make("off", "ada", applet="shop"))
    assert stops.admit(context(when_suspended="fail_open"), plugin("before_save")) is Admission.SKIP
    with pytest.raises(AppletSwitchedOff):
        stops.admit(context(when_suspended="fail_open"), plugin("perform_action"))


def test_a_stopped_applet_can_be_disabled(stops):
    stops.trip(stops.make("off", "ada", applet="shop"))
    assert stops.admit(context(), plugin("applet_disabled")) is Admission.SKIP


def test_trusted_applets_are_not_stopped(stops):
    stops.trip(stops.make("off", "ada"))
    assert stops.admit(context(trust="trusted"), plugin("before_save")) is Admission.PASS
