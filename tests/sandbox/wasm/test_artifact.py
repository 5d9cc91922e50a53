"""What is kept is native code: only whole, only one's own, and only as long as it is of this code."""

import os
import stat

import pytest

from sandbox.wasm.artifact import kept
from sandbox.wasm.bundle import bundle, digest_of
from sandbox.zygote.errors import WorkerUnavailable


class Maker:
    """Makes something, and counts how often."""

    def __init__(self):
        self.made = 0

    def __call__(self):
        self.made += 1
        return b"code" * 1000


@pytest.fixture
def make():
    return Maker()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "wasm"


def test_it_is_made_once_and_found_again(folder, make):
    assert [kept(folder, "a" * 64, make) for _ in range(3)] == [b"code" * 1000] * 3
    assert make.made == 1


def test_folder_and_file_are_this_users_alone(folder, make):
    kept(folder, "a" * 64, make)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / f"{'a' * 64}.cwasm")}
    assert modes == {"wasm": 0o700, f"{'a' * 64}.cwasm": 0o600}


def test_that_of_other_code_goes_when_a_new_one_is_made(folder, make):
    kept(folder, "a" * 64, make)
    kept(folder, "b" * 64, make)
    assert (make.made, [path.name for path in folder.glob("*.cwasm")]) == (2, [f"{'b' * 64}.cwasm"])


@pytest.mark.parametrize(
    "change", [lambda data: data[:-1], lambda data: data + b"x", lambda data: b"", lambda data: b"\0" + data[1:]]
)
def test_what_is_not_whole_is_made_anew(folder, make, change):
    kept(folder, "a" * 64, make)
    path = folder / f"{'a' * 64}.cwasm"
    path.write_bytes(change(path.read_bytes()))
    assert kept(folder, "a" * 64, make) == b"code" * 1000
    assert make.made == 2


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o707])
def test_a_folder_that_others_get_into_is_refused(folder, make, mode):
    folder.mkdir(parents=True)
    folder.chmod(mode)
    with pytest.raises(WorkerUnavailable, match="is not this user's alone"):
        kept(folder, "a" * 64, make)
    assert make.made == 0


def test_a_file_that_others_may_write_is_refused(folder, make):
    kept(folder, "a" * 64, make)
    (folder / f"{'a' * 64}.cwasm").chmod(0o622)
    with pytest.raises(WorkerUnavailable, match="is not this user's alone"):
        kept(folder, "a" * 64, make)


def test_a_link_to_elsewhere_is_refused(folder, make, tmp_path):
    kept(folder, "a" * 64, make)
    path = folder / f"{'a' * 64}.cwasm"
    path.rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(WorkerUnavailable):
        kept(folder, "a" * 64, make)


def test_where_nothing_can_be_kept_that_is_said(tmp_path, make):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkerUnavailable, match="cannot be kept in"):
        kept(tmp_path / "file" / "wasm", "a" * 64, make)


def test_the_key_is_of_all_code_and_of_what_compiles_it():
    files = {"a.py": b"1", "b.py": b"2"}
    keys = [
        digest_of(files),
        digest_of({**files, "a.py": b"2"}),
        digest_of({"a.py": b"1", "c.py": b"2"}),
        digest_of({"a.py": b"12", "b.py": b""}),
        digest_of(files, "wasmtime 50"),
        digest_of(files, "wasmtime 51"),
    ]
    assert len(set(keys)) == len(keys)
    assert digest_of(dict(reversed(files.items()))) == keys[0]


def test_nothing_of_the_host_or_of_tests_is_built_in():
    files = bundle()
    assert {"entry.py", "sandbox/worker/serving.py", "sdk/__init__.py", "RestrictedPython/__init__.py"} <= set(files)
    rooms = {path.rpartition("/")[0] for path in files}
    assert not [
        room for room in rooms if room.endswith(("/tests", "/testing")) or room in ("sandbox/host", "sandbox/zygote")
    ]
    assert b"ctypes" not in files["sandbox/lockdown/libc.py"]
