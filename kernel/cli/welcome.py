"""What `bos up` prints when everything runs: where it is, how to log in, what to do next."""

from __future__ import annotations

import shutil
from pathlib import Path

from kernel.cli.demo import DEMO_TENANT, Demo


def name_program(started_as: str) -> str:
    """How to call `bos` from a shell here: its name where the shell finds it, else its path."""
    path = Path(started_as)
    found = shutil.which("bos")
    if found and Path(found).resolve() == path.resolve():
        return "bos"
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def welcome(url: str, demo: Demo | None, bos: str) -> str:
    """The text. demo: None where there is no demo tenant. bos: how the program is called."""
    where = ["", f"Bos is running at {url}", f"  API documentation  {url}/docs"]
    if demo is None:
        advice = ["", "Make a tenant:", f"  {bos} tenant create acme --title 'Acme Ltd' --admin-email you@example.com"]
        return "\n".join([*where, *advice, *_ending()])
    notes = ["", *demo.notes] if demo.notes else []
    return "\n".join([*where, *notes, *_log_in(demo, bos), *_first_steps(url, demo, bos), *_ending()])


def _log_in(demo: Demo, bos: str) -> list[str]:
    renew = f"{bos} user set-password {demo.email} --tenant {DEMO_TENANT}"
    lines = ["", f"Log in to the tenant {DEMO_TENANT}:", f"  email     {demo.email}"]
    if demo.password:
        return [*lines, f"  password  {demo.password}", f"  It is shown this once. A new one: {renew}"]
    return [*lines, f"  password  as shown at the first start. A new one: {renew}"]


def _first_steps(url: str, demo: Demo, bos: str) -> list[str]:
    log_in = f'{{"tenant": "{DEMO_TENANT}", "email": "{demo.email}", "password": "{demo.password or "…"}"}}'
    return [
        "",
        "Try it in another terminal:",
        f"  TOKEN=$(curl -s {url}/api/v1/auth/login -H 'content-type: application/json' \\",
        f"    -d '{log_in}' \\",
        "    | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"access_token\"])')",
        f'  curl -s "{url}/api/v1/receivables/invoices?limit=3" -H "authorization: Bearer $TOKEN"',
        f"  {bos} report run ledger.trial_balance --tenant {DEMO_TENANT}",
    ]


def _ending() -> list[str]:
    return ["", "Ctrl-C stops everything.", ""]
