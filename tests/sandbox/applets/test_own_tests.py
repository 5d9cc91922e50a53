"""The applets that come with Bos pass their own tests sandboxed too, their source as it is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
RUN_S_MAX = 600
# Conformance is about files and definitions, and the rest of receivables repeats what its invoices show.
WHOLE = "not Conformance"
TESTS = {
    "parties": "applets/parties/tests",
    "catalog": "applets/catalog/tests",
    "approvals": "applets/approvals/tests",
    "ledger": "applets/ledger/tests",
    "receivables": "applets/receivables/tests/test_invoices.py",
}
LONG = {"ledger", "receivables"}


@pytest.mark.parametrize(
    "applet", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in TESTS]
)
def test_an_applets_own_tests_pass_sandboxed(applet):
    plugin = ("-p", "tests.sandbox.applets.sandboxed", "-p", "no:cacheprovider", "-n0", "-s", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", TESTS[applet], *plugin, "-k", WHOLE],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=RUN_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
    # That it was the sandbox which answered, and nobody else.
    calls = re.search(rf"'{applet}': \((\d+), {{}}\)", done.stdout)
    assert calls is not None, done.stdout[-1_000:]
    assert int(calls[1]) > 0
