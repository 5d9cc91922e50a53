"""Releases are what they were when they were made known, wherever they are kept."""

import os
import py_compile
import sys
from typing import ClassVar

import psycopg
import pytest

from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.transfer.caller import Caller
from registry import bundles
from registry.errors import BundleUnreadable, PlanDrifted, ReleaseTaken, TrustNotGiven
from registry.lifecycle import enable_applet
from registry.plans.apply import apply_plan, plan
from registry.plans.situation import PlanRequest
from registry.service import list_applets
from sandbox.errors import PolicyRefused
from tests.integration.registry.conftest import World, write_applet


@pytest.fixture(autouse=True)
def forget_modules():
    yield
    for name in [name for name in sys.modules if name.startswith("bos_applets.")]:
        del sys.modules[name]


def add(world, folder):
    return world.releases.add(world.kernel.database, folder, world.kernel.clock(), "test")


def shown(world):
    with world.operate() as ctx:
        return {row["name"]: row for row in list_applets(ctx, world.releases)}


def another_process(world, folder):
    forget = [name for name in sys.modules if name.startswith("bos_applets.")]
    for name in forget:
        del sys.modules[name]
    return World(build_kernel(Settings(applets_dir=folder, pool_size_max=4), world.url), world.tenant, world.url)


def test_a_folder_that_is_too_much_is_refused_before_it_is_kept(world, tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "BUNDLE_FILES_MAX", 3)
    folder = write_applet(tmp_path / "memo", "memo", files=[(f"texts/{n}.txt", "x") for n in range(3)])
    with pytest.raises(BundleUnreadable, match="3 files"):
        add(world, folder)
    assert "memo" not in shown(world)


def test_one_bundle_that_cannot_be_read_hides_no_other_applet(world, applets_folder, tmp_path):
    write_applet(applets_folder / "diary", "diary")
    add(world, write_applet(tmp_path / "memo", "memo"))
    with world.kernel.database.owner() as connection:
        connection.execute("UPDATE bos.releases SET bundle = 'no archive', digest = 'another' WHERE name = 'memo'")
    found = shown(world)
    assert (found["diary"]["fits"], found["memo"]["fits"]) == (True, False)
    assert "bundle" in found["memo"]["reasons"][0]["message"]
    with world.operate() as ctx:
        assert enable_applet(ctx, world.releases, "diary").applets == ("diary",)


def test_what_is_shipped_cannot_be_added_with_another_content(world, applets_folder, tmp_path):
    write_applet(applets_folder / "memo", "memo")
    with pytest.raises(ReleaseTaken):
        add(world, write_applet(tmp_path / "memo", "memo", files=[("more.txt", "x")]))
    with world.operate() as ctx:
        enable_applet(ctx, world.releases, "memo")
    add(world, applets_folder / "memo")


def compile_trap(folder, trace):
    """Compiled code of something else, which Python takes for that of hooks.py."""
    source = folder / "hooks.py"
    honest, times = source.read_bytes(), source.stat()
    trap = f"open({str(trace)!r}, 'w').close()\n".encode()
    source.write_bytes(trap + b"#" * (len(honest) - len(trap)))
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    py_compile.compile(str(source))
    source.write_bytes(honest)
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))


def link_trap(folder, trace):
    """A package before the module of the same name."""
    away = folder.parent / "away"
    away.mkdir()
    (away / "__init__.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    (folder / "hooks").symlink_to(away, target_is_directory=True)


def edit(folder, trace):
    (folder / "hooks.py").write_text(f"open({str(trace)!r}, 'w').close()\n")


@pytest.mark.parametrize("tamper", [edit, compile_trap, link_trap])
def test_what_is_tampered_with_where_bundles_are_unpacked_is_not_run(world, applets_folder, tmp_path, tamper):
    add(world, write_applet(tmp_path / "memo", "memo"))
    with world.operate() as ctx:
        enable_applet(ctx, world.releases, "memo")
    unpacked = world.releases.known(world.kernel.database)["memo"][0].folder
    trace = tmp_path / "trace"
    tamper(unpacked, trace)
    other = another_process(world, applets_folder)
    with other.operate() as ctx:
        assert ctx.documents.create("memo.note", {"text": "hello"})["checked_by"] == "memo"
    assert not trace.exists()
    other.kernel.close()


def test_a_shipped_folder_edited_after_the_plan_is_another_release(world, applets_folder):
    folder = write_applet(applets_folder / "memo", "memo")
    caller = Caller(world.kernel, world.tenant)
    made = plan(caller, world.releases, PlanRequest("enable", "memo"))
    (folder / "hooks.py").write_text((folder / "hooks.py").read_text() + "\n# edited\n")
    with pytest.raises(PlanDrifted):
        apply_plan(caller, world.releases, made["digest"])


def test_what_is_not_trusted_is_not_imported_to_plan_its_installation(world, applets_folder, tmp_path):
    trace = tmp_path / "trace"
    code = f"open({str(trace)!r}, 'w').close()\n"
    write_applet(
        applets_folder / "memo",
        "memo",
        manifest='trust = "sandboxed"\n',
        hooks=code,
        files=[("invariants.py", code)],
    )
    made = plan(Caller(world.kernel, world.tenant), world.releases, PlanRequest("install", "memo"))
    # Its code is looked at where it would run, and is refused by its first line.
    findings = [finding for finding in made["findings"] if finding["severity"] == "blocks"]
    assert {finding["subject"] for finding in findings} == {"/hooks.py:1", "/invariants.py:1"}
    assert not trace.exists()
    wanted = {"name": "memo", "version": "1.0.0", "database": world.kernel.database, "lenses_only": False}
    with pytest.raises(PolicyRefused):
        world.kernel.plugins.hook.load_applet(**wanted)


def test_nobody_comes_into_the_servers_process_without_a_word_of_trust(world, tmp_path):
    database, now = world.kernel.database, world.kernel.clock()
    folder = write_applet(tmp_path / "memo", "memo")
    with pytest.raises(TrustNotGiven) as refused:
        world.releases.add(database, folder, now, "test", is_trusted=False)
    assert refused.value.code == "trust_not_given"
    assert "memo" not in shown(world)
    (folder / "applet.toml").write_text(f'trust = "sandboxed"\n{(folder / "applet.toml").read_text()}')
    assert world.releases.add(database, folder, now, "test", is_trusted=False).is_sandboxed


def test_what_comes_with_bos_needs_no_word(world, applets_folder):
    folder = write_applet(applets_folder / "diary", "diary")
    database, now = world.kernel.database, world.kernel.clock()
    assert world.releases.add(database, folder, now, "test", is_trusted=False).name == "diary"


class Counting(psycopg.Cursor):
    """Notes what is sent."""

    sent: ClassVar[list[str]] = []

    def execute(self, query, params=None, **options):
        self.sent.append(query)
        return super().execute(query, params, **options)


def test_however_many_releases_are_kept_one_statement_asks_for_those_that_are_known(world, tmp_path):
    for number in range(1, 6):
        folder = write_applet(tmp_path / f"memo{number}", "memo")
        manifest = folder / "applet.toml"
        manifest.write_text(manifest.read_text().replace("1.0.0", f"{number}.0.0"))
        add(world, folder)
    database = world.kernel.database
    with database.glance(aside=True) as uow:
        uow.connection.cursor_factory = Counting
    Counting.sent.clear()
    known = world.releases.known(database)
    assert [release.version for release in known["memo"]] == ["5.0.0", "4.0.0", "3.0.0", "2.0.0", "1.0.0"]
    assert len(Counting.sent) == 1
