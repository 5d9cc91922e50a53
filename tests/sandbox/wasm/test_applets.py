"""Applets that come with Bos pass their own tests in instances of the component, their source as it is."""

import re
import subprocess
import sys

import pytest

from tests.sandbox.wasm.conftest import ROOT

pytestmark = pytest.mark.slow
RUN_S_MAX = 600
# Conformance is about files and definitions.
WHOLE = "not Conformance"


@pytest.mark.parametrize("applet", ["approvals", "ledger"])
def test_an_applets_own_tests_pass_in_instances(engine, applet):
    # The engine is asked for so that its component is there already.
    plugin = ("-p", "tests.sandbox.wasm.sandboxed", "-p", "no:cacheprovider", "-n0", "-s", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", f"applets/{applet}/tests", *plugin, "-k", WHOLE],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=RUN_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
    calls = re.search(rf"'{applet}': \((\d+), {{}}\)", done.stdout)
    assert calls is not None, done.stdout[-1_000:]
    assert int(calls[1]) > 0
