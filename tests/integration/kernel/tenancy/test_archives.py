"""Tenants as files: out in one snapshot, in whole or not at all, under another name, in another database."""

import gzip
import hashlib
import io
import json
import tarfile

import pytest

from kernel.auth.records import Authority
from kernel.auth.service import create_api_key, create_user, list_api_keys, log_in
from kernel.auth.trail import list_events
from kernel.backup.accounts import GRANTS
from kernel.backup.checking import check_archive
from kernel.backup.cloning import clone_tenant
from kernel.backup.errors import ArchiveTooNew, ArchiveUnreadable, ArchiveUnwritable
from kernel.backup.exporting import ExportWish, count_rows, export_tenant
from kernel.backup.importing import ImportWish, import_tenant
from kernel.backup.manifest import MANIFEST
from kernel.db.migrate import steps
from kernel.main import build_kernel
from kernel.secrets.tenant_keys import active_key
from kernel.tenancy.errors import TenantExists, TenantUnknown
from kernel.tenancy.service import NewTenant
from tests.integration.kernel.rooms.shelf import Shelf

EMAIL, PASSWORD = "ada@shelf.example", "correct horse battery staple"
FRESH = ("meta", "search")
# In the tables that decide; the rest of what an import adds is its own: the grant it moves, the event of that.
HASHED = ("documents", "events", "keys", "links", "movements", "series", "inbox")


@pytest.fixture
def filled(shelves, shelf):
    """Boxes in boxes, numbered notes, awkward texts, a user who may do everything."""
    (outer,) = shelf.put({"name": "outer \\N \t\n\r \\. é 💶", "code": "A\\", "price": "1.50"})
    shelf.put(*({"name": f"box {number}", "inside": outer} for number in range(40)))
    with shelf.operate() as ctx:
        for _ in range(3):
            ctx.documents.create("shelf.ticket", {})
        ctx.documents.delete("shelf.box", ctx.documents.create("shelf.box", {"name": "gone"}).id)
    with shelves.database.platform() as uow:
        passwords = Authority.of(shelves).passwords
        user = create_user(uow, passwords, shelf.tenant.id, EMAIL, shelves.clock(), password=PASSWORD)
        uow.commit()
    with shelf.operate() as ctx:
        ctx.documents.create(GRANTS, {"actor_id": user.id, "role": "kernel.admin"})
    shelf.user = user
    return shelf


@pytest.fixture
def archive(shelves, filled, tmp_path):
    path = tmp_path / "tenant.tar.gz"
    export_tenant(shelves, filled.tenant, path)
    return path


def digests(kernel, tenant, tables=HASHED):
    with kernel.database.owner(tenant.database) as owner:
        asked = 'SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM "{}"."{}" x'
        return {table: owner.execute(asked.format(tenant.schema, table)).fetchone()[0] for table in tables}


def enter(kernel, tenant):
    with kernel.database.platform() as uow:
        return log_in(uow, Authority.of(kernel), tenant.name, EMAIL, PASSWORD, kernel.clock())


def members(path):
    with tarfile.open(path) as tar:
        return [(member.name, tar.extractfile(member).read()) for member in tar]


def rewrite(path, change):
    """The archive with its members changed."""
    found, out = change(members(path)), io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in found:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    # tarfile fills the last record up, which ours does not.
    unpadded = out.getvalue().rstrip(b"\0")
    unpadded += bytes(-len(unpadded) % 512 + 1024)
    path.write_bytes(gzip.compress(unpadded))


def with_manifest(change):
    def rewritten(found):
        manifest = json.loads(found[-1][1])
        change(manifest)
        return [*found[:-1], (MANIFEST, json.dumps(manifest).encode())]

    return rewritten


def test_another_installation_gets_the_tenant_as_it_was(shelves, filled, archive, empty_database, tmp_path):
    settings = shelves.settings.model_copy(update={"databases": {}, "data_dir": tmp_path / "other"})
    other = build_kernel(settings, empty_database(), clock=shelves.clock)
    try:
        report = import_tenant(other, archive)
        assert (report.tenant.id, report.tenant.name) == (filled.tenant.id, filled.tenant.name)
        assert report.tenant.role != filled.tenant.role
        assert digests(other, report.tenant) == digests(shelves, filled.tenant)
        moved = Shelf(other, report.tenant)
        assert moved.names(sort=["name"]) == filled.names(sort=["name"])
        with moved.operate() as ctx:
            # Numbers with gaps come in blocks of fifty: a process that is new there takes the next.
            assert ctx.documents.create("shelf.ticket", {}).number == "T51"
        assert enter(other, report.tenant).access_token
        assert report.accounts.renumbered == {}
        assert report.missing == ()
        indexes = "SELECT count(*) FROM pg_indexes WHERE schemaname = %s AND indexname LIKE 'hot_%%'"
        assert moved.rows(indexes, report.tenant.schema)[0][0] > 0
    finally:
        other.close()


