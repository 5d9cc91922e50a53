"""The rules of being suspended, tried again and resumed."""

from datetime import UTC, datetime, timedelta

import pytest

from kernel.breaker.keeper import event_type
from kernel.breaker.suspensions import (
    ERROR_CHARACTERS_MAX,
    FAIL_CLOSED,
    FAIL_OPEN,
    PAUSE_S_MAX,
    Failure,
    Standing,
    error_text,
    read_all,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILURE = Failure("before_save", "shop:check", "1.0", "KeyError: 'x'", 5, 8)
OTHER = Failure("after_save", "shop:tell", "1.0", "OSError", 5, 5)
FRESH = Standing("shop", {})


def suspended(times=1):
    standing = FRESH
    for _ in range(times):
        standing = standing.suspend(FAILURE, NOW, 30)
    return standing


def test_whoever_fails_is_suspended_for_a_pause():
    standing = suspended()
    assert (standing.state, standing.first.since, standing.until) == ("suspended", NOW, NOW + timedelta(seconds=30))


def test_pauses_double_and_have_an_end():
    pauses = [(suspended(times).until - NOW).total_seconds() for times in (1, 2, 3, 20)]
    assert pauses == [30, 60, 120, PAUSE_S_MAX]


def test_it_is_told_since_when_it_fails_and_not_since_the_last_trial():
    later = suspended().begin_trial().suspend(FAILURE, NOW + timedelta(hours=1), 30)
    assert (later.first.since, later.first.times) == (NOW, 2)


def test_on_trial_only_those_are_tried_that_have_failed():
    standing = suspended().begin_trial()
    assert standing.state == "on_trial"
    assert (standing.is_tried("shop:check"), standing.is_tried("shop:tell")) == (True, False)
    assert suspended().is_tried("shop:check") is False


def test_an_applet_runs_again_when_all_that_have_failed_have_passed():
    both = suspended().suspend(OTHER, NOW, 30).begin_trial()
    one = both.pass_trial("shop:check")
    assert (one.state, one.pass_trial("shop:tell").state) == ("on_trial", "running")


def test_it_is_stored_and_read_back():
    standing = suspended(2).tighten(FAIL_CLOSED)
    assert Standing.read("shop", "1.0", standing.as_json()) == standing
    assert FRESH.as_json() is None
    assert Standing.read("shop", "1.0", None) == FRESH


def test_what_another_version_did_is_left_out_and_what_was_tightened_is_kept():
    stored = suspended().tighten(FAIL_CLOSED).as_json()
    assert Standing.read("shop", "2.0", stored) == FRESH.tighten(FAIL_CLOSED)
    assert read_all(iter([("shop", "2.0", stored), ("till", "1.0", None)])) == {}
    assert list(read_all(iter([("shop", "1.0", stored)]))) == ["shop"]


@pytest.mark.parametrize(
    ("declared", "tightened", "may_skip"),
    [(FAIL_OPEN, None, True), (FAIL_OPEN, FAIL_CLOSED, False), (FAIL_CLOSED, None, False)],
)
def test_hooks_are_left_out_only_where_that_is_declared_and_not_tightened(declared, tightened, may_skip):
    assert suspended().tighten(tightened).may_skip(declared) is may_skip


def test_the_notice_says_what_since_when_and_what_to_do():
    assert suspended().notice == (
        "before_save (shop:check) of shop 1.0 failed 5 of 8 calls, last with KeyError: 'x'; suspended since 2026-03-01"
        " 12:00:00 UTC, tried again from 2026-03-01 12:00:30 UTC. Resume it with `bos applet resume shop` or"
        " POST /api/v1/applets/shop/resume."
    )
    assert "being tried again" in suspended().begin_trial().notice


@pytest.mark.parametrize(
    ("before", "after", "type"),
    [
        (FRESH, suspended(), "kernel.applet.suspended"),
        (suspended(), suspended().begin_trial(), None),
        (suspended().begin_trial(), suspended(2), "kernel.applet.suspended"),
        (suspended().begin_trial(), FRESH, "kernel.applet.resumed"),
        (suspended(), suspended().resume(), "kernel.applet.resumed"),
        (FRESH, FRESH.tighten(FAIL_CLOSED), None),
        (suspended(), suspended().tighten(FAIL_CLOSED), None),
    ],
)
def test_what_is_news_to_a_tenant(before, after, type):
    assert event_type(before, after) == type


def test_an_error_is_told_by_its_class_and_words_on_one_short_line():
    assert error_text(ValueError("no\n such   luck")) == "ValueError: no such luck"
    assert error_text(KeyError()) == "KeyError"
    assert len(error_text(ValueError("x" * 1000))) == ERROR_CHARACTERS_MAX
