"""How strong the sandbox is here, and what each level consists of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """full: all walls. strong: where namespaces are not to be had. wasm: another engine. dev: limits alone."""

    FULL = "full"
    STRONG = "strong"
    WASM = "wasm"
    DEV = "dev"


@dataclass(frozen=True, slots=True)
class Walls:
    """Which walls stand. Limits, closed descriptors and the loss of privileges are always there."""

    namespaces: bool = True
    landlock: bool = True
    seccomp: bool = True

    @classmethod
    def of(cls, level: Level) -> Walls:
        """Those of a level of this engine. Raises KeyError for wasm."""
        return _WALLS[level]


_WALLS = {
    Level.FULL: Walls(),
    Level.STRONG: Walls(namespaces=False),
    Level.DEV: Walls(namespaces=False, landlock=False, seccomp=False),
}