def test_a_clone_beside_its_original_is_one_of_its_own(shelves, filled):
    report = clone_tenant(shelves, filled.tenant.name, ImportWish(f"{filled.tenant.name}b", "second"))
    clone = Shelf(shelves, report.tenant)
    assert (report.tenant.database, report.tenant.state) == ("second", "active")
    assert report.tenant.id != filled.tenant.id
    assert clone.names(sort=["name"]) == filled.names(sort=["name"])
    clone.put({"name": "only here"})
    assert "only here" not in filled.names(limit=50)
    assert list(report.accounts.renumbered) == [filled.user.id]
    fresh = report.accounts.renumbered[filled.user.id]
    with clone.operate() as ctx:
        assert [grant["actor_id"] for grant in ctx.documents.query(GRANTS).items] == [fresh]
    assert enter(shelves, report.tenant).access_token
    assert enter(shelves, filled.tenant).access_token


def test_an_export_without_passwords_lets_nobody_in(shelves, filled, tmp_path):
    path = tmp_path / "bare.tar.gz"
    manifest = export_tenant(shelves, filled.tenant, path, ExportWish(has_passwords=False))
    assert (manifest.has_passwords, manifest.counts["users"]) == (False, 1)
    assert b"argon2" not in b"".join(content for _, content in members(path))
    report = import_tenant(shelves, path, ImportWish(f"{filled.tenant.name}c"))
    with shelves.database.owner() as owner:
        asked = "SELECT email, password_hash FROM bos.users WHERE tenant_id = %s"
        assert owner.execute(asked, [report.tenant.id]).fetchall() == [(EMAIL, None)]


def test_who_was_dropped_comes_back_with_its_keys(shelves, tenants, filled, tmp_path):
    path = tmp_path / "whole.tar.gz"
    with shelves.database.owner() as owner:
        owner.execute(
            "INSERT INTO bos.api_keys (id, user_id, name, secret_hash, created_at)"
            " VALUES (gen_random_uuid(), %s, 'robot', '\\x01', now())", [filled.user.id],
        )  # fmt: skip
    enter(shelves, filled.tenant)
    export_tenant(shelves, filled.tenant, path, ExportWish(has_credentials=True))
    tenants.suspend_tenant(filled.tenant.name)
    tenants.drop_tenant(filled.tenant.name)
    report = import_tenant(shelves, path)
    assert (report.tenant.id, report.accounts.has_credentials) == (filled.tenant.id, True)
    with shelves.database.owner() as owner:
        held = "SELECT (SELECT count(*) FROM bos.{} WHERE user_id = %s)"
        assert owner.execute(held.format("api_keys"), [filled.user.id]).fetchone() == (1,)
        assert owner.execute(held.format("sessions"), [filled.user.id]).fetchone() == (0,)


def test_keys_to_anothers_account_are_refused(shelves, tenants, filled, tmp_path):
    path = tmp_path / "forged.tar.gz"
    with shelves.database.platform() as uow:
        other = tenants.create_tenant(NewTenant(f"{filled.tenant.name}x", "Other"), shelves.clock())
        victim = create_user(uow, Authority.of(shelves).passwords, other.id, EMAIL, shelves.clock())
        create_api_key(uow, filled.user.id, "robot", ["*"], shelves.clock())
        uow.commit()
    export_tenant(shelves, filled.tenant, path, ExportWish(has_credentials=True))
    mine, theirs = filled.user.id.encode(), victim.id.encode()

    def forge(found):
        found = [(name, text.replace(mine, theirs) if name.startswith("platform/api_keys") else text)
                 for name, text in found]  # fmt: skip
        (keys,) = (text for name, text in found if name.startswith("platform/api_keys"))
        manifest = json.loads(found[-1][1])
        for entry in manifest["platform"]:
            if entry["name"] == "api_keys":
                entry["sha256"] = hashlib.sha256(keys).hexdigest()
        return [*found[:-1], (MANIFEST, json.dumps(manifest).encode())]

    rewrite(path, forge)
    tenants.suspend_tenant(filled.tenant.name)
    tenants.drop_tenant(filled.tenant.name)
    with pytest.raises(ArchiveUnreadable, match="api_keys"):
        import_tenant(shelves, path)
    with shelves.database.platform() as uow:
        assert list_api_keys(uow, victim.id) == []


