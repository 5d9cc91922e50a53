"""What makes a long password easy to guess: by table."""

import pytest

from kernel.auth.passwords import generate_password
from kernel.auth.weakness import find_weakness

CONTEXT = ("acme", "Acme Trading Ltd", "ann.archer@acme.example", "Ann Archer")
COMMON, OWN = "it is common", "it is made of names anybody would try"
FEW, AGAIN = "it repeats a few characters", "it repeats itself"


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "98 cats on the roof",
        "kochgeschirr-laterne",
        "Пароль для бухгалтерии",
        "another good password",
        "zKp4-vv0w-Tq2m",
        "837264910283",
        "trombone1987",
    ],
)
def test_a_password_nobody_guesses_early_is_fine(password):
    assert find_weakness(password, CONTEXT) is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("password1234", COMMON),
        ("P@$$w0rd2024!", COMMON),
        ("Welcome-Welcome1", COMMON),
        ("letmein letmein", COMMON),
        ("qwertyuiop123", COMMON),
        ("zyxwvutsrqpo", COMMON),
        ("monkeydragon12", COMMON),
        ("iloveyou12345", COMMON),
        ("Summer2026!!!", COMMON),
        ("123456789012", COMMON),
        ("aaaaaaaaaaaa", FEW),
        ("abababababab", FEW),
        ("treetopstreetops", AGAIN),
        ("приветприветпривет", AGAIN),
        ("ann.archer2026", OWN),
        ("Acme-Trading-1", OWN),
        ("annarcher@acme", OWN),
        ("4nn4rcher1990!", OWN),
    ],
)
def test_common_words_runs_repetitions_and_ones_own_names_are_found(password, why):
    assert find_weakness(password, CONTEXT) == why


def test_names_count_only_for_whom_they_belong_to():
    assert find_weakness("ann.archer2026") is None


def test_generated_passwords_are_never_refused():
    assert [
        password for password in (generate_password() for _ in range(500)) if find_weakness(password, CONTEXT)
    ] == []


def test_the_longest_password_is_judged_in_no_time():
    assert find_weakness("qwerty" * 170, CONTEXT) == AGAIN
    assert find_weakness("hedgehog " * 100 + "x", CONTEXT) is None
