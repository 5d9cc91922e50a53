"""Replaying events: what each kind of change does, and what is passed over."""

from datetime import UTC, datetime, timedelta

import pytest

from kernel.documents.history import LoggedChange, replay
from kernel.documents.rows import Row
from kernel.documents.verification import differing

START = datetime(2026, 1, 1, tzinfo=UTC)
TYPE, ID = "shop.order", "0198f2c0-0000-7000-8000-000000000001"


def change(version, verb, diff=None, **payload):
    at = START + timedelta(days=version)
    payload = {"diff": diff or {}, **payload}
    return LoggedChange(TYPE, ID, f"{TYPE}.{verb}", version, at, f"user{version}", payload)


def last(*changes):
    return [row for _, row in replay(changes)][-1]


CREATED = change(1, "created", {"name": "a", "size": {"w": 1}}, state="draft", company_id="c1")


def test_the_first_change_makes_the_document():
    row = last(CREATED)
    assert (row.id, row.type, row.version, row.schema_version) == (ID, TYPE, 1, 1)
    assert (row.company_id, row.state, row.number, row.data) == ("c1", "draft", None, {"name": "a", "size": {"w": 1}})
    assert (row.created_at, row.created_by) == (row.updated_at, row.updated_by) == (START + timedelta(days=1), "user1")


def test_later_changes_go_over_it():
    row = last(
        CREATED,
        change(2, "updated", {"size": {"w": None, "h": 2}, "name": None}),
        change(3, "sent", {"note": "x"}, state="sent", number="N-1", schema_version=2),
    )
    assert (row.data, row.state, row.number) == ({"size": {"h": 2}, "note": "x"}, "sent", "N-1")
    assert (row.version, row.schema_version, row.company_id) == (3, 2, "c1")
    assert (row.created_by, row.updated_by) == ("user1", "user3")


@pytest.mark.parametrize(
    ("verbs", "deleted", "archived"),
    [
        (["deleted"], 2, None),
        (["deleted", "restored"], None, None),
        (["archived"], None, 2),
        (["archived", "unarchived"], None, None),
        (["archived", "deleted", "restored"], None, 2),
        (["deleted", "restored", "deleted"], 4, None),
    ],
)
def test_bin_and_archive_are_moments(verbs, deleted, archived):
    row = last(CREATED, *(change(version, verb) for version, verb in enumerate(verbs, 2)))
    moments = [START + timedelta(days=version) if version else None for version in (deleted, archived)]
    assert [row.deleted_at, row.archived_at] == moments


def test_what_applets_emit_is_passed_over():
    seen = change(1, "seen", {"name": "forged"})
    early = change(0, "announced", {"name": "forged"})
    assert last(early, CREATED, seen, change(2, "updated", {"name": "b"})).data["name"] == "b"
    assert last(CREATED, LoggedChange(*seen[:3], 2, *seen[4:6], {"text": "no diff"})).version == 1


def test_nothing_follows_behind_a_missing_change():
    assert last(CREATED, change(3, "updated", {"name": "c"})).version == 1


def test_a_document_without_its_beginning_is_not_rebuilt():
    assert list(replay([change(2, "updated", {"name": "b"})])) == []


def test_differences_are_named_by_field():
    row = last(CREATED)
    other = row._replace(state="sent", data={**row.data, "name": "b", "more": True})
    assert differing(row, row) == ()
    assert set(differing(row, other)) == {"state", "data.name", "data.more"}
    assert differing(Row(*row), row._replace(data={"name": "a", "size": {"w": True}})) == ("data.size",)
