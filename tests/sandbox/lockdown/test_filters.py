"""The filters as the machine would run them, for both architectures, without any machine."""

import errno

import pytest

from sandbox.lockdown.rules import LOADING, SEALED
from sandbox.lockdown.seccomp import ALLOW, ERRNO, KILL_PROCESS, program
from sandbox.lockdown.syscalls import AUDIT_ARCHITECTURES, NUMBERS, SET_UP, X32_BIT
from tests.sandbox.lockdown.bpf import run

OWN = 4711
ARCHITECTURES = sorted(NUMBERS)
# x86_64 has about 470 calls, aarch64 about as many.
NUMBERS_MAX = 600


def answer(rules, architecture, call, *arguments):
    steps = program(rules, architecture, OWN)
    number = NUMBERS[architecture].get(call, call)
    return run(steps, number=number, architecture=AUDIT_ARCHITECTURES[architecture], arguments=arguments)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("read", (3,), ALLOW),
        ("read", (0,), KILL_PROCESS),
        ("read", (4,), KILL_PROCESS),
        ("write", (3,), ALLOW),
        ("write", (1,), KILL_PROCESS),
        ("write", (2,), ERRNO | errno.EBADF),
        ("mmap", (0, 4096, 3, 0x22), ALLOW),
        ("mmap", (0, 4096, 7, 0x22), KILL_PROCESS),
        ("mmap", (0, 4096, 4, 0x22), KILL_PROCESS),
        ("mmap", (0, 4096, 3, 0x02), KILL_PROCESS),
        ("mprotect", (0, 4096, 3), ALLOW),
        ("mprotect", (0, 4096, 5), KILL_PROCESS),
        ("futex", (0, 0), ALLOW),
        ("futex", (0, 129), ALLOW),
        ("futex", (0, 128 + 256 + 9), ALLOW),
        ("futex", (0, 6), KILL_PROCESS),
        ("futex", (0, 13), KILL_PROCESS),
        ("tgkill", (OWN, OWN, 6), ALLOW),
        ("tgkill", (OWN, OWN, 9), KILL_PROCESS),
        ("tgkill", (1, 1, 6), KILL_PROCESS),
        ("brk", (), ALLOW),
        ("exit_group", (0,), ALLOW),
        ("openat", (0xFFFFFF9C,), KILL_PROCESS),
        ("prctl", (22, 2), KILL_PROCESS),
    ],
)
def test_the_sealed_filter_answers(architecture, call, arguments, expected):
    assert answer(SEALED, architecture, call, *arguments) == expected


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("openat", (0xFFFFFF9C,), ERRNO | errno.EACCES),
        ("prctl", (22, 2), ALLOW),
        ("prctl", (4, 1), KILL_PROCESS),
        ("read", (3,), ALLOW),
        ("write", (1,), KILL_PROCESS),
    ],
)
def test_the_loading_filter_answers(architecture, call, arguments, expected):
    assert answer(LOADING, architecture, call, *arguments) == expected


@pytest.mark.parametrize("rules", [SEALED, LOADING], ids=["sealed", "loading"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_call_that_no_rule_names_kills(architecture, rules):
    named = {NUMBERS[architecture].get(rule.call) for rule in rules}
    others = set(range(NUMBERS_MAX)) - named
    answers = {answer(rules, architecture, number, 3, 3, 3, 3, 3, 3) for number in others}
    assert answers == {KILL_PROCESS}


@pytest.mark.parametrize("rules", [SEALED, LOADING], ids=["sealed", "loading"])
def test_calls_by_another_convention_kill(rules):
    steps = program(rules, "x86_64", OWN)
    native = AUDIT_ARCHITECTURES["x86_64"]
    # i386, and the x32 numbers of the 64-bit convention.
    assert run(steps, number=1, architecture=0x40000003, arguments=(3,)) == KILL_PROCESS
    assert run(steps, number=1 | X32_BIT, architecture=native, arguments=(3,)) == KILL_PROCESS
    assert run(steps, number=0xFFFFFFFF, architecture=native) == KILL_PROCESS
    assert run(steps, number=1, architecture=native, arguments=(3,)) == ALLOW


@pytest.mark.parametrize("rule", LOADING, ids=lambda rule: rule.call)
def test_every_rule_says_why_and_has_a_number(rule):
    assert rule.why.endswith(".")
    assert all(condition.text for condition in rule.conditions)
    assert any(rule.call in numbers for numbers in NUMBERS.values())


def test_no_number_is_given_that_no_rule_uses():
    used = {rule.call for rule in LOADING}
    assert {name for numbers in NUMBERS.values() for name in numbers} == used
    assert all(len(set(numbers.values())) == len(numbers) for numbers in NUMBERS.values())
    assert SET_UP.keys() == NUMBERS.keys() == AUDIT_ARCHITECTURES.keys()


def test_an_architecture_without_numbers_has_no_filter():
    with pytest.raises(KeyError):
        program(SEALED, "riscv64", OWN)


def test_a_jump_is_never_too_long():
    # Offsets are one byte.
    for architecture in ARCHITECTURES:
        assert all(max(step[1], step[2]) < 256 for step in program(LOADING, architecture, OWN))
