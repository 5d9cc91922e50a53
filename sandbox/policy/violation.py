"""What the policy says about a line it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.policy.limits import CONSTRUCT_CHARACTERS_MAX
from sandbox.policy.rules import RULES
from sdk.errors import Violation


@dataclass(frozen=True, slots=True)
class PolicyViolation:
    """One line that is not in the language of applets.

    module: dotted, inside the applet. line, column: from 1, 0 where the whole module is meant. rule: a key of RULES.
    construct: what stands there. instead: how the same is written.
    """

    module: str
    line: int
    column: int
    rule: str
    construct: str
    message: str
    instead: str

    def as_violation(self) -> Violation:
        """As every other error of Bos is told: `/data/rates.py:12`."""
        path = self.module.replace(".", "/")
        return Violation(f"/{path}.py:{self.line}", self.rule, self.message, self.instead)

    def __str__(self) -> str:
        path = self.module.replace(".", "/")
        return f"{path}.py:{self.line}:{self.column}: {self.message} ({self.rule}); instead: {self.instead}"


class PolicyBroken(Exception):
    """Sources that do not compile under the policy, with everything that is wrong with them."""

    def __init__(self, violations: Sequence[PolicyViolation]) -> None:
        self.violations = tuple(violations)
        super().__init__("\n".join(str(violation) for violation in self.violations))


def refusal(
    module: str, rule: str, construct: str, *, line: int = 0, column: int = 0, instead: str = "", **details: object
) -> PolicyViolation:
    """The violation of a rule, its texts filled in."""
    text = RULES[rule]
    shown = construct if len(construct) <= CONSTRUCT_CHARACTERS_MAX else construct[: CONSTRUCT_CHARACTERS_MAX - 1] + "…"
    message = text.message.format(construct=shown, **details)
    return PolicyViolation(module, line, column, rule, shown, message, instead or text.instead)
