"""Reads on a streaming replica: as fresh as the request, as strict as the primary, and never missed when it is away."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from starlette.testclient import TestClient

from kernel.auth.records import Authority
from kernel.auth.service import create_user, log_in
from kernel.db.errors import DatabaseUnknown
from kernel.db.reading import read
from kernel.db.replicas import Replica
from kernel.http.app import create_app
from kernel.postgres import EmbeddedPostgres
from kernel.postgres.account import bring_into_reach
from kernel.postgres.binaries import find_binaries
from kernel.postgres.cluster import PORT, locate_cluster, remove_socket_folder
from kernel.postgres.server import ensure_running, stop_server
from tests.integration.kernel.rooms.shelf import furnish, make_tenant, open_shelves

EMAIL, PASSWORD = "ada@shelf.example", "correct horse battery staple"
BINARIES = Path(os.environ["BOS_PG_BIN"]) if "BOS_PG_BIN" in os.environ else None
CONF = {"fsync": "off", "shared_buffers": "32MB", "hot_standby_feedback": "on"}
LAG_MAX_MS = 2_000
BOXES = "/api/v1/shelf/boxs"


@contextmanager
def standby(primary_home, home):
    """A replica of the server in another data folder, as docs/operations.md says to make one."""
    primary = locate_cluster(primary_home)
    home.mkdir()
    cluster = locate_cluster(home)
    binaries = bring_into_reach(find_binaries(BINARIES, primary.major), primary.account)
    environment = {**os.environ, "PGPASSWORD": primary.password_file.read_text().strip()}
    dsn = f"user=postgres host={primary.sockets} port={PORT}"
    subprocess.run(
        [binaries.folder / "pg_basebackup", "--dbname", dsn, "--pgdata", cluster.data, "--write-recovery-conf",
         "--checkpoint=fast", "--wal-method=stream"],
        check=True, capture_output=True, env=environment,
    )  # fmt: skip
    for path in [cluster.data, *cluster.data.rglob("*")]:
        cluster.account.give(path)
    cluster.data.chmod(0o700)
    for path in [*cluster.data.glob(".s.PGSQL.*"), *cluster.data.glob("postmaster.*")]:
        path.unlink()
    cluster.password_file.write_text(primary.password_file.read_text())
    ensure_running(cluster, binaries, CONF)
    try:
        yield cluster, binaries
    finally:
        stop_server(cluster, binaries)
        remove_socket_folder(cluster)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    with (
        EmbeddedPostgres(folder / "primary", BINARIES, CONF, is_temporary=True) as server,
        standby(folder / "primary", folder / "replica") as (cluster, binaries),
    ):
        given = {"replicas": {"default": [cluster.dsn]}, "replica_lag_max_ms": LAG_MAX_MS}
        with open_shelves(server.dsn, folder / "applets", data_dir=folder / "data", **given) as kernel:
            kernel.replica, kernel.standby = cluster, binaries
            yield kernel
    if not cluster.data.is_relative_to(folder):
        subprocess.run(["rm", "-rf", cluster.data.parent], check=True)


@pytest.fixture
def shelf(pair):
    made = furnish(pair, make_tenant(pair))
    (replica,) = pair.database.replicas._replicas[None]
    replica._rests_until = 0.0
    return made


@pytest.fixture
def replica(pair):
    """The superuser's connection to the replica; replay goes on afterwards."""
    with psycopg.connect(pair.replica.dsn, autocommit=True) as connection:
        yield connection
        connection.execute("SELECT pg_wal_replay_resume()")


def names(kernel, tenant):
    """Names of all boxes, and whether a replica told them."""

    def verb(uow):
        rows = uow.execute("SELECT data->>'name' FROM {t}.documents WHERE type = 'shelf.box' ORDER BY 1").fetchall()
        (is_replica,) = uow.execute("SELECT pg_is_in_recovery()").fetchone()
        return [name for (name,) in rows], is_replica

    return read(kernel.database, tenant, verb)


def grant(kernel, tenant):
    """A user with a grant, the header of a session, and the grant's id."""
    authority = Authority.of(kernel)
    with kernel.database.platform() as uow:
        user = create_user(uow, authority.passwords, tenant.id, EMAIL, kernel.clock(), password=PASSWORD)
        uow.commit()
    with kernel.operate(tenant) as ctx:
        # So that the other one is not the last.
        ctx.documents.create("kernel.grant", {"actor_id": "boss@shelf.example", "role": "kernel.admin"})
        given = ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": "kernel.admin"})
    with kernel.database.platform() as uow:
        tokens = log_in(uow, authority, tenant.name, EMAIL, PASSWORD, kernel.clock())
        uow.commit()
    return {"authorization": f"Bearer {tokens.access_token}"}, given.id


def test_what_was_just_written_is_read_on_the_replica(pair, shelf):
    for number in range(20):
        shelf.put({"name": f"{number:02}"})
        assert names(pair, shelf.tenant) == ([f"{each:02}" for each in range(number + 1)], True)


