"""Records what the SDK promises applets, for the contract test: `make sdk-contract`, with each release of the SDK."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from registry.contracts.breaks import promised
from registry.contracts.model import as_text
from registry.contracts.surface import offered_sdk


def record(file: Path, source: Path | None = None) -> None:
    """Write the promise of the SDK that runs, or of the one whose source lies in a folder."""
    file.write_text(as_text(promised(offered_sdk(source)).as_json()), encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    """FILE [SOURCE]."""
    record(Path(arguments[0]), Path(arguments[1]) if len(arguments) > 1 else None)


if __name__ == "__main__":
    main(sys.argv[1:])
