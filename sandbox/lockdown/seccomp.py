"""Seccomp: the rules as a program the kernel runs at each system call (classic BPF, linux/filter.h)."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator, Sequence
from itertools import groupby

from sandbox.lockdown.libc import ARCHITECTURE, prctl
from sandbox.lockdown.rules import OWN_PROCESS, Condition, Rule
from sandbox.lockdown.syscalls import AUDIT_ARCHITECTURES, NUMBERS, X32_BIT

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
KILL_PROCESS, ALLOW, ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
# Where linux/seccomp.h puts things in what a filter sees.
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16

_STEP, _OPERAND, _OPERAND_AT = struct.Struct("HBBI"), struct.Struct("I"), 4
# No process has this number.
_ANY_PROCESS = 0x7FFFFFFF

# code, steps to skip if true, steps to skip if false, operand
Step = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


class Filter:
    """Rules, compiled once for many processes: only their own process id differs."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        steps = program(rules, ARCHITECTURE, _ANY_PROCESS)
        packed = b"".join(_STEP.pack(*step) for step in steps)
        self._buffer = ctypes.create_string_buffer(packed, len(packed))
        self._own_at = [_STEP.size * place + _OPERAND_AT for place, step in enumerate(steps) if step[3] == _ANY_PROCESS]
        self._program = _Program(len(steps), ctypes.cast(self._buffer, ctypes.c_void_p))

    def install(self) -> None:
        """Hold this process to the rules, and to all filters it has already; for good. Needs `stay_small`."""
        for place in self._own_at:
            _OPERAND.pack_into(self._buffer, place, os.getpid())
        prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(self._program))


def program(rules: Sequence[Rule], architecture: str, own_process: int) -> list[Step]:
    """The filter of these rules. Raises KeyError for an architecture without numbers."""
    numbers = NUMBERS[architecture]
    steps: list[Step] = [
        # Numbers mean something else in the 32-bit convention, which a 64-bit process may use at any time.
        (LOAD, 0, 0, _ARCHITECTURE_AT),
        (EQUAL, 1, 0, AUDIT_ARCHITECTURES[architecture]),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, _NUMBER_AT),
    ]
    if architecture == "x86_64":
        steps += [(AT_LEAST, 0, 1, X32_BIT), (RETURN, 0, 0, KILL_PROCESS)]
    for call, alternatives in groupby(rules, key=lambda rule: rule.call):
        if call in numbers:
            block = list(_block(alternatives, own_process))
            steps += [(EQUAL, 0, len(block), numbers[call]), *block]
    return [*steps, (RETURN, 0, 0, KILL_PROCESS)]


def _block(alternatives: Iterator[Rule], own_process: int) -> Iterator[Step]:
    """What decides about one call: the first rule whose conditions hold, death if there is none."""
    unconditional = False
    for rule in alternatives:
        tests = [step for condition in rule.conditions for step in _test(condition, own_process)]
        answer = ERRNO | rule.refused_with if rule.refused_with else ALLOW
        # A test that fails jumps over the rest of the tests and the answer behind them.
        yield from (_aimed(step, len(tests) - index) for index, step in enumerate(tests))
        yield (RETURN, 0, 0, answer)
        unconditional = not tests
    if not unconditional:
        yield (RETURN, 0, 0, KILL_PROCESS)


_TO_NEXT_RULE = 255


def _test(condition: Condition, own_process: int) -> Iterator[Step]:
    # Lower half first on both architectures; descriptors and flags have nothing in the upper one that the kernel reads.
    yield (LOAD, 0, 0, _ARGUMENTS_AT + 8 * condition.argument)
    yield (AND, 0, 0, condition.mask)
    values = [own_process if value == OWN_PROCESS else value for value in condition.values]
    for index, value in enumerate(values):
        others = len(values) - index - 1
        yield (EQUAL, others, 0 if others else _TO_NEXT_RULE, value)


def _aimed(step: Step, rest: int) -> Step:
    """The step with its way out: `rest` steps further, past the answer."""
    code, if_true, if_false, operand = step
    return (code, if_true, rest if if_false == _TO_NEXT_RULE else if_false, operand)
