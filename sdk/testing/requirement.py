"""How a check of the conformance suite fails."""

from __future__ import annotations

from collections.abc import Iterable


def require(problems: Iterable[object], advice: str) -> None:
    """Fail with all problems at once, and what to do about them."""
    found = [str(problem) for problem in problems]
    assert not found, f"{advice}\n" + "\n".join(f"  - {problem}" for problem in found)
