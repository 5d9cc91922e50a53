"""The console script `bos`: imports what it needs without looking for garbage, which imports do not make."""

from __future__ import annotations

import gc
import importlib


def main() -> None:
    """Import the command line and run it. What was imported stays, so no later collection looks at it either."""
    gc.disable()
    command_line = importlib.import_module("kernel.cli.main")
    gc.freeze()
    gc.enable()
    command_line.main()
