"""`bos applet build`, `bos upgrade describe` and `check` at the command line, and the notices over HTTP."""

import json

import pytest

from kernel.cli.session import open_kernel
from registry.contracts import notices
from sdk.deprecations import Deprecation
from tests.integration.kernel.test_cli import FAILED, Bos
from tests.integration.registry.conftest import write_applet

HOOKS = """
from sdk import Context, Document, hooks


@hooks.before_save("memo.note")
def stamp(ctx: Context, document: Document, previous) -> None:
    document["checked_by"] = ctx.actor.id
"""


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bos")
    write_applet(folder / "applets" / "memo", "memo", hooks=HOOKS)
    write_applet(folder / "applets" / "plain", "plain")
    found = Bos(empty_database(), folder, applets_dir=folder / "applets")
    for tenant in ("acme", "zeta"):
        found.run("tenant", "create", tenant)
    found.run("applet", "enable", "memo", "--tenant", "acme")
    found.run("applet", "enable", "plain", "--tenant", "zeta")
    return found


def test_build_writes_a_lock_that_is_current_until_the_code_changes(bos, tmp_path):
    folder = write_applet(tmp_path / "memo", "memo", hooks=HOOKS)
    bos.run("applet", "build", str(folder), "--check", code=FAILED)
    first = bos.json("applet", "build", str(folder))
    assert (first["was_current"], first["unresolved"]) == (False, [])
    text = (folder / "applet.lock").read_bytes()
    assert bos.json("applet", "build", str(folder))["was_current"] is True
    assert (folder / "applet.lock").read_bytes() == text
    bos.run("applet", "build", str(folder), "--check")
    (folder / "hooks.py").write_text(HOOKS.replace("checked_by", "text"))
    bos.run("applet", "build", str(folder), "--check", code=FAILED)


def test_build_lists_what_the_code_does_not_say(bos, tmp_path):
    folder = write_applet(tmp_path / "memo", "memo", hooks=HOOKS.replace('"checked_by"', "ctx.settings['f']"))
    (open_place,) = bos.json("applet", "build", str(folder))["unresolved"]
    assert open_place == {
        "reason": "sets a field whose name is computed",
        "target": "memo.note",
        "where": "hooks.py:7",
    }


@pytest.fixture
def described(bos, tmp_path):
    file = tmp_path / "other.json"
    bos.run("upgrade", "describe", "--output", str(file))
    return file


def test_nothing_breaks_with_the_version_that_runs(bos, described):
    assert bos.json("upgrade", "check", "--kernel", str(described)) == []


def test_what_another_version_breaks_is_told_by_tenant_applet_and_line(bos, described):
    data = json.loads(described.read_text())
    data["sdk"]["hooks"]["before_save"]["arguments"].remove("previous")
    described.write_text(json.dumps(data))
    result = bos.run("upgrade", "check", "--kernel", str(described), "--json", code=FAILED)
    found = {(row["tenant"], row["applet"], row["rule"], row["where"]) for row in json.loads(result.stdout)}
    assert found == {
        ("acme", "memo", "hook_argument_gone", "hooks.py:6"),
        ("zeta", "plain", "hook_argument_gone", "hooks.py:6"),
    }


def test_a_version_out_of_the_ranges_breaks_too(bos, described):
    data = json.loads(described.read_text())
    data["sdk"]["version"] = "2.0.0"
    described.write_text(json.dumps(data))
    result = bos.run("upgrade", "check", "--kernel", str(described), "--json", code=FAILED)
    assert {row["message"] for row in json.loads(result.stdout)} == {
        "memo requires sdk <2,>=1.0, and that is 2.0.0",
        "plain requires sdk <2,>=1.0, and that is 2.0.0",
    }


def test_a_file_that_describes_nothing_is_refused(bos, tmp_path):
    file = tmp_path / "x.json"
    file.write_text("[]")
    assert bos.code("upgrade", "check", "--kernel", str(file)) == "offer_unreadable"


def test_notices_name_the_enabled_applets_that_use_what_goes(bos, monkeypatch):
    entry = Deprecation("sdk.hookspecs.before_save.previous", "1.0.0", "2.0.0", "ask for the revision")
    monkeypatch.setattr(notices, "DEPRECATIONS", (entry,))
    with open_kernel(bos.settings) as kernel, kernel.operate(kernel.directory.get("acme")) as ctx:
        (notice,) = notices.list_notices(ctx)
    assert notice["replacement"] == "ask for the revision"
    assert [(applet["name"], applet["places"]) for applet in notice["applets"]] == [("memo", ["hooks.py:6"])]
