"""What was: history, going back, and what is told of it, over versions of a type."""

import pytest

from kernel.backup.exporting import export_tenant
from kernel.backup.importing import ImportWish, import_tenant
from kernel.documents.history import as_of, at_revision
from kernel.documents.reversion import restore_revision
from kernel.documents.revisions import revisions
from kernel.events.service import EventFilter, list_events
from tests.integration.kernel.documents.depot import ITEM


@pytest.fixture
def lived(depot):
    """An item written in version 1, twice, then swept, then written in version 2."""
    depot.id = depot.create(ITEM, name="First", kind="worn", size="L")
    with depot.operate() as ctx:
        ctx.documents.update(ITEM, depot.id, {"name": "Second", "contact": "Ann Lee"})
    depot.switch(2, (ITEM,))
    assert depot.sweep() == []
    with depot.operate() as ctx:
        ctx.documents.update(ITEM, depot.id, {"label": "Third"})
    return depot


def test_a_past_revision_is_shown_in_present_words(lived):
    with lived.operate() as ctx:
        shown = at_revision(ctx, ITEM, lived.id, 1).flatten(("label", "kind", "rating", "state"))
        assert shown == {"id": lived.id, "label": "First", "kind": "used", "rating": 3, "state": "open"}
        assert at_revision(ctx, ITEM, lived.id, 2).row.data["rest"] == "Lee"
        assert at_revision(ctx, ITEM, lived.id, 3).row.data["label"] == "Third"
        (when,) = ctx.uow.execute(
            "SELECT occurred_at FROM {t}.events WHERE type = 'depot.item.updated' LIMIT 1"
        ).fetchone()
        assert as_of(ctx, ITEM, lived.id, when).row.data["label"] == "Second"
        (cast,) = ctx.uow.execute("SELECT occurred_at FROM {t}.events WHERE type = 'depot.item.cast'").fetchone()
        assert as_of(ctx, ITEM, lived.id, cast).row.data["label"] == "Second"


def test_what_was_is_read_before_the_sweep_as_after_it(depot):
    id = depot.create(ITEM, name="First", kind="worn")
    with depot.operate() as ctx:
        ctx.documents.update(ITEM, id, {"name": "Second"})
    depot.switch(2, (ITEM,))

    def seen():
        with depot.operate() as ctx:
            return [at_revision(ctx, ITEM, id, number).flatten() for number in (1, 2)]

    before = seen()
    depot.sweep()
    assert seen() == before
    assert [each["label"] for each in before] == ["First", "Second"]


def test_going_back_to_a_revision_of_an_earlier_version_casts_it_first(lived):
    with lived.operate() as ctx:
        restored = restore_revision(ctx, ITEM, lived.id, 1)
        assert (restored.version, restored.schema_version, restored["label"]) == (4, 2, "First")
        assert "first" not in restored
    assert lived.differences() == []


def test_revisions_tell_diffs_of_earlier_versions_in_present_words(lived):
    with lived.operate() as ctx:
        third, cast, second, first = revisions(ctx, ITEM, lived.id)["items"]
    assert (third["diff"], second["diff"]) == ({"label": "Third"}, {"label": "Second", "contact": "Ann Lee"})
    assert first["diff"] == {"label": "First", "kind": "worn", "size": "L"}
    assert (cast["event"], cast["version"], cast["schema_version"]) == ("depot.item.cast", 2, 2)
    assert cast["diff"]["name"] is None


def test_the_log_hides_a_hidden_field_under_all_its_names(lived):
    blind = lived.make_user("depot.blind")
    with lived.as_user(blind) as ctx:
        told = [each["diff"] for each in revisions(ctx, ITEM, lived.id)["items"]]
        events = list_events(ctx, EventFilter(aggregate_type=ITEM, aggregate_id=lived.id)).items
    assert told == [{}, {"kind": "used", "rest": "Lee", "rating": 3}, {}, {"kind": "worn"}]
    assert not [each for each in events if {"name", "label", "contact", "size"} & each.payload["diff"].keys()]
    assert all("kept" not in each.payload for each in events)


def test_an_archive_keeps_versions_and_keep_boxes(lived, tmp_path):
    old = lived.create(ITEM, label="Old")
    lived.switch(1, (ITEM,))
    with lived.operate() as ctx:
        ctx.documents.update(ITEM, old, {"name": "Older"})
    stored = {id: lived.stored(id) for id in (lived.id, old)}
    assert [each[0] for each in stored.values()] == [2, 1]
    export_tenant(lived.kernel, lived.tenant, tmp_path / "tenant.tar.gz")
    wish = ImportWish(name=f"{lived.tenant.name}_again")
    import_tenant(lived.kernel, tmp_path / "tenant.tar.gz", wish)
    again = lived.kernel.directory.get(wish.name)
    lived.tenant = again
    assert {id: lived.stored(id) for id in (lived.id, old)} == stored
    assert lived.differences() == []
    assert lived.get(ITEM, lived.id)["name"] == "Third"
