import os
from urllib.parse import parse_qs, urlsplit

import pytest

from kernel.postgres import PostgresUnavailable
from kernel.postgres.account import Account, choose_account
from kernel.postgres.cluster import Cluster, locate_cluster, make_socket_folder, write_conf
from kernel.postgres.programs import clean_environment, run_program

OURSELVES = Account(os.geteuid(), os.getegid(), is_other=False)


def make(home):
    cluster = Cluster(home, home / "postgres", OURSELVES)
    cluster.data.mkdir(parents=True)
    return cluster


def test_sockets_lie_in_the_cluster_when_the_path_is_short(tmp_path):
    cluster = Cluster(tmp_path, tmp_path.__class__("/srv/bos/postgres"), OURSELVES)
    assert cluster.sockets == cluster.data


def test_sockets_of_a_deep_folder_lie_in_one_short_place_for_every_process(tmp_path, monkeypatch):
    deep = tmp_path / ("deep" * 30)
    first = Cluster(deep, deep / "postgres", OURSELVES).sockets
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert Cluster(deep, deep / "postgres", OURSELVES).sockets == first
    assert len(str(first)) < 60
    assert Cluster(deep, deep / "other", OURSELVES).sockets != first


def test_a_path_is_measured_in_bytes(tmp_path):
    folder = tmp_path.__class__("/srv/" + "é" * 45 + "/postgres")
    assert Cluster(folder.parent, folder, OURSELVES).sockets != folder


def test_a_socket_folder_that_others_may_enter_is_refused(tmp_path):
    cluster = make(tmp_path / ("deep" * 30))
    cluster.sockets.mkdir(mode=0o755)
    cluster.sockets.chmod(0o755)
    try:
        with pytest.raises(PostgresUnavailable, match="is not the server's own"):
            make_socket_folder(cluster)
    finally:
        cluster.sockets.rmdir()


def test_the_url_survives_any_folder_name(tmp_path):
    cluster = make(tmp_path / "a b&c")
    cluster.password_file.write_text("secret\n")
    url = urlsplit(cluster.dsn)
    assert (url.username, url.password, url.path) == ("postgres", "secret", "/bos")
    assert parse_qs(url.query) == {"host": [str(cluster.sockets)], "port": ["5432"]}


def test_the_configuration_keeps_the_server_off_the_network(tmp_path):
    cluster = make(tmp_path)
    write_conf(cluster, {"work_mem": "8MB", "cluster_name": "it's"})
    lines = (cluster.data / "bos.conf").read_text().splitlines()
    assert "listen_addresses = ''" in lines
    assert "wal_level = 'logical'" in lines
    assert "work_mem = '8MB'" in lines
    assert "cluster_name = 'it''s'" in lines


def test_a_cluster_knows_the_version_that_made_it(tmp_path):
    cluster = make(tmp_path)
    assert (cluster.exists, cluster.major) == (False, None)
    (cluster.data / "PG_VERSION").write_text("17\n")
    assert (cluster.exists, cluster.major) == (True, 17)


def test_the_pointer_says_where_the_files_are(tmp_path):
    elsewhere = tmp_path / "elsewhere" / "postgres"
    elsewhere.mkdir(parents=True)
    (tmp_path / "postgres.location").write_text(f"{elsewhere}\n")
    assert locate_cluster(tmp_path).data == elsewhere


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend an account")
def test_root_runs_the_server_as_whoever_owns_its_files(tmp_path):
    os.chown(tmp_path, 4242, 4243)
    assert choose_account(tmp_path) == Account(4242, 4243, is_other=True)
    assert choose_account(tmp_path / "missing").uid != 0


def test_a_program_that_fails_is_told_in_its_own_words():
    with pytest.raises(PostgresUnavailable, match="sh failed: no luck"):
        run_program(OURSELVES, ["/bin/sh", "-c", "echo no luck >&2; exit 3"])


def test_the_environment_cannot_lead_the_server_elsewhere(monkeypatch):
    monkeypatch.setenv("PGDATA", "/somewhere")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    environment = clean_environment()
    assert "PGDATA" not in environment
    assert environment["LC_ALL"] == "C"
