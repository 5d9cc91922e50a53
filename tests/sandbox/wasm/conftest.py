"""The engine of WebAssembly. Its component is built once for each state of the code, and kept for the whole machine."""

import importlib
import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from sandbox.wasm.artifact import kept
from sandbox.wasm.building import build
from sandbox.wasm.bundle import bundle, digest_of

NEEDED = ("componentize_py", "wasmtime")
ROOT = Path(__file__).parents[3]
# Private to whoever runs the tests, as the engine wants it.
CACHE = Path(tempfile.gettempdir()) / f"bos-tests-{os.geteuid()}"


def require_extra():
    """Without the extra the test is skipped, or fails if BOS_TEST_REQUIRE names the sandbox."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if not missing:
        return
    message = f"the extra wasm is not installed: {', '.join(missing)}"
    if "sandbox" in os.environ.get("BOS_TEST_REQUIRE", "").split(","):
        pytest.fail(f"{message}; BOS_TEST_REQUIRE names the sandbox")
    pytest.skip(message)


def open_component(loader=None):
    """The engine; with `loader`, a path below the root, of a component in which that module loads programs."""
    engine = importlib.import_module("sandbox.wasm.engine")
    if loader is None:
        return engine.open_engine(CACHE)
    files = bundle()
    files["sandbox/worker/loading.py"] = (ROOT / loader).read_bytes()
    return engine.WasmEngine(kept(CACHE / "bare", digest_of(files), lambda: build(files)))


@pytest.fixture(scope="package")
def engine():
    require_extra()
    opened = open_component()
    yield opened
    opened.close()
