"""Running PostgreSQL's programs as the server's account."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kernel.postgres.account import Account
from kernel.postgres.errors import PostgresUnavailable


def run_program(account: Account, command: Sequence[str | Path], words: str = "") -> None:
    """Wait for a program that reads `words`. Raises PostgresUnavailable with what it said when it fails."""
    done = subprocess.run(
        command, input=words, capture_output=True, text=True, check=False, env=clean_environment(),
        **account.process_options(),
    )  # fmt: skip
    if done.returncode:
        raise PostgresUnavailable(reason=f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()}")


def clean_environment() -> dict[str, str]:
    """Ours without the variables by which libpq and the server could be led elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))} | {"LC_ALL": "C"}
