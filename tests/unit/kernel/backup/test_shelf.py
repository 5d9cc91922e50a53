"""Which backups and which pieces of the log are kept."""

from datetime import UTC, datetime, timedelta

import pytest

from kernel.backup.errors import BackupBroken, BackupUnknown
from kernel.backup.shelf import RECORD, Backup, Shelf, superfluous, superfluous_segments

FIRST = datetime(2026, 3, 10, 3, tzinfo=UTC)


def backup(day, tenant=None, **given):
    moment = FIRST + timedelta(days=day)
    about = {
        "id": f"{moment:%Y%m%d-%H%M%S}" + (f"-{tenant}" if tenant else ""), "kind": "tenant" if tenant else "whole",
        "made_at": moment, "seconds": 1.0, "file": "base.tar.gz", "bytes": 1, "unpacked": 2, "sha256": "",
        "is_encrypted": False, "tenant": tenant,
    }  # fmt: skip
    return Backup(**{**about, **given})


def keep(shelf, *backups):
    for each in backups:
        (shelf.folder / each.id).mkdir(parents=True)
        shelf.keep(each)


def test_the_newest_of_the_whole_ones_and_of_each_tenant_are_kept():
    whole, acme, other = [backup(n) for n in range(4)], [backup(n, "acme") for n in range(3)], [backup(0, "other")]
    assert superfluous([*whole, *acme, *other], 2) == [*whole[:2], acme[0]]
    assert superfluous([*whole, *acme, *other], 9) == []


@pytest.mark.parametrize(
    ("starts", "gone"),
    [
        (["000000010000000000000003"], ["000000010000000000000001.gz", "000000010000000000000002.gz"]),
        (["000000020000000000000002", "000000020000000100000000"], ["000000010000000000000001.gz"]),
        ([], []),
        ([""], []),
    ],
)
def test_of_the_log_what_no_kept_backup_needs_goes_whatever_its_timeline(tmp_path, starts, gone):
    for number in range(1, 5):
        (tmp_path / f"00000001000000000000000{number}.gz").touch()
    (tmp_path / "00000002.history.gz").touch()
    (tmp_path / "000000010000000000000001.partial").touch()
    kept = [backup(day, start_segment=start) for day, start in enumerate(starts)]
    assert [path.name for path in superfluous_segments(tmp_path, [*kept, backup(0, "acme")])] == gone


def test_backups_are_listed_oldest_first_and_found_by_id(tmp_path):
    shelf = Shelf(tmp_path)
    one, two, other = backup(1), backup(0), backup(2, "acme")
    keep(shelf, one, two, other)
    assert shelf.list() == [two, one, other]
    assert shelf.get(one.id) == one
    assert shelf.newest("whole") == one
    shelf.remove(one)
    assert shelf.newest("whole") == two
    with pytest.raises(BackupUnknown):
        shelf.get(one.id)


def test_two_of_one_moment_do_not_share_a_place(tmp_path):
    shelf = Shelf(tmp_path)
    places = [shelf.make_place(FIRST, None).name for _ in range(3)]
    assert places == ["20260310-030000", "20260310-030000-2", "20260310-030000-3"]
    assert places[0] != shelf.make_place(FIRST, "acme").name


def test_where_there_are_none_there_is_no_newest(tmp_path):
    with pytest.raises(BackupUnknown):
        Shelf(tmp_path / "nowhere").newest("whole")


def test_a_record_that_is_none_is_told(tmp_path):
    shelf, broken = Shelf(tmp_path), backup(0)
    keep(shelf, broken)
    (tmp_path / broken.id / RECORD).write_text("{")
    with pytest.raises(BackupBroken):
        shelf.list()


def test_a_file_of_a_record_never_lies_elsewhere(tmp_path):
    assert Shelf(tmp_path).file(backup(0, file="../../etc/passwd")).parent == tmp_path / backup(0).id
