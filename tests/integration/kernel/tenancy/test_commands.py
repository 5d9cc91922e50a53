"""The commands of tenants and backups, as an operator types them."""

import json
import os
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from kernel.cli.main import build_cli
from kernel.cli.terminal import Terminal
from kernel.postgres import EmbeddedPostgres
from kernel.settings import Settings
from tests.conftest import with_database
from tests.integration.kernel.shipped import CHEAP

BINARIES = Path(os.environ["BOS_PG_BIN"]) if "BOS_PG_BIN" in os.environ else None
CONF = {"fsync": "off", "shared_buffers": "32MB"}


class Bos:
    def __init__(self, settings):
        self.settings, self.cli = settings, build_cli(settings)

    def run(self, *words):
        return CliRunner().invoke(self.cli, list(words), obj=Terminal(self.settings))

    def json(self, *words):
        result = self.run(*words, "--json")
        assert result.exit_code == 0, (result.stderr, result.exception)
        return json.loads(result.stdout)

    def code(self, *words):
        result = self.run(*words, "--json")
        assert result.exit_code == 1, result.stdout
        return json.loads(result.stderr)["code"]


@pytest.fixture(scope="module")
def bos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bos")
    # Of its own: a whole backup of the server all tests share is one of all their databases.
    with EmbeddedPostgres(folder / "server", BINARIES, CONF, is_temporary=True) as server:
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute("CREATE DATABASE second")
        settings = Settings(
            database_url=server.dsn, databases={"second": with_database(server.dsn, "second")},
            data_dir=folder / "data", backup_dir=folder / "backups", pg_bin=BINARIES, **CHEAP,
        )  # fmt: skip
        made = Bos(settings)
        made.json("tenant", "create", "acme", "--admin-email", "ada@acme.example")
        yield made


def names(bos):
    return [tenant["name"] for tenant in bos.json("tenant", "list")]


def test_a_tenant_goes_out_as_a_file_and_comes_in_under_another_name(bos, tmp_path):
    path = str(tmp_path / "acme.tar.gz")
    exported = bos.json("tenant", "export", "acme", path)
    assert (exported["path"], exported["counts"]["users"]) == (path, 1)
    assert bos.json("tenant", "import", path, "--as", "copy", "--dry-run")["would_import"] == "copy"
    assert "copy" not in names(bos)
    imported = bos.json("tenant", "import", path, "--as", "copy", "--database", "second")
    assert (imported["tenant"], imported["state"], imported["renumbered_users"]) == ("copy", "active", 1)
    assert bos.code("tenant", "import", path) == "tenant_exists"
    assert bos.code("tenant", "import", str(tmp_path / "nothing")) == "archive_unreadable"


def test_a_tenant_is_cloned_and_dropped_without_an_export(bos):
    assert bos.json("tenant", "clone", "acme", "twin", "--no-passwords")["tenant"] == "twin"
    assert bos.json("tenant", "drop", "twin", "--without-export", "--dry-run")["would_export_to"] is None
    assert bos.json("tenant", "drop", "twin", "--without-export", "--yes") == {"dropped": "twin"}
    assert "twin" not in names(bos)


def test_a_tenants_backup_is_listed_verified_restored_and_pruned(bos):
    made = [bos.json("backup", "create", "--tenant", "acme")["id"] for _ in range(2)]
    assert [backup["id"] for backup in bos.json("backup", "list")] == made
    assert bos.json("backup", "verify", made[0])["files"] > 10
    assert bos.json("backup", "restore", made[0], "--as", "before")["tenant"] == "before"
    assert bos.json("backup", "prune", "--keep", "1", "--dry-run")["would_remove"] == made[:1]
    assert bos.code("backup", "prune", "--keep", "1") == "not_confirmed"
    assert bos.json("backup", "prune", "--keep", "1", "--yes")["removed"] == made[:1]
    assert bos.code("backup", "verify", made[0]) == "backup_unknown"


def test_a_whole_backup_says_where_it_is_to_go_and_until_when_it_can(bos, tmp_path):
    made = bos.json("backup", "create")
    assert (made["kind"], made["tenant"]) == ("whole", None)
    assert bos.code("backup", "restore", made["id"]) == "input_unreadable"
    until = ("--into", str(tmp_path / "x"), "--until", "2026-01-01T00:00:00")
    assert bos.code("backup", "restore", made["id"], *until) == "input_unreadable"
    assert not (tmp_path / "x").exists()


def test_migrating_says_what_failed_and_ends_with_one(bos):
    assert [(row["tenant"], row["steps"]) for row in bos.json("tenant", "migrate", "-t", "acme", "--dry-run")] == [
        ("acme", [])
    ]
    assert bos.json("tenant", "migrate", "--jobs", "2")[0]["error"] is None
    assert bos.code("tenant", "migrate", "-t", "nobody") == "tenant_unknown"
