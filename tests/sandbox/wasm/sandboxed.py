"""A pytest plugin: applets under test run in instances of the component, `pytest -p tests.sandbox.wasm.sandboxed`."""

import pytest

import sdk.testing.kernel as fake
from sandbox.pool import Pool, Sizes
from sdk.testing.loading import load_applet as load_in_process
from tests.sandbox.applets.sandboxed import Loader
from tests.sandbox.wasm.conftest import open_component


@pytest.fixture(scope="session", autouse=True)
def in_instances():
    engine = open_component()
    pool = Pool(engine, Sizes(workers_max=40))
    fake.load_applet = Loader(pool, engine).load
    yield
    calls = {one.applet: (one.calls, one.violations) for one in pool.figures().applets}
    fake.load_applet = load_in_process
    pool.close()
    # Whoever reads the output has to see that the sandbox was used at all.
    print(f"\nsandboxed calls: {calls}")
