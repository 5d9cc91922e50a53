"""The compiled component, built once for each state of the code and kept in a folder of the operator's.

It is native code, and to load it is to run it: the folder and the file are this user's alone, and the digest before
the code is that of the very bytes that are loaded.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from sandbox.wasm.building import build
from sandbox.wasm.bundle import bundle, digest_of
from sandbox.wasm.limits import STACK_BYTES_MAX
from sandbox.zygote.errors import WorkerUnavailable

_FOLDER = Path("sandbox") / "wasm"
_SUFFIX = ".cwasm"
_DIGEST_BYTES = hashlib.sha256().digest_size
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_artifact(data_dir: Path) -> bytes:
    """From the cache below this directory, or built and put there. Raises WorkerUnavailable."""
    files = bundle()
    made_by = [f"{name} {version(name)}" for name in ("componentize-py", "wasmtime")]
    key = digest_of(files, *made_by, platform.machine(), str(STACK_BYTES_MAX))
    return kept(data_dir / _FOLDER, key, lambda: build(files))


def kept(folder: Path, key: str, make: Callable[[], bytes]) -> bytes:
    """What is kept there under this key, made if it is not or is not whole; older ones go then. Raises
    WorkerUnavailable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_private(folder)
        with _locked(folder / "lock"):
            path = folder / f"{key}{_SUFFIX}"
            code = _read(path)
            if code is None:
                code = make()
                _write(path, code)
                _drop_others(path)
            return code
    except OSError as error:
        raise WorkerUnavailable(reason=f"its component cannot be kept in {folder}: {error.strerror}") from error


def _read(path: Path) -> bytes | None:
    if not path.exists():
        return None
    _check_private(path)
    data = path.read_bytes()
    code = data[_DIGEST_BYTES:]
    return code if hashlib.sha256(code).digest() == data[:_DIGEST_BYTES] else None


def _write(path: Path, code: bytes) -> None:
    # Whole or not at all, and from its beginning for this user only.
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(hashlib.sha256(code).digest())
        file.write(code)
    Path(name).replace(path)


def _drop_others(path: Path) -> None:
    for other in path.parent.glob(f"*{_SUFFIX}"):
        if other != path:
            other.unlink(missing_ok=True)


def _check_private(path: Path) -> None:
    found = path.lstat()
    if found.st_uid != os.geteuid() or stat.S_ISLNK(found.st_mode) or found.st_mode & _OTHERS:
        raise WorkerUnavailable(reason=f"{path} is not this user's alone, and code of it would be run")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # Several processes of Bos begin at once; one of them builds.
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
