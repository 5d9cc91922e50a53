"""What can be wrong with an expression."""

from __future__ import annotations

from collections.abc import Iterable

from sdk.errors import Invalid, LimitExceeded
from sdk.nearest import nearest, nearest_or_all


class InvalidExpression(Invalid):
    """At position {position}: {problem}. {instead}"""

    def __init__(self, problem: str, *, position: int = 0, instead: str = "") -> None:
        super().__init__(problem=problem, position=position, instead=instead)
        self.message = self.message.rstrip()
        self.args = (self.message,)


class EvaluationTooLong(LimitExceeded):
    """The loops of the expression visit more than {maximum} items."""


def advise(name: str, known: Iterable[str]) -> str:
    """Advice naming the known name most like this one, else what is known."""
    names = sorted(known)
    found = nearest(name, names)
    return f"Did you mean {found}?" if found else f"Known: {nearest_or_all(name, names)}."