def test_the_record_of_log_ins_keeps_its_order_beside_the_original(shelves, filled):
    with shelves.database.platform() as uow:
        for _ in range(8):
            log_in(uow, Authority.of(shelves), filled.tenant.name, EMAIL, PASSWORD, shelves.clock())
        uow.commit()
    report = clone_tenant(shelves, filled.tenant.name, ImportWish(f"{filled.tenant.name}r"))
    with shelves.database.platform() as uow:
        told = [[(event.type, event.session_id) for event in list_events(uow, tenant.id)]
                for tenant in (filled.tenant, report.tenant)]  # fmt: skip
    assert len(told[0]) == 9
    assert told[1] == told[0]


def test_a_snapshot_is_of_one_moment(shelves, filled, tmp_path):
    """Written between two tables of an export, a document is in none of them."""
    before, path = count_rows(shelves, filled.tenant), tmp_path / "moment.tar.gz"
    late = []

    def write_meanwhile(table, rows):
        if not late:
            late.extend(filled.put({"name": "late"}))

    manifest = export_tenant(shelves, filled.tenant, path, progress=write_meanwhile)
    kept = {name: rows for name, rows in manifest.counts.items() if name in before and name not in FRESH}
    assert kept == {name: rows for name, rows in before.items() if name not in FRESH}
    assert count_rows(shelves, filled.tenant)["documents"] == before["documents"] + 1


def test_an_encrypted_archive_opens_with_the_master_key_alone(shelves, filled, tmp_path):
    path = tmp_path / "sealed.tar.gz"
    export_tenant(shelves, filled.tenant, path, ExportWish(is_encrypted=True))
    assert not path.read_bytes().startswith(b"\x1f\x8b")
    assert check_archive(path, shelves.keyring).counts["users"] == 1
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:], whole + b"x"):
        path.write_bytes(broken)
        with pytest.raises(ArchiveUnreadable):
            check_archive(path, shelves.keyring)


def test_an_older_archive_is_brought_up_to_date(shelves, tenants, tmp_path):
    """As a version without the last step exported it: the columns that step adds are not there."""
    last = steps("tenant")[-1].stem
    added = {"applets": {"previous_version", "lens_version", "unswept", "pinned_to", "plan",
                         "suspensions", "stubs"}, "documents": {"kept"}}  # fmt: skip
    older = tenants.create_tenant(NewTenant("older", "Older"), shelves.clock())
    now = columns_of(shelves, older)
    with shelves.database.owner() as owner:
        for table, names in added.items():
            dropped = ", ".join(f"DROP COLUMN {name}" for name in sorted(names))
            owner.execute(f'ALTER TABLE "{older.schema}".{table} {dropped}')
        owner.execute(f"DELETE FROM \"{older.schema}\".schema_ledger WHERE step = '{last}'")
    assert columns_of(shelves, older) == {table: names - added.get(table, set()) for table, names in now.items()}
    path = tmp_path / "older.tar.gz"
    export_tenant(shelves, older, path, ExportWish())
    report = import_tenant(shelves, path, ImportWish("olderback"))
    assert report.tenant.steps == len(steps("tenant"))
    assert columns_of(shelves, report.tenant) == now
    with shelves.database.owner() as owner:
        ledger = f"SELECT count(*) FROM \"{report.tenant.schema}\".schema_ledger WHERE step = '{last}'"
        assert owner.execute(ledger).fetchone() == (1,)


def columns_of(shelves, tenant):
    """Names of the columns of each table of a tenant."""
    with shelves.database.owner() as owner:
        rows = owner.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s", [tenant.schema]
        ).fetchall()
    return {table: {name for other, name in rows if other == table} for table, _ in rows}


def test_an_archive_of_a_newer_version_is_refused(shelves, tenants, archive):
    rewrite(archive, with_manifest(lambda manifest: manifest["steps"].append("9999_tomorrow")))
    with pytest.raises(ArchiveTooNew) as refused:
        import_tenant(shelves, archive, ImportWish("newer"))
    assert (refused.value.code, refused.value.details["steps"]) == ("archive_too_new", "9999_tomorrow")
    with pytest.raises(TenantUnknown):
        tenants.directory.get("newer")


def link(name):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return info


def swap_value(found):
    return [(name, content.replace(b"box 7", b"box 8")) for name, content in found]


