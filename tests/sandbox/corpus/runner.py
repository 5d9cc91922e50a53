"""Runs programs of the corpus in a process of its own, each in a fork, with the policy or without any.

python -m tests.sandbox.corpus.runner policy|plain     one line of JSON per program that is not for a worker alone
"""

import decimal
import json
import os
import signal
import sys
import tempfile
import warnings
from fractions import Fraction

from sandbox.policy import PolicyBroken
from sandbox.runtime import prepare_program
from sdk import errors
from tests.sandbox.corpus.model import APPLET, FUNCTION, MODULE, attacks, benign, escape_of

SECONDS_MAX = 5
SHARED = (errors.BosError, errors.Conflict, errors.Violation, Fraction, decimal.Decimal, json.JSONDecodeError)


class TooLong(BaseException):
    """The program took longer than a test may."""


def canaries():
    """What every call sees, as text: an applet that changes any of it has reached the next one."""
    context = decimal.getcontext()
    classes = [sorted(map(str, vars(cls).items())) for cls in SHARED]
    return json.dumps([str(context.copy()), classes, dict(errors.BosError.extensions), decimal.getcontext().prec])


def run_under_policy(source):
    """What two calls in a row come to: (outcome, detail)."""
    before = canaries()
    try:
        program = prepare_program({MODULE: source})
    except PolicyBroken as broken:
        return "refused", str(broken)
    outcome = "returned", None
    for _ in range(2):
        try:
            value = program.start_call().function(MODULE, FUNCTION)(None)
        except Exception as error:  # reason: an attack may raise anything, and a text of it may raise as well
            outcome = "raised", type(error).__name__
        else:
            escape = escape_of(value)
            if escape is not None:
                return "escaped", escape
            outcome = "returned", value
    program.start_call()
    return ("escaped", "shared things were changed") if canaries() != before else outcome


def run_plain(source):
    """The same with Python's own builtins and imports, which is what stands when the policy has failed."""
    warnings.simplefilter("ignore")
    try:
        members = {"__name__": MODULE, "__package__": APPLET}
        exec(compile(source, f"{MODULE}.py", "exec"), members)
        for _ in range(2):
            value = members[FUNCTION](None)
            if escape_of(value) is not None:
                return "escaped", escape_of(value)
    except BaseException as error:  # reason: an attack may raise anything
        return "raised", type(error).__name__
    return "returned", repr(value)[:200]


def _stop(*_):
    raise TooLong


def _in_a_fork(run, source):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, _stop)
        signal.alarm(SECONDS_MAX)
        try:
            answer = json.dumps(run(source), default=repr)
        except BaseException as error:  # reason: whatever it is, the parent is to hear of it
            answer = json.dumps(["died", type(error).__name__])
        os.write(writer, f"{answer}\n".encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        # A program that forked has several last words: the first ones count.
        told = file.readline()
    os.waitpid(child, 0)
    return json.loads(told or '["died", "without a word"]')


def main(mode):
    run = run_under_policy if mode == "policy" else run_plain
    programs = [each for each in attacks() if not each.exhausts]
    if mode == "policy":
        programs += benign()
    with tempfile.TemporaryDirectory() as folder:
        # Whatever they write by a relative path goes with it.
        os.chdir(folder)
        for each in programs:
            outcome, detail = _in_a_fork(run, each.source)
            sys.stdout.write(json.dumps([each.name, outcome, detail]) + "\n")
            sys.stdout.flush()
        os.chdir("/")


if __name__ == "__main__":
    main(sys.argv[1])
