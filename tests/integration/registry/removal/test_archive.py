"""What an applet holds, as a file to be kept."""

import hashlib
import json

import pytest

from kernel.backup.tape import read_tape
from kernel.secrets.keyring import Keyring
from registry.errors import AppletUnknown
from registry.removal import archive
from registry.removal.archive import export_applet


def use_new_master_key(shop, path):
    """As in an installation that has encrypted nothing yet."""
    with shop.kernel.database.owner() as connection:
        connection.execute("DELETE FROM bos.keyring")
    shop.kernel.keyring = Keyring(shop.kernel.settings.model_copy(update={"data_dir": path}))


def read(shop, path):
    """The manifest, and of each table its lines."""
    members, tables = dict(read_tape(path, shop.kernel.keyring)), {}
    manifest = json.loads(members.pop("manifest.json"))
    for name, content in sorted(members.items()):
        tables[name.partition("/")[0]] = tables.get(name.partition("/")[0], b"") + content
    return manifest, tables


@pytest.fixture
def sold(shop):
    shop.create("diary.entry", text="Not of the shop")
    return shop.sale(shop.create("shop.note", text="Mug"))


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_everything_of_the_applet_and_nothing_else_is_in_it(shop, sold, tmp_path, is_encrypted):
    shop.move("uninstall")
    use_new_master_key(shop, tmp_path)
    path = tmp_path / "shop.archive"
    assert export_applet(shop.caller, "shop", path, is_encrypted=is_encrypted) == {
        "documents": 2, "events": 3, "links": 1, "movements": 1,
    }  # fmt: skip
    manifest, tables = read(shop, path)
    lines = {name: [json.loads(line) for line in text.splitlines()] for name, text in tables.items()}
    assert [one["type"] for one in lines["documents"]] == ["shop.note", "shop.sale"]
    assert [one["type"] for one in lines["events"]] == ["shop.note.created", "shop.sale.created", "shop.sale.closed"]
    assert [(one["field"], one["from_id"]) for one in lines["links"]] == [("note", sold.id)]
    assert [(one["register"], one["r1"]) for one in lines["movements"]] == [("shop.takings", "5.00")]
    assert (manifest["applet"], manifest["version"], manifest["tenant"]["name"]) == ("shop", "1.0.0", "acme")
    assert manifest["tables"]["documents"]["sha256"] == hashlib.sha256(tables["documents"]).hexdigest()


def test_a_table_goes_on_in_the_next_member_and_so_does_a_long_line(shop, sold, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MEMBER_BYTES_MAX", 100)
    export_applet(shop.caller, "shop", tmp_path / "small", lambda table, rows: None)
    manifest, tables = read(shop, tmp_path / "small")
    assert manifest["tables"]["documents"]["parts"] > 2
    assert [json.loads(line)["type"] for line in tables["documents"].splitlines()] == ["shop.note", "shop.sale"]


def test_an_applet_the_tenant_never_had_has_no_archive(shop, tmp_path):
    with pytest.raises(AppletUnknown):
        export_applet(shop.caller, "shopp", tmp_path / "none")
    assert list(tmp_path.glob("none*")) == []