CHANGES = {
    "a value": swap_value,
    "a row less": lambda found: [
        (name, content.split(b"\n", 1)[1] if name.startswith("tenant/links") else content) for name, content in found
    ],
    "a table less": lambda found: [each for each in found if not each[0].startswith("tenant/documents")],
    "a table more": lambda found: [("tenant/extra/000000000", b"x\n"), *found],
    "no manifest": lambda found: found[:-1],
    "something after the manifest": lambda found: [*found, ("tenant/meta/000000009", b"")],
    "a path": lambda found: [("../../etc/passwd", b"x"), *found],
    "an absolute path": lambda found: [("/etc/passwd", b"x"), *found],
    "a link": lambda found: [(link("tenant/meta/000000000"), b""), *found],
    "another format": with_manifest(lambda manifest: manifest.update(format="bos-tenant-archive-9")),
    "a column that is SQL": with_manifest(lambda manifest: manifest["tables"][0]["columns"].append('a") FROM x; --')),
    "a table that is SQL": with_manifest(lambda manifest: manifest["tables"][0].update(name='x"; DROP')),
    "a table twice": with_manifest(lambda manifest: manifest["tables"].append(manifest["tables"][0])),
    "no JSON": lambda found: [*found[:-1], (MANIFEST, b"{")],
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_refused_and_nothing_is_made(shelves, tenants, archive, change):
    rewrite(archive, CHANGES[change])
    with pytest.raises(ArchiveUnreadable) as refused:
        import_tenant(shelves, archive, ImportWish("changed"))
    assert refused.value.code == "archive_unreadable"
    with pytest.raises(TenantUnknown):
        tenants.directory.get("changed")


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_what_was_cut_off_is_refused(shelves, archive, share):
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ArchiveUnreadable):
        check_archive(archive, shelves.keyring)


def test_a_bomb_is_refused_before_it_has_unpacked(shelves, tmp_path):
    path = tmp_path / "bomb.tar.gz"
    member = tarfile.TarInfo("tenant/documents/000000000")
    member.size = 4 * 1024 * 1024
    with gzip.open(path, "wb") as file:
        for _ in range(40):
            file.write(member.tobuf(tarfile.USTAR_FORMAT) + bytes(member.size))
    with pytest.raises(ArchiveUnreadable) as refused:
        check_archive(path, shelves.keyring)
    assert "unpacks to more" in refused.value.message


def test_a_member_too_large_is_refused_by_its_header(shelves, tmp_path):
    path = tmp_path / "large.tar.gz"
    member = tarfile.TarInfo("tenant/documents/000000000")
    member.size = 8 * 1024**3 - 1
    path.write_bytes(gzip.compress(member.tobuf(tarfile.USTAR_FORMAT)))
    with pytest.raises(ArchiveUnreadable) as refused:
        check_archive(path, shelves.keyring)
    assert "unpacks to more" in refused.value.message


def test_a_name_that_is_taken_is_refused_and_its_tenant_left_alone(shelves, filled, archive):
    with pytest.raises(TenantExists):
        import_tenant(shelves, archive)
    assert len(filled.names(limit=50)) == 41


def test_an_import_that_fails_half_way_leaves_nothing(shelves, tenants, archive):
    def break_hash(manifest):
        table = next(table for table in manifest["tables"] if table["name"] == "documents")
        table["columns"][0], table["columns"][1] = table["columns"][1], table["columns"][0]

    rewrite(archive, with_manifest(break_hash))
    with pytest.raises(Exception, match="uuid"):
        import_tenant(shelves, archive, ImportWish("half"))
    with pytest.raises(TenantUnknown):
        tenants.directory.get("half")
    with shelves.database.owner() as owner:
        assert owner.execute("SELECT to_regnamespace('t_half')").fetchone() == (None,)


def test_a_place_that_cannot_be_written_is_told(shelves, shelf, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArchiveUnwritable):
        export_tenant(shelves, shelf.tenant, tmp_path / "file" / "a.tar.gz")


def test_the_keys_of_a_clone_open_what_is_encrypted_in_it(shelves, shelf):
    """Wrapped keys are bound to the tenant's id, and a clone has another."""

    def keys(one):
        shelves.keyring.forget()
        with one.operate() as ctx:
            return [active_key(ctx, kind) for kind in ("data", "blind")]

    made = keys(shelf)
    clone = Shelf(shelves, clone_tenant(shelves, shelf.tenant.name, ImportWish(f"{shelf.tenant.name}k")).tenant)
    assert keys(clone) == made
    assert keys(shelf) == made
    wrapped = "SELECT wrapped FROM {t}.cipher_keys WHERE kind <> 'subject' ORDER BY id"
    assert not set(clone.rows(wrapped)) & set(shelf.rows(wrapped))
