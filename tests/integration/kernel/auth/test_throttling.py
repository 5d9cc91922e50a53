"""Guessing gets slow, per account and per address; nobody is locked out; no answer tells who exists."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel.auth.errors import TooManyAttempts
from kernel.auth.throttle import ACCOUNT, ADDRESS, FACTOR, PASSKEY_ASKED, admit, discount, network_of, purge
from tests.integration.kernel.auth.conftest import PASSWORD, codes

HOME, CAFE = "192.0.2.10", "203.0.113.99"


def guess(people, name="bob", address=CAFE):
    return people.log_in(name, "not the password", address)


def wait_of(people, bucket, subject):
    """Seconds the next attempt has to wait; counted as one if there is no wait."""
    try:
        people.do(admit, bucket, subject, people.clock())
    except TooManyAttempts as refused:
        return refused.details["retry_after_s"]
    return 0


def test_guesses_at_an_account_are_free_for_a_while_and_then_wait(people):
    assert codes(*(guess(people) for _ in range(ACCOUNT.free + 1))) == [(401, "invalid_credentials")] * 11
    answer = guess(people)
    assert codes(answer) == [(429, "too_many_attempts")]
    assert answer.headers["retry-after"] == "1"


def test_even_the_right_password_has_to_wait_so_that_the_answer_tells_nothing(people):
    for _ in range(ACCOUNT.free + 1):
        guess(people)
    assert codes(people.log_in("bob", PASSWORD, CAFE)) == [(429, "too_many_attempts")]
    people.clock.advance(1)
    assert people.log_in("bob", PASSWORD, CAFE).status_code == 200


def test_from_an_address_of_theirs_a_user_logs_in_whatever_others_guess_elsewhere(people):
    assert people.log_in("bob", PASSWORD, HOME).status_code == 200
    for _ in range(ACCOUNT.free + 2):
        guess(people)
    assert codes(guess(people), people.log_in("bob", PASSWORD, HOME)) == [(429, "too_many_attempts"), (200, None)]


def test_a_user_who_does_not_exist_is_answered_alike(people):
    real = codes(*(guess(people, "bob") for _ in range(ACCOUNT.free + 2)))
    made_up = codes(*(guess(people, "nobody") for _ in range(ACCOUNT.free + 2)))
    assert real == made_up
    answers = [guess(people, "bob"), guess(people, "nobody")]
    for answer in answers:
        answer.json().pop("request_id")
    assert answers[0].json()["detail"] == answers[1].json()["detail"]


def test_each_wait_is_twice_the_one_before_up_to_a_bound(people):
    waits = []
    for _ in range(ACCOUNT.free + 1):
        assert wait_of(people, ACCOUNT, "x") == 0
    for _ in range(9):
        waits.append(wait_of(people, ACCOUNT, "x"))
        people.clock.advance(waits[-1])
        assert wait_of(people, ACCOUNT, "x") == 0
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_after_a_day_all_is_forgotten(people):
    for _ in range(ACCOUNT.free + 1):
        wait_of(people, ACCOUNT, "y")
    assert wait_of(people, ACCOUNT, "y") == 1
    people.clock.advance(25 * 60 * 60)
    assert [wait_of(people, ACCOUNT, "y") for _ in range(ACCOUNT.free)] == [0] * ACCOUNT.free


def test_many_at_once_are_counted_one_by_one(people):
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: wait_of(people, FACTOR, "z"), range(20)))
    assert sorted(waits)[: FACTOR.free + 1] == [0] * (FACTOR.free + 1)
    assert all(wait > 0 for wait in sorted(waits)[FACTOR.free + 1 :])


def test_guessing_at_many_accounts_from_one_address_gets_slow_too(people):
    for number in range(ADDRESS.free + 1):
        assert guess(people, f"user{number}", "203.0.113.7").status_code == 401
    assert codes(guess(people, "another", "203.0.113.7")) == [(429, "too_many_attempts")]
    assert codes(guess(people, "another", "203.0.113.8")) == [(401, "invalid_credentials")]


def test_a_good_log_in_takes_back_its_own_count_of_the_address_only(people):
    for _ in range(ADDRESS.free):
        wait_of(people, ADDRESS, "shared")
    people.do(discount, ADDRESS, "shared", people.clock())
    assert [wait_of(people, ADDRESS, "shared") for _ in range(3)] == [0, 0, 1]


def test_codes_of_six_digits_cannot_be_tried_through(people):
    app, _ = people.add_app("bob")
    asked = people.log_in("bob").json()
    wrong = [people.post("/auth/second-factor", {"challenge": asked["challenge"], "code": "000000"}) for _ in range(8)]
    assert codes(*wrong) == [(401, "second_factor_invalid")] * 6 + [(429, "too_many_attempts")] * 2
    answer = people.post("/auth/second-factor", {"challenge": asked["challenge"], "code": app.next_code()})
    assert answer.status_code == 200


def test_challenges_are_not_given_out_without_end(people):
    for _ in range(PASSKEY_ASKED.free + 1):
        people.do(admit, PASSKEY_ASKED, "203.0.113.50", people.clock())
    asked = [people.post("/auth/passkey/challenge", address=address) for address in ("203.0.113.50", "203.0.113.51")]
    assert codes(*asked) == [(429, "too_many_attempts"), (200, None)]


def test_asking_for_the_password_again_is_as_slow_to_guess(people):
    body = {"password": "not the password"}
    answers = [people.send("bob", "POST", "/auth/step-up", body) for _ in range(ACCOUNT.free + 2)]
    assert codes(*answers)[-2:] == [(401, "invalid_credentials"), (429, "too_many_attempts")]


def test_what_is_forgotten_is_dropped(people):
    people.do(admit, ACCOUNT, "old", people.clock())
    people.clock.advance(25 * 60 * 60)
    for _ in range(5):
        people.do(purge, people.clock())
    with people.kernel.database.platform() as uow:
        (left,) = uow.execute(
            "SELECT count(*) FROM {p}.auth_throttles WHERE failed_at < %s", [people.clock()]
        ).fetchone()
    assert left == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_an_attacker_is_told_by_the_network_they_have_at_least(address, network):
    assert network_of(address) == network


def test_failures_are_recorded_without_what_was_typed(own_people):
    people = own_people
    guess(people, "bob")
    guess(people, "nobody")
    assert people.events("bob")[0] == "log_in.failed"
    assert people.events(None) == ["log_in.failed"]
    listed = people.send("ann", "GET", "/auth/events").text
    assert "nobody" not in listed
    assert "not the password" not in listed
