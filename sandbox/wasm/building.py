"""Builds and compiles the component, in processes of their own: it takes much memory once, and none later."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.wasm.bundle import ENTRY_MODULE, WORLD
from sandbox.wasm.limits import BUILD_S_MAX
from sandbox.zygote.errors import WorkerUnavailable
from sandbox.zygote.forking import import_path

# Nothing of the environment, and no folders but those that are named: what is found otherwise would be built in.
_COMPONENTIZE = "import sys; sys.path[:0] = sys.argv.pop(1).split(chr(10)); import componentize_py as c; c.script()"
_COMPILE = (
    "import importlib, sys; sys.path[:0] = sys.argv[1].split(chr(10)); "
    "importlib.import_module('sandbox.wasm.compiling').compile_component(*sys.argv[2:])"
)
_TOLD_MAX = 1_000


def build(files: Mapping[str, bytes]) -> bytes:
    """The compiled component of these files. Takes about twenty seconds of one processor. Raises WorkerUnavailable."""
    with tempfile.TemporaryDirectory(prefix="bos-wasm-") as name:
        folder = Path(name)
        for path, data in files.items():
            file = folder / "app" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        (folder / "world.wit").write_text(WORLD, encoding="utf-8")
        told = ["--wit-path", "world.wit", "--world", "worker", "--quiet", "componentize", ENTRY_MODULE]
        _run(folder, _COMPONENTIZE, [*told, "--python-path", "app", "--output", "component.wasm"])
        _run(folder, _COMPILE, ["component.wasm", "component.cwasm"])
        return (folder / "component.cwasm").read_bytes()


def _run(folder: Path, program: str, arguments: Sequence[str]) -> None:
    command = [sys.executable, "-I", "-S", "-B", "-c", program, "\n".join(import_path()), *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={"TMPDIR": str(folder), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=BUILD_S_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WorkerUnavailable(reason=f"its component was not built within {BUILD_S_MAX:g} s") from None
    if done.returncode != 0:
        told = (done.stderr or done.stdout).decode(errors="replace").strip()[-_TOLD_MAX:]
        raise WorkerUnavailable(reason=f"its component cannot be built: {told}")
