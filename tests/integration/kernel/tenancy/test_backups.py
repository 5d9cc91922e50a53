"""A server backed up while it works, and brought up in another data folder: the same tenants, the same books."""

import os
import secrets
import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bench.business import found_business
from kernel.auth.records import Authority
from kernel.auth.service import create_user
from kernel.backup.creating import BackupWish, create_backup
from kernel.backup.drilling import EXAMPLE_BYTES, drill
from kernel.backup.errors import BackupBroken, BackupImpossible, BackupUnknown, RestoreTargetUsed
from kernel.backup.exporting import count_tables
from kernel.backup.restoring import RestoreWish, discard_restored, restore_backup
from kernel.backup.shelf import Shelf
from kernel.backup.verifying import verify_backup
from kernel.http.app import create_app
from kernel.main import build_kernel
from kernel.postgres import EmbeddedPostgres
from kernel.postgres.archiving import ARCHIVE_INTERVAL_S
from kernel.secrets.keyring import Keyring
from kernel.settings import Settings
from tests.integration.conftest import FixedClock
from tests.integration.kernel.shipped import CHEAP, make_tenant

EMAIL, PASSWORD = "ada@acme.example", "correct horse battery staple"
BINARIES = Path(os.environ["BOS_PG_BIN"]) if "BOS_PG_BIN" in os.environ else None
CONF = {"fsync": "off", "shared_buffers": "32MB"}


class Site:
    """A data folder with its own server, a kernel on it, and a tenant with a posted invoice."""

    def __init__(self, home, dsn, archive):
        self.settings = Settings(data_dir=home, wal_archive=archive, pg_bin=BINARIES, **CHEAP)
        self.kernel = build_kernel(self.settings, dsn, clock=FixedClock())
        self.shelf = Shelf(home.parent / "backups")
        self.tenant = make_tenant(self.kernel, "acme", "receivables")
        with self.kernel.operate(self.tenant) as ctx:
            self.business = found_business(ctx)
        with self.kernel.database.platform() as uow:
            passwords = Authority.of(self.kernel).passwords
            user = create_user(uow, passwords, self.tenant.id, EMAIL, self.kernel.clock(), password=PASSWORD)
            uow.commit()
        with self.kernel.operate(self.tenant) as ctx:
            ctx.documents.create("kernel.grant", {"actor_id": user.id, "role": "kernel.admin"})
        self.post(1)

    def post(self, number):
        with self.kernel.operate(self.tenant) as ctx:
            data = self.business.invoice(number)
            invoice = ctx.documents.create("receivables.invoice", data, company_id=self.business.company_id)
            ctx.documents.perform("receivables.invoice", invoice.id, "post")

    def back_up(self, **wish):
        return create_backup(self.kernel, self.shelf, BackupWish(**wish), lambda count: None)

    def restore(self, backup, home, **wish):
        wished = RestoreWish(home, pg_bin=BINARIES, **wish)
        return restore_backup(self.shelf, backup, Keyring(self.settings), wished, lambda count: None)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    home = tmp_path_factory.mktemp("site") / "data"
    # Where the server's own account can get: pytest's folders are closed to others.
    archive = Path("/tmp") / f"bos-wal-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        with EmbeddedPostgres(home, BINARIES, CONF, is_temporary=True, archive=archive) as server:
            made = Site(home, server.dsn, archive)
            yield made
            made.kernel.close()
    finally:
        shutil.rmtree(archive)


@pytest.fixture(scope="module")
def backup(site):
    return site.back_up()


@pytest.fixture
def places(tmp_path):
    """Folders to restore into. As root the server's files lie beside them, and go with them."""
    yield lambda name: tmp_path / name
    for home in tmp_path.iterdir():
        discard_restored(home)


