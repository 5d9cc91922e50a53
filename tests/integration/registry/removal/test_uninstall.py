"""Uninstalling keeps everything where it is, out of sight; others' documents go on, and reinstalling is no repair."""

import pytest

from kernel.documents.listing import ListRequest
from kernel.documents.queries import query
from registry.errors import PlanBlocked
from sdk.catalogue import DocumentTypeUnknown
from sdk.errors import BosError
from tests.integration.registry.conftest import write_applet

# What an applet holds, row by row; whether a movement is folded yet is no property of it.
HELD = {
    "documents": "SELECT md5(d::text) FROM {t}.documents d WHERE starts_with(type, 'shop.') ORDER BY 1",
    "links": "SELECT md5(l::text) FROM {t}.links l JOIN {t}.documents d ON d.id = l.from_id"
    " WHERE starts_with(d.type, 'shop.') ORDER BY 1",
    "keys": "SELECT md5(k::text) FROM {t}.keys k WHERE starts_with(type, 'shop.') ORDER BY 1",
    "movements": "SELECT md5((to_jsonb(m) - 'folded')::text) FROM {t}.movements m"
    " WHERE starts_with(register, 'shop.') ORDER BY 1",
}


@pytest.fixture
def linked(shop):
    """The note, the entry about it, and a sale."""
    note = shop.create("shop.note", text="Mug")
    return note, shop.create("diary.entry", text="Monday", about=note.id), shop.sale(note)


def held(shop):
    return {table: shop.rows(sql) for table, sql in HELD.items()}


def refusal(shop, verb, *arguments, **options):
    with pytest.raises(BosError) as refused:
        shop.do(verb, *arguments, **options)
    return refused.value


def test_it_is_refused_while_others_link_to_its_documents(shop, linked):
    assert shop.rules("uninstall", "blocks") == {("documents_linked", "diary.entry shop.note")}
    with pytest.raises(PlanBlocked):
        shop.move("uninstall")
    assert shop.row().state == "enabled"


def test_stubs_may_be_kept_instead(shop, linked):
    assert shop.rules("uninstall", "blocks", keep_stubs=True) == set()
    assert ("stubs_kept", "diary.entry shop.note") in shop.rules("uninstall", "informs", keep_stubs=True)
    shop.move("uninstall", keep_stubs=True)
    assert shop.row().state == "uninstalled"


def test_nobody_is_asked_where_nobody_links(shop):
    note = shop.create("shop.note", text="Mug")
    shop.sale(note)
    shop.move("uninstall")
    assert shop.row().stubs["types"] == {"shop.note": "text", "shop.sale": None}


def test_a_disabled_applet_that_links_does_not_hold_it(shop, linked):
    shop.move("disable", "diary")
    assert shop.rules("uninstall", "blocks") == set()


def test_its_documents_are_out_of_sight(shop, linked):
    shop.move("uninstall", keep_stubs=True)
    with pytest.raises(DocumentTypeUnknown):
        shop.do("get", "shop.note", linked[0].id)


def test_no_row_is_written_for_it(shop, linked):
    before = held(shop)
    shop.move("uninstall", keep_stubs=True)
    assert held(shop) == before


def test_reinstalling_brings_back_every_row_as_it_was(shop, linked):
    note, entry, _ = linked
    before = held(shop)
    shop.move("uninstall", keep_stubs=True)
    shop.do("update", "diary.entry", entry.id, {"text": "Tuesday"})
    shop.move("enable")
    assert held(shop) == before
    assert [table for table, rows in before.items() if not rows] == []
    assert shop.do("get", "shop.note", note.id)["text"] == "Mug"
    assert shop.row().stubs is None


def test_reinstalling_is_told_in_the_record(shop, linked):
    shop.move("uninstall", keep_stubs=True)
    shop.move("install")
    told = shop.rows("SELECT type FROM {t}.events WHERE type LIKE 'kernel.applet.%%' ORDER BY position DESC LIMIT 2")
    assert told == [("kernel.applet.reinstalled",), ("kernel.applet.uninstalled",)]


def test_documents_of_others_are_edited_while_their_link_stays(shop, linked):
    note, entry, _ = linked
    shop.move("uninstall", keep_stubs=True)
    assert shop.do("update", "diary.entry", entry.id, {"text": "Tuesday", "about": note.id})["text"] == "Tuesday"
    assert "about" not in shop.do("update", "diary.entry", entry.id, {"about": None})


def test_the_title_of_the_link_still_resolves(shop, linked):
    shop.move("uninstall", keep_stubs=True)
    with shop.world.operate() as ctx:
        page = query(ctx, "diary.entry", ListRequest("", {}, (), 10))
        assert dict(page.titles) == {linked[0].id: "Mug"}


@pytest.mark.parametrize("verb", ["create", "update"])
def test_a_new_link_to_one_is_refused(shop, linked, verb):
    note, entry, sale = linked
    shop.move("uninstall", keep_stubs=True)
    target = ("diary.entry", {"about": note.id}) if verb == "create" else ("diary.entry", entry.id, {"about": sale.id})
    error = refusal(shop, verb, *target)
    assert error.code == "link_uninstalled"
    assert error.details["applets"] == "shop"
    assert [(v.pointer, v.rule, v.expected) for v in error.violations] == [
        ("/about", "link_uninstalled", "install shop again")
    ]


def test_other_new_links_are_made_as_ever(shop, linked):
    shop.move("uninstall", keep_stubs=True)
    other = shop.create("diary.entry", text="Wednesday", about=linked[1].id)
    assert other["about"] == linked[1].id


def test_what_only_its_documents_link_to_is_held_for_them(shop):
    entry = shop.create("diary.entry", text="Buyer")
    shop.sale(shop.create("shop.note", text="Mug"), buyer=entry.id)
    assert refusal(shop, "delete", "diary.entry", entry.id).code == "document_linked"
    shop.move("uninstall")
    error = refusal(shop, "delete", "diary.entry", entry.id)
    assert (error.code, error.details["applets"]) == ("document_held", "shop")


def test_events_that_wait_are_told_of(shop, linked):
    assert ("deliveries_wait", "shop") in shop.rules("uninstall", "informs", keep_stubs=True)


def test_a_plan_stays_the_same_while_documents_are_written_and_events_are_heard_of(shop):
    digest = shop.plan("uninstall")["digest"]
    shop.sale(shop.create("shop.note", text="Mug"))
    with shop.kernel.database.owner() as connection:
        connection.execute(f'DELETE FROM "{shop.world.tenant.schema}".deliveries')
    assert shop.plan("uninstall")["digest"] == digest


def test_what_others_require_is_not_taken_away(shop, applets_folder):
    manifest = '[requires]\nsdk = ">=1,<2"\n[requires.applets]\nshop = ">=1,<2"\n'
    write_applet(applets_folder / "till", "till", manifest=manifest)
    shop.move("enable", "till")
    assert [rule for rule, _ in shop.rules("uninstall", "blocks")] != []
    shop.move("uninstall", "till")
    assert shop.rules("uninstall", "blocks") == set()


def test_disabling_tells_who_links_to_what_goes_out_of_sight(shop, linked):
    assert {("links_hidden", "diary.entry shop.note"), ("documents_hidden", "shop")} <= shop.rules("disable", "informs")
    assert shop.rules("disable", "blocks") == set()