def test_a_replica_that_lags_is_passed_over(pair, shelf, replica):
    replica.execute("SELECT pg_wal_replay_pause()")
    (only,) = pair.database.replicas._replicas[None]
    only._lag_s_max, kept = 0.01, only._lag_s_max
    try:
        shelf.put({"name": "new"})
        assert names(pair, shelf.tenant) == (["new"], False)
        assert only.is_resting
        assert names(pair, shelf.tenant) == (["new"], False)
    finally:
        only._lag_s_max = kept
    replica.execute("SELECT pg_wal_replay_resume()")
    only._rests_until = 0.0
    assert names(pair, shelf.tenant) == (["new"], True)


def test_a_withdrawn_grant_is_withdrawn_on_the_replica(pair, shelf, replica):
    headers, id = grant(pair, shelf.tenant)
    (only,) = pair.database.replicas._replicas[None]
    shelf.put({"name": "secret"})
    with TestClient(create_app(pair, has_worker=False)) as client:
        assert client.get(BOXES, headers=headers).json()["items"][0]["name"] == "secret"
        replica.execute("SELECT pg_wal_replay_pause()")
        only._lag_s_max, kept = 0.01, only._lag_s_max
        try:
            with pair.operate(shelf.tenant) as ctx:
                ctx.documents.delete("kernel.grant", id)
            assert client.get(BOXES, headers=headers).status_code == 403
        finally:
            only._lag_s_max = kept
        replica.execute("SELECT pg_wal_replay_resume()")
        only._rests_until = 0.0
        assert client.get(BOXES, headers=headers).status_code == 403


def test_lists_over_http_are_told_by_the_replica(pair, shelf, replica):
    headers, _ = grant(pair, shelf.tenant)
    shelf.put({"name": "listed"})
    asked = "SELECT sum(calls) FROM (SELECT xact_commit + xact_rollback AS calls FROM pg_stat_database) x"
    with TestClient(create_app(pair, has_worker=False)) as client:
        replica.execute("SELECT pg_stat_clear_snapshot()")
        (before,) = replica.execute(asked).fetchone()
        for _ in range(5):
            assert len(client.get(BOXES, headers=headers).json()["items"]) == 1
    pair.database.replicas.close()
    replica.execute("SELECT pg_stat_clear_snapshot()")
    assert replica.execute(asked).fetchone()[0] >= before + 5


def test_what_tries_to_write_there_is_done_on_the_primary(pair, shelf):
    def verb(uow):
        uow.execute("UPDATE {t}.meta SET value = value WHERE name = 'generation'")
        return uow.execute("SELECT pg_is_in_recovery()").fetchone()[0]

    assert read(pair.database, shelf.tenant, verb) is False


def test_what_the_verb_refuses_is_refused_once(pair, shelf):
    calls = []

    def verb(uow):
        calls.append(uow)
        raise KeyError("refused")

    with pytest.raises(KeyError):
        read(pair.database, shelf.tenant, verb)
    assert len(calls) == 1


def test_a_statement_too_slow_is_not_tried_again_on_the_primary(pair, shelf):
    calls = []

    def verb(uow):
        calls.append(uow)
        uow.execute("SET LOCAL statement_timeout = 10")
        uow.execute("SELECT pg_sleep(10)")

    with pytest.raises(psycopg.errors.QueryCanceled):
        read(pair.database, shelf.tenant, verb)
    assert len(calls) == 1


def test_a_replica_that_is_away_is_nobodys_trouble(pair, shelf):
    shelf.put({"name": "kept"})
    assert names(pair, shelf.tenant) == (["kept"], True)
    stop_server(pair.replica, pair.standby)
    try:
        assert names(pair, shelf.tenant) == (["kept"], False)
        assert names(pair, shelf.tenant) == (["kept"], False)
    finally:
        ensure_running(pair.replica, pair.standby, CONF)


def test_replicas_take_turns_and_those_that_rest_are_left_out(pair):
    kernel_replicas = type(pair.database.replicas)
    one, two = Replica(None, 0.0), Replica(None, 0.0)
    replicas = kernel_replicas({None: [one, two]})
    assert [replicas.in_turn(None)[0] for _ in range(4)] == [one, two, one, two]
    one.rest()
    assert replicas.in_turn(None) == [two]
    assert replicas.in_turn("elsewhere") == []


def test_a_replica_of_no_database_is_refused_at_the_start(pair, tmp_path):
    with pytest.raises(DatabaseUnknown), open_shelves("", tmp_path, replicas={"third": ["postgresql:///x"]}):
        pass


def test_a_replica_that_became_a_primary_answers_no_more(pair, shelf):
    """The last of the file: it goes its own way from here on, and stays at the position it had."""
    (replica,) = pair.database.replicas._replicas[None]
    # Connections that other tests have broken are no matter of this one.
    replica.close()
    shelf.put({"name": "before"})
    assert names(pair, shelf.tenant) == (["before"], True)
    with psycopg.connect(pair.replica.dsn, autocommit=True) as other:
        assert other.execute("SELECT pg_promote(true, 60)").fetchone() == (True,)
        other.execute(f'UPDATE {shelf.tenant.schema}.documents SET data = data || \'{{"name": "other"}}\'')
    assert names(pair, shelf.tenant) == (["before"], False)