def trial_balance(client):
    """What an accountant sees after logging in."""
    tokens = client.post("/api/v1/auth/login", json={"tenant": "acme", "email": EMAIL, "password": PASSWORD}).json()
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    answer = client.get("/api/v1/reports/ledger.trial_balance", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def wait_until_archived(owner, segment):
    asked = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
    for _ in range(10_000):
        if owner.execute(asked, [segment]).fetchone()[0]:
            return
        owner.execute("SELECT pg_sleep(0.01)")
    raise AssertionError(f"{segment} was never archived")


def count_kept(connection, schema):
    """Rows of the tables that are logged: PostgreSQL empties the others, which hold nothing anybody would miss."""
    asked = "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relpersistence = 'u'"
    unlogged = {name for (name,) in connection.execute(asked, [schema])}
    return {name: count for name, count in count_tables(connection, schema).items() if name not in unlogged}


def test_a_backup_restored_on_another_data_folder_serves_the_same_tenant(site, backup, places):
    report = site.restore(backup, places("restored"))
    assert report.unpack_s > 0
    with EmbeddedPostgres(places("restored"), BINARIES, CONF) as server:
        settings = site.settings.model_copy(update={"data_dir": places("restored"), "wal_archive": None})
        kernel = build_kernel(settings, server.dsn, clock=site.kernel.clock)
        try:
            with site.kernel.database.owner() as here, kernel.database.owner() as there:
                assert here.info.host != there.info.host
                for schema in (site.tenant.schema, "bos"):
                    assert count_kept(there, schema) == count_kept(here, schema)
            with TestClient(create_app(site.kernel)) as here, TestClient(create_app(kernel)) as there:
                balance = trial_balance(there)
                assert balance["rows"] == trial_balance(here)["rows"]
                assert Decimal(balance["totals"]["debit"]) > 0
            assert kernel.installation.id == site.kernel.installation.id
        finally:
            kernel.close()


@pytest.mark.slow
def test_the_log_brings_a_backup_up_to_any_moment_since(site, backup, places):
    with site.kernel.database.owner() as owner:
        site.post(2)
        (until,) = owner.execute("SELECT clock_timestamp()").fetchone()
        site.post(3)
        owner.execute("SELECT pg_switch_wal()")
        for _ in range(10_000):
            if owner.execute("SELECT last_archived_time > %s FROM pg_stat_archiver", [until]).fetchone()[0]:
                break
            owner.execute("SELECT pg_sleep(0.01)")
    count = "SELECT count(*) FROM t_acme.documents WHERE type = 'receivables.invoice'"
    for name, wish, expected in (("moment", {"until": until}, 2), ("all", {}, 3)):
        site.restore(backup, places(name), wal_archive=site.settings.wal_archive, **wish)
        with EmbeddedPostgres(places(name), BINARIES, CONF) as server:
            kernel = build_kernel(site.settings.model_copy(update={"data_dir": places(name)}), server.dsn)
            with kernel.database.owner() as owner:
                assert owner.execute(count).fetchone() == (expected,)
            kernel.close()


def test_a_drill_says_how_long_it_takes_and_what_would_be_lost(site, tmp_path):
    report = drill(site.kernel, site.shelf, build_kernel, folder=tmp_path)
    told = report.as_json()
    assert told["faults"] == []
    assert (told["tenants"], told["data_loss_window_s"]) == (1, ARCHIVE_INTERVAL_S)
    assert told["rows"] > 100
    assert told["recovery_10gib_s"] == pytest.approx(
        report.restore_s * EXAMPLE_BYTES / report.backup.unpacked + report.start_s, abs=0.1
    )
    assert told["goals_met"] is True
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_writes_much_meanwhile_keeps_the_log_its_backup_needs(site):
    segments = []

    def write_much(count):
        if segments:
            return
        with site.kernel.database.owner() as owner:
            for number in range(3):
                owner.execute(f"CREATE TABLE filler_{number} (id int)")
                segments.append(owner.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()[0])
            wait_until_archived(owner, segments[-1])
            # What is archived and needed for no recovery is removed by it.
            owner.execute("CHECKPOINT")

    made = create_backup(site.kernel, site.shelf, BackupWish(), write_much)
    assert made.start_segment < segments[-1]
    with site.kernel.database.owner() as owner:
        assert owner.execute("SELECT slot_name FROM pg_replication_slots").fetchall() == []


def test_a_backup_is_verified_to_the_last_file(site, backup):
    assert verify_backup(site.shelf, backup, site.kernel.keyring) > 500
    path = site.shelf.file(backup)
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:-1])
        with pytest.raises(BackupBroken) as refused:
            verify_backup(site.shelf, backup, site.kernel.keyring)
        assert refused.value.code == "backup_broken"
    finally:
        path.write_bytes(whole)


@pytest.mark.slow
def test_an_encrypted_backup_is_restored_with_the_master_key(site, places):
    made = site.back_up(is_encrypted=True)
    assert site.shelf.file(made).read_bytes()[:8] == b"BOSSEAL1"
    assert verify_backup(site.shelf, made, Keyring(site.settings)) > 500
    site.restore(made, places("sealed"))
    assert (places("sealed") / "postgres.password").stat().st_mode & 0o777 == 0o600
    site.shelf.remove(made)


def test_a_tenants_backup_is_its_archive(site):
    made = site.back_up(tenant="acme")
    assert (made.kind, made.tenant) == ("tenant", "acme")
    assert verify_backup(site.shelf, made, site.kernel.keyring) > 10
    assert site.shelf.newest("tenant") == made
    site.shelf.remove(made)


def test_nothing_is_restored_over_what_is_there(site, backup, tmp_path):
    (tmp_path / "kept").write_text("x")
    with pytest.raises(RestoreTargetUsed):
        site.restore(backup, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_server_without_programs_of_its_version_says_so(site, tmp_path):
    settings = site.settings.model_copy(update={"pg_bin": tmp_path})
    site.kernel.settings, kept = settings, site.kernel.settings
    try:
        with pytest.raises(BackupImpossible) as refused:
            site.back_up()
    finally:
        site.kernel.settings = kept
    assert "initdb" in refused.value.message
    assert {place.name for place in site.shelf.folder.iterdir()} == {each.id for each in site.shelf.list()}


def test_a_role_that_may_not_replicate_says_so(site, empty_database):
    """As with a database somebody else runs: its owner may have everything but this."""
    with site.kernel.database.owner() as owner:
        owner.execute("CREATE ROLE mere LOGIN PASSWORD 'mere' IN ROLE pg_read_all_data")
        owner.execute("GRANT USAGE ON SCHEMA bos TO mere")
    dsn = site.kernel.database.owner_dsn()
    poor = dsn.replace("postgresql://postgres:", "postgresql://mere:")
    poor = poor.replace(poor.split(":")[2].split("@")[0], "mere")
    site.kernel.database._owner_dsns["poor"] = poor
    try:
        with pytest.raises(BackupImpossible) as refused:
            site.back_up(database="poor")
    finally:
        del site.kernel.database._owner_dsns["poor"]
    assert "permission" in refused.value.message


def test_what_nobody_made_is_not_there(site):
    for id in ("20200101-000000", "../../etc", ""):
        with pytest.raises(BackupUnknown):
            site.shelf.get(id)


def test_what_is_left_half_made_is_no_backup(site, backup):
    place = site.shelf.make_place(site.kernel.clock() + timedelta(days=1), None)
    assert place.name not in [each.id for each in site.shelf.list()]
    place.rmdir()
