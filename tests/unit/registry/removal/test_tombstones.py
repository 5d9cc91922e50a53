"""What is remembered of an uninstalled applet, and from when on it may be purged."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from registry.errors import AppletStateWrong
from registry.removal.errors import PurgeTooEarly
from registry.removal.tombstones import check_purge, make_stubs, purge_begun_at, uninstalled_at
from registry.rows import AppletRow
from sdk.applet import Applet

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TYPES = {
    "plain": {"x-title": "name", "properties": {"name": {"type": "string"}}},
    "numbered": {"x-title": "number", "x-number": {"series": "N-{number}"}, "properties": {"a": {"type": "string"}}},
    "person": {"x-title": "name", "properties": {"name": {"type": "string", "x-personal": True}}},
    "secret": {
        "x-title": "name",
        "properties": {"name": {"type": "string"}, "pin": {"type": "string", "x-encrypted": True}},
    },
}


@pytest.fixture
def applet(tmp_path):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "applet.toml").write_text(
        'name = "shop"\nversion = "1.0.0"\ntitle = "Shop"\n[requires]\nsdk = ">=1,<2"\n'
    )
    for name, schema in TYPES.items():
        text = json.dumps({"title": name, "type": "object", **schema})
        (tmp_path / "schemas" / f"{name}.json").write_text(text)
    return Applet.load(tmp_path)


def row(state="uninstalled", **stubs):
    return AppletRow("shop", "1.0.0", state, (), AT, "ada", stubs=stubs or None)


def asked(day, retention_days=30):
    settings = SimpleNamespace(applet_retention_days=retention_days)
    return SimpleNamespace(now=day, kernel=SimpleNamespace(settings=settings))


def test_titles_are_remembered_by_their_fields_and_never_what_is_encrypted(applet):
    assert make_stubs(applet, AT) == {
        "types": {"shop.plain": "name", "shop.numbered": None, "shop.person": "name", "shop.secret": None},
        "personal": ["shop.person"],
        "at": "2026-03-01T12:00:00Z",
    }


def test_of_a_release_that_is_lost_only_the_moment_is_known():
    assert make_stubs(None, AT) == {"types": {}, "personal": [], "at": "2026-03-01T12:00:00Z"}


def test_the_time_runs_from_the_uninstalling_not_from_a_later_change_of_the_row():
    earlier = make_stubs(None, datetime(2026, 2, 1, tzinfo=UTC))
    assert uninstalled_at(row(**earlier)) == datetime(2026, 2, 1, tzinfo=UTC)
    assert uninstalled_at(row()) == AT


@pytest.mark.parametrize(("day", "is_early"), [(30, True), (31, False)])
def test_it_may_be_purged_when_the_time_is_over(day, is_early):
    rows, moment = {"shop": row()}, datetime(2026, 3, day, 12, tzinfo=UTC)
    if not is_early:
        assert check_purge(asked(moment), rows, "shop") is rows["shop"]
        return
    with pytest.raises(PurgeTooEarly) as refused:
        check_purge(asked(moment), rows, "shop")
    assert str(refused.value.details["from_on"]) == "2026-03-31"


def test_a_time_of_no_days_is_none():
    assert check_purge(asked(AT, retention_days=0), {"shop": row()}, "shop").name == "shop"


def test_what_was_begun_is_ended_however_long_the_time():
    begun = row(purge="2026-03-01T13:00:00Z")
    assert purge_begun_at(begun) == "2026-03-01T13:00:00Z"
    assert check_purge(asked(AT), {"shop": begun}, "shop") is begun


@pytest.mark.parametrize("rows", [{}, {"shop": row("enabled")}, {"shop": row("disabled")}])
def test_nothing_else_is_purged(rows):
    with pytest.raises(AppletStateWrong):
        check_purge(asked(AT), rows, "shop")
