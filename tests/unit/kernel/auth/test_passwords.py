"""Passwords: what is accepted, what is stored, what time tells."""

import time
from dataclasses import replace
from itertools import cycle, islice

import pytest

from kernel.auth.errors import PasswordTooWeak
from kernel.auth.passwords import LENGTH_MAX, LENGTH_MIN, Passwords, generate_password

CHEAP = Passwords(memory_kib=64, passes=1, lanes=1)
PASSWORD = "correct horse battery"


def test_a_password_is_verified_by_its_hash_and_no_other_is():
    stored = CHEAP.hash(PASSWORD)
    assert CHEAP.verify(stored, PASSWORD)
    assert not CHEAP.verify(stored, PASSWORD + "!")


def test_the_hash_is_argon2id_at_the_cost_asked_for_and_never_the_same_twice():
    first, second = CHEAP.hash(PASSWORD), CHEAP.hash(PASSWORD)
    assert first.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert first != second


def test_the_default_cost_is_64_mib_in_three_passes():
    assert (Passwords().memory_kib, Passwords().passes, Passwords().lanes) == (65_536, 3, 4)


@pytest.mark.parametrize("length", [0, LENGTH_MIN - 1, LENGTH_MAX + 1])
def test_a_password_of_the_wrong_length_is_refused(length):
    with pytest.raises(PasswordTooWeak) as refused:
        CHEAP.hash("x" * length)
    (violation,) = refused.value.violations
    assert (violation.pointer, violation.rule, violation.expected) == (
        "/password", "password_length", "12 to 1024 characters",
    )  # fmt: skip
    assert refused.value.code == "password_too_weak"


@pytest.mark.parametrize("length", [LENGTH_MIN, LENGTH_MAX])
def test_the_shortest_and_the_longest_password_are_accepted(length):
    password = "".join(islice(cycle("hedgehogs quarrel "), length))[:-3] + "xyq"
    assert CHEAP.verify(CHEAP.hash(password), password)


def test_the_shortest_length_is_for_the_operator_to_say():
    with pytest.raises(PasswordTooWeak) as refused:
        replace(CHEAP, length_min=15).hash("hedgehog quar")
    assert refused.value.violations[0].expected == "15 to 1024 characters"


def test_a_password_that_anybody_guesses_early_is_refused_and_told_why():
    with pytest.raises(PasswordTooWeak) as refused:
        CHEAP.hash("Password1234!")
    (violation,) = refused.value.violations
    assert (violation.rule, violation.message) == ("password_common", "the password is easy to guess: it is common")
    assert "Password1234!" not in str(refused.value.violations)


def test_letters_composed_differently_are_the_same_password():
    assert CHEAP.verify(CHEAP.hash("cafe\u0301 au lait!"), "caf\u00e9 au lait!")


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=64,t=1,p=1$x$y"])
def test_without_a_good_hash_no_password_is_right(stored):
    assert not CHEAP.verify(stored, PASSWORD)


def test_an_unknown_user_costs_as_much_time_as_a_wrong_password():
    slow = Passwords(memory_kib=16_384, passes=2, lanes=1)
    stored = slow.hash(PASSWORD)
    slow.verify(None, PASSWORD)  # makes the dummy hash
    wrong, unknown = measure(slow, stored), measure(slow, None)
    assert 0.25 < unknown / wrong < 4


def measure(passwords, stored):
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        passwords.verify(stored, "some wrong password")
        best = min(best, time.perf_counter() - started)
    return best


def test_a_hash_of_another_cost_is_outdated_but_still_verified():
    stored = CHEAP.hash(PASSWORD)
    costlier = Passwords(memory_kib=128, passes=1, lanes=1)
    assert costlier.is_outdated(stored)
    assert not CHEAP.is_outdated(stored)
    assert costlier.verify(stored, PASSWORD)


def test_a_password_accepted_under_older_rules_can_be_hashed_anew():
    assert CHEAP.verify(CHEAP.rehash("short"), "short")


def test_generated_passwords_are_long_random_and_accepted():
    made = {generate_password() for _ in range(50)}
    assert len(made) == 50
    assert {len(each) for each in made} == {20}
    assert CHEAP.hash(made.pop())
