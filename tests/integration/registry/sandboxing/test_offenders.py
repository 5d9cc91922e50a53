"""Applets that spin, eat memory, flood and crash: refused, suspended where they did it, and nothing of it is left."""

import logging
from decimal import Decimal
from time import perf_counter

import pytest

from kernel.breaker.service import applet_health
from kernel.breaker.strikes import STRIKES_MAX
from kernel.events.bus import Outcome
from kernel.events.dispatch import Dispatch
from kernel.events.postgres_bus import PostgresBus
from kernel.events.service import list_deliveries
from sandbox.limits import LOG_BYTES_MAX, LOG_LINES_MAX
from tests.integration.registry.sandboxing.offenders import LISTENING, MENDED, OFFENCES, SPIN, Street, changed

NOTICES = {
    "spinning": "its time budget of 0.25 s was exceeded at line 21 of hooks.py (offend)",
    "hungry": "its memory of 128 MB was exceeded at line 23 of hooks.py (offend)",
    "flooding": "it made more than 200 requests in one call (work)",
    "crashing": "its process ended with signal 11 (work)",
}
WAIT_MS = 1_000
# What a suspension itself writes: how the applet stands, the event that tells of it, and the generation.
SUSPENDING = {"applets", "events", "meta"}


@pytest.fixture(scope="module")
def street(open_site, tmp_path_factory):
    street = Street(open_site(), tmp_path_factory.mktemp("offenders"))
    for name, act in OFFENCES.items():
        street.add(name, act)
        street.add(name, MENDED, version="1.0.1")
    return street


def told(answer):
    return answer.status_code, answer.json().get("code")


def offend(resident, name, times=STRIKES_MAX):
    return [told(resident.save(name, "ill")) for _ in range(times)]


def moves(resident):
    query = "SELECT type, payload, actor FROM {t}.events WHERE type LIKE 'kernel.applet.%%' ORDER BY position"
    return [row for row in resident.rows(query) if row[0] in ("kernel.applet.suspended", "kernel.applet.resumed")]


@pytest.mark.parametrize("name", OFFENCES)
def test_an_offender_is_told_of_and_suspended_for_its_tenant_alone_and_leaves_nothing(street, name):
    resident, neighbour = street.move_in(name, "shop"), street.move_in(name, "shop")
    assert told(resident.save(name, "well"))[0] == 201
    before = resident.picture()
    for number in range(STRIKES_MAX):
        answer = resident.save(name, "ill")
        assert told(answer) == (503, "applet_stopped")
        assert answer.json()["detail"] == f"Applet {name} was stopped: {NOTICES[name]}."
        assert answer.headers["Retry-After"]
        assert changed(before, resident.picture()) == (set() if number < STRIKES_MAX - 1 else SUSPENDING)
    answer = resident.save(name, "well")
    assert told(answer) == (503, "applet_suspended")
    assert f"work) of {name} 1.0.0 failed" in answer.json()["detail"]
    assert f"last with AppletStopped: {NOTICES[name]}; suspended since" in answer.json()["detail"]
    ((type, payload, actor),) = moves(resident)
    assert (type, payload["applet"], payload["to"], actor) == ("kernel.applet.suspended", name, "suspended", "breaker")
    assert NOTICES[name] in payload["notice"]
    # Whoever has it too goes on, and so does the rest of the tenant's own applets.
    assert told(neighbour.save(name, "well"))[0] == 201
    assert resident.post("shop/orders", {"name": "tea"}).status_code == 201
    assert moves(neighbour) == []


def test_what_was_refused_is_sent_again_once_the_applet_is_mended_and_takes_effect_once(street):
    resident = street.move_in("spinning")
    key = {"Idempotency-Key": "the-form-of-ada"}
    for _ in range(STRIKES_MAX):
        assert told(resident.save("spinning", "ill", **key)) == (503, "applet_stopped")
    assert told(resident.save("spinning", "ill", **key)) == (503, "applet_suspended")
    resident.upgrade("spinning", "1.0.1")
    first, second = (resident.save("spinning", "ill", **key) for _ in range(2))
    assert (first.status_code, second.status_code, first.json()["id"]) == (201, 201, second.json()["id"])
    assert (first.json()["number"], resident.pieces("spinning")) == ("N-0001", Decimal(1))
    assert resident.texts("spinning.note") == resident.texts("spinning.half") == ["ill"]


def test_a_draft_stays_as_it_was_when_its_change_is_refused(street):
    resident = street.move_in("crashing")
    draft = resident.save("crashing", "well").json()
    before = resident.picture()
    answer = resident.change(f"crashing/notes/{draft['id']}", {"text": "ill"}, draft["version"])
    assert (told(answer), changed(before, resident.picture())) == ((503, "applet_stopped"), set())


