"""What the process that reads code says to the one that asked."""

from __future__ import annotations

from dataclasses import dataclass

from registry.contracts.code import Code


@dataclass(frozen=True)
class Answer:
    """code: None where a file is no Python; then the reason."""

    code: Code | None = None
    file: str = ""
    reason: str = ""
