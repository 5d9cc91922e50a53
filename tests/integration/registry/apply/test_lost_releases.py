"""What happens to tenants whose releases are lost, or cannot run any more."""

import sys

import pytest

from kernel.main import build_kernel
from kernel.settings import Settings
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import PlanRequest
from registry.plans.store import read_plan
from tests.integration.registry.apply.conftest import LENSES, STAMP, Memo, write_version
from tests.integration.registry.conftest import World


@pytest.fixture
def restart(memo, applets_folder, monkeypatch):
    """A function that gives the same tenant in a process that has loaded nothing yet."""
    made = []

    def again():
        for name in [name for name in sys.modules if name.startswith("bos_applets.")]:
            monkeypatch.delitem(sys.modules, name)
        kernel = build_kernel(Settings(applets_dir=applets_folder, pool_size_max=4), memo.world.url)
        made.append(kernel)
        return Memo(World(kernel, memo.world.tenant, memo.world.url))

    yield again
    for kernel in made:
        kernel.close()


def lose(memo, version):
    with memo.kernel.database.owner() as connection:
        connection.execute("DELETE FROM bos.releases WHERE name = 'memo' AND version = %s", [version])


def test_one_goes_back_from_a_version_whose_code_cannot_be_imported_any_more(memo, restart, tmp_path, monkeypatch):
    needed = tmp_path / "memo_needs_this.py"
    needed.write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    memo.add(tmp_path, "2.1.0", field="body", schema_version=2, lenses=LENSES, hooks=f"import memo_needs_this\n{STAMP}")
    memo.move("upgrade", "2.1.0")
    written = memo.note(body="by 2.1")
    needed.unlink()
    monkeypatch.delitem(sys.modules, "memo_needs_this")
    later = restart()
    later.move("rollback")
    assert later.read(written.id)["text"] == "by 2.1"
    assert later.note(text="again")["stamped"] == "1.0.0"


def test_documents_of_a_version_that_is_lost_are_found_by_their_fields(memo, restart):
    kept = memo.note(text="kept")
    memo.move("disable")
    lose(memo, "1.0.0")
    later = restart()
    later.move("enable", "2.0.0")
    assert later.row().unswept == ("memo.note",)
    with later.world.operate() as ctx:
        assert [note.id for note in ctx.documents.query("memo.note", 'body == "kept"').items] == [kept.id]


def test_a_release_without_whose_lenses_nothing_can_be_read_is_named(memo, restart):
    memo.move("upgrade", "2.0.0")
    memo.move("rollback")
    lose(memo, "2.0.0")
    later = restart()
    with later.world.operate() as ctx:
        assert ctx.runtime.unavailable == ("memo 2.0.0",)


def test_what_is_only_installed_is_kept_too(memo, applets_folder):
    folder = write_version(applets_folder / "other", "1.0.0", hooks="")
    manifest = folder / "applet.toml"
    manifest.write_text(manifest.read_text().replace("memo", "other").replace("Memo", "Other"))
    made = plan(memo.caller, memo.releases, PlanRequest("install", "other"))
    apply_plan(memo.caller, memo.releases, made["digest"])
    with memo.kernel.database.owner() as connection:
        assert connection.execute("SELECT version FROM bos.releases WHERE name = 'other'").fetchone() == ("1.0.0",)


def test_a_plan_that_is_made_again_is_not_said_to_be_applied(memo):
    made = memo.plan("disable")
    memo.apply(made["digest"])
    memo.move("enable")
    assert memo.plan("disable")["digest"] == made["digest"]
    shown = read_plan(memo.kernel.database, memo.world.tenant, made["digest"])[2]
    assert "applied_at" not in shown