def test_one_resumed_by_hand_is_tried_again_and_its_strikes_count_anew(street):
    resident = street.move_in("crashing")
    assert offend(resident, "crashing") == [(503, "applet_stopped")] * STRIKES_MAX
    assert resident.post("applets/crashing/resume").status_code == 200
    assert told(resident.save("crashing", "well"))[0] == 201
    assert offend(resident, "crashing", STRIKES_MAX - 1) == [(503, "applet_stopped")] * (STRIKES_MAX - 1)
    assert told(resident.save("crashing", "well"))[0] == 201
    assert [(type, actor == "breaker") for type, _, actor in moves(resident)] == [
        ("kernel.applet.suspended", True),
        ("kernel.applet.resumed", False),
    ]


def test_a_flood_of_lines_is_cut_and_is_no_offence(street, caplog):
    street.add("talking", '    for _ in range(20_000):\n        ctx.log.info("x" * 50)')
    resident = street.move_in("talking")
    with caplog.at_level(logging.INFO, logger="bos.applet.talking"):
        assert told(resident.save("talking", "ill"))[0] == 201
    lines = [text for name, _, text in caplog.record_tuples if name == "bos.applet.talking"]
    assert len(lines) <= LOG_LINES_MAX + 1
    assert sum(map(len, lines[:-1])) <= LOG_BYTES_MAX
    assert lines[-1].endswith("more lines were left out")


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("shouting", '    note = ctx.documents.create("shouting.half", {})\n'
         '    for _ in range(150):\n        ctx.events.emit("shouting.half.done", note)'),
        ("hoarding", '    for _ in range(150):\n        ctx.documents.create("hoarding.half", {})'),
    ],
)  # fmt: skip
def test_a_flood_of_events_or_documents_is_refused_as_a_whole(street, name, act):
    street.add(name, act)
    resident = street.move_in(name)
    before = resident.picture()
    assert told(resident.save(name, "ill")) == (429, "quota_exceeded")
    assert changed(before, resident.picture()) == set()


class Post:
    """Delivers to one tenant."""

    def __init__(self, resident):
        self.resident, self.bus = resident, PostgresBus(resident.kernel)

    def deliver(self):
        outcomes = []
        while (outcome := self.bus.deliver(self.resident.record, Dispatch(self.resident.kernel))) is not None:
            outcomes.append(outcome)
        return outcomes

    def states(self):
        with self.resident.kernel.operate(self.resident.record) as ctx:
            return [row["state"] for row in list_deliveries(ctx).items]


def test_what_a_suspended_listener_missed_it_hears_in_order_and_once_after_the_fix(street):
    street.add("deaf", SPIN, more=LISTENING)
    street.add("deaf", MENDED, version="1.0.1", more=LISTENING)
    resident, neighbour = street.move_in("deaf"), street.move_in("deaf")
    posts = [Post(resident), Post(neighbour)]
    notes = [resident.save("deaf", f"deaf {name}").json() for name in "abc"]
    neighbour.save("deaf", "well")
    before = resident.picture()
    assert posts[0].deliver() == [Outcome.RETRIED] * STRIKES_MAX
    assert changed(before, resident.picture()) == SUSPENDING | {"deliveries"}
    ((_, payload, _),) = moves(resident)
    assert "last with AppletStopped: its time budget of 2 s was exceeded at line 21 of hooks.py" in payload["notice"]
    assert payload["hook"] == "on_event"
    for note in notes:
        # All of an applet is suspended, so that nothing is saved without its say.
        answer = resident.change(f"deaf/notes/{note['id']}", {"text": f"{note['text']} still"}, note["version"])
        assert told(answer) == (503, "applet_suspended")
    assert posts[1].deliver() == [Outcome.DONE]
    street.site.clock.advance(minutes=1)
    assert (posts[0].deliver(), posts[0].states()) == ([], ["waiting"] * STRIKES_MAX)
    resident.upgrade("deaf", "1.0.1")
    street.site.clock.advance(hours=1)
    assert posts[0].deliver() == [Outcome.DONE] * STRIKES_MAX
    assert posts[0].deliver() == posts[0].states() == []
    heard = [text for text in resident.texts("deaf.half") if text.endswith(" 1")]
    assert heard == ["deaf a 1", "deaf b 1", "deaf c 1"]


def test_an_applet_is_not_blamed_for_having_waited_for_its_worker(open_site, monkeypatch):
    site = open_site(hook_ms=WAIT_MS, sandbox_spares=0)
    tenant = site.make_tenant()
    pool, engine = site.sandbox._pool, site.sandbox._pool.engine
    spawn = engine.spawn

    def spawn_late(memory_mb):
        until = perf_counter() + WAIT_MS / 1000
        while perf_counter() < until:
            pass
        return spawn(memory_mb)

    monkeypatch.setattr(engine, "spawn", spawn_late)
    # It was asked for its invariants as it was enabled.
    assert pool.kill("it is to begin anew", tenant_id=tenant.id) == 1
    site.order(tenant, "tea")
    with site.kernel.operate(tenant) as ctx:
        (health,) = applet_health(ctx, "shop")
    assert [hook.over_budget for hook in health.hooks if hook.function == "shop:complete"] == [0]
