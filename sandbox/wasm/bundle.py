"""What goes into the component: Bos's own rooms that a worker needs, and the pure-Python packages under them."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_OWN = (
    "sandbox/*.py", "sandbox/lockdown/__init__.py", "sandbox/policy/**/*.py", "sandbox/runtime/**/*.py",
    "sandbox/wasm/__init__.py", "sandbox/wasm/guest.py", "sandbox/wasm/late_imports.py", "sandbox/wasm/letters.py",
    "sandbox/worker/**/*.py", "sdk/**/*.py",
)  # fmt: skip
_PACKAGES = ("RestrictedPython", "pluggy")
_CODEC = Path(__file__).with_name("codec.py")
_LEFT_OUT = frozenset({"tests", "testing", "__pycache__"})

WORLD = """package bos:sandbox;

world worker {
  import ask: func(request: string, place: string) -> string;
  export answer: func(frame: string) -> string;
}
"""
ENTRY_MODULE = "entry"
_ENTRY = """import wit_world
from sandbox.wasm.guest import Guest
from sandbox.wasm.late_imports import close_doors

_guest = Guest(wit_world.ask)
close_doors()


class WitWorld(wit_world.WitWorld):
    def answer(self, frame):
        return _guest.answer(frame)
"""
# There is no C library to call by name.
_LIBC = "sandbox/lockdown/libc.py"
_NO_LIBC = """def call(name, *arguments):
    raise AttributeError(name)
"""


def bundle() -> dict[str, bytes]:
    """By path inside the component."""
    files = {f"{ENTRY_MODULE}.py": _ENTRY.encode(), _LIBC: _NO_LIBC.encode()}
    # Of the library there is but its fallback there, which is slow.
    files["msgpack.py"] = _CODEC.read_bytes()
    for pattern in _OWN:
        files |= _read(_ROOT, pattern)
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise FileNotFoundError(name)
        folder = Path(spec.origin).parent
        files |= _read(folder.parent, f"{folder.name}/**/*.py")
    return files


def digest_of(files: Mapping[str, bytes], *more: str) -> str:
    """Of all that decides what the component does. more: versions of what builds it."""
    digest = hashlib.sha256()
    for part in (WORLD, *more):
        digest.update(f"{len(part)} {part}".encode())
    for path, data in sorted(files.items()):
        digest.update(f"{path} {len(data)} ".encode())
        digest.update(data)
    return digest.hexdigest()


def _read(root: Path, pattern: str) -> dict[str, bytes]:
    found = {path.relative_to(root): path for path in root.glob(pattern)}
    return {
        name.as_posix(): path.read_bytes() for name, path in found.items() if not _LEFT_OUT.intersection(name.parts)
    }
