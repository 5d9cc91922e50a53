"""How often a sandboxed applet may do what no honest one does."""

from kernel.breaker.strikes import STRIKES_MAX, WINDOW_S, Strike, Strikes

SPUN = Strike("shop", "1.0.0", "deadline", "its time budget of 0.25 s was exceeded at line 20 of hooks.py")


def test_the_third_strike_within_ten_minutes_is_one_too_many():
    strikes = Strikes()
    assert [strikes.add("t1", SPUN, now) for now in (0.0, 300.0, WINDOW_S)] == [False, False, True]


def test_strikes_that_lie_apart_are_forgiven():
    strikes = Strikes()
    assert [strikes.add("t1", SPUN, now) for now in (0.0, 300.0, WINDOW_S + 1)] == [False, False, False]
    assert strikes.add("t1", SPUN, 300.0 + WINDOW_S)


def test_counting_begins_anew_once_it_was_too_much():
    strikes = Strikes()
    for now in range(STRIKES_MAX):
        strikes.add("t1", SPUN, float(now))
    assert not strikes.add("t1", SPUN, 4.0)


def test_tenants_and_versions_are_counted_apart():
    strikes = Strikes()
    other = Strike("shop", "1.0.1", "memory", "its memory budget was exceeded")
    given = [("t1", SPUN), ("t2", SPUN), ("t1", other), ("t2", SPUN), ("t1", other)]
    assert [strikes.add(tenant, strike, 1.0) for tenant, strike in given] == [False] * 5


def test_a_strike_is_told_as_what_the_caller_was_told():
    assert SPUN.text == "AppletStopped: its time budget of 0.25 s was exceeded at line 20 of hooks.py"
