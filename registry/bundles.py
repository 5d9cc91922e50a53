"""An applet's folder as one file: reproducible, and known by the digest of what is in it."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from registry.errors import BundleUnreadable

BUNDLE_FILES_MAX = 5_000
BUNDLE_BYTES_MAX = 50_000_000
# The first moment a ZIP archive can name: the same content is to give the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = frozenset({"__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".venv", "node_modules"})


def list_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """What belongs to the applet: path within it and file, in order; nothing that tools left behind, no links."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and _LEFT_OUT.isdisjoint(name.parts) and path.suffix != ".pyc":
            yield name.as_posix(), path


def digest_of(folder: Path) -> str:
    """SHA-256 over names and contents."""
    total = hashlib.sha256()
    for name, path in list_files(folder):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{name}\0{content}\n".encode())
    return total.hexdigest()


def pack(folder: Path) -> bytes:
    """The folder as a ZIP archive without times, owners or order of its own. Raises BundleUnreadable for too much."""
    files = list(list_files(folder))
    _check_size([path.stat().st_size for _, path in files])
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return target.getvalue()


def unpack(bundle: bytes, folder: Path) -> None:
    """Write what is in it below the folder. Raises BundleUnreadable for names that lead elsewhere, and for too much."""
    try:
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            entries = archive.infolist()
            _check_size([entry.file_size for entry in entries])
            for entry in entries:
                _write(archive, entry, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        # Of what is encrypted, packed by other means, or a file and a folder at once.
        raise BundleUnreadable(reason=str(error)[:200]) from None


def is_whole(folder: Path, digest: str) -> bool:
    """Whether an unpacked folder holds what the digest says and nothing else that Python could take instead.

    What was compiled is thrown away: no digest covers it.
    """
    for compiled in list(folder.rglob("__pycache__")):
        shutil.rmtree(compiled, ignore_errors=True)
    found = {path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    return found == {path for _, path in list_files(folder)} and digest_of(folder) == digest


def stamp_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Another one when a file was written, came or went: to be asked for often, without reading any."""
    stats = ((name, path.stat()) for name, path in list_files(folder))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def _check_size(sizes: Sequence[int]) -> None:
    if len(sizes) > BUNDLE_FILES_MAX or sum(sizes) > BUNDLE_BYTES_MAX:
        raise BundleUnreadable(reason=f"more than {BUNDLE_FILES_MAX} files or {BUNDLE_BYTES_MAX} bytes")


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = (folder / entry.filename).resolve()
    if not target.is_relative_to(folder.resolve()) or entry.is_dir():
        raise BundleUnreadable(reason=f"{entry.filename[:80]} is no file within it")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(archive.read(entry))
