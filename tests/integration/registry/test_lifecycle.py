"""Applets come and go per tenant while everything runs."""

import shutil
import sys
from contextlib import closing

import pytest

from kernel.documents.errors import AppletUnavailable
from kernel.main import build_kernel
from kernel.settings import Settings
from kernel.tenancy.service import NewTenant, TenantService
from registry.errors import AppletInUse, AppletNotEnabled, AppletsRequired, AppletUnfit, AppletUnknown
from registry.lifecycle import disable_applet, enable_applet
from registry.service import list_applets
from sdk.catalogue import DocumentTypeUnknown
from tests.integration.registry.conftest import World, write_applet


def enable(world, name, **kwargs):
    with world.operate() as ctx:
        return enable_applet(ctx, world.releases, name, **kwargs).applets


def disable(world, name):
    with world.operate() as ctx:
        return disable_applet(ctx, world.releases, name).applets


def states(world):
    with world.operate() as ctx:
        return {row["name"]: row["state"] for row in list_applets(ctx, world.releases)}


def note(world, applet, text="hello"):
    with world.operate() as ctx:
        return ctx.documents.create(f"{applet}.note", {"text": text})


def reasons(error):
    return {(violation.pointer, violation.rule) for violation in error.value.violations}


def test_an_enabled_applets_types_and_hooks_are_there_with_the_next_transaction(world, applets_folder):
    write_applet(applets_folder / "memo", "memo")
    with pytest.raises(DocumentTypeUnknown):
        note(world, "memo")
    assert enable(world, "memo") == ("memo",)
    assert note(world, "memo")["checked_by"] == "memo"


def test_disabling_keeps_the_documents_and_enabling_brings_them_back(world, applets_folder):
    write_applet(applets_folder / "memo", "memo")
    enable(world, "memo")
    kept = note(world, "memo")
    assert disable(world, "memo") == ("memo",)
    with pytest.raises(DocumentTypeUnknown):
        note(world, "memo")
    enable(world, "memo")
    with world.operate() as ctx:
        assert ctx.documents.get("memo.note", kept.id)["text"] == "hello"


def test_enabling_and_disabling_twice_changes_nothing(world, applets_folder):
    write_applet(applets_folder / "memo", "memo")
    assert (enable(world, "memo"), enable(world, "memo")) == (("memo",), ())
    assert (disable(world, "memo"), disable(world, "memo")) == (("memo",), ())


def test_enable_names_what_else_must_be_enabled_and_does_it_when_asked(world, applets_folder):
    write_applet(applets_folder / "base", "base")
    write_applet(
        applets_folder / "middle", "middle", manifest='[requires]\nsdk = ">=1.0"\napplets = { base = ">=1.0" }\n'
    )
    write_applet(applets_folder / "top", "top", manifest='[requires]\nsdk = ">=1.0"\napplets = { middle = ">=1.0" }\n')
    with pytest.raises(AppletsRequired) as error:
        enable(world, "top")
    assert error.value.details["applets"] == ["base", "middle"]
    assert enable(world, "top", with_required=True) == ("base", "middle", "top")
    with pytest.raises(AppletInUse) as in_use:
        disable(world, "base")
    assert in_use.value.details["applets"] == ["middle"]


def test_an_applet_that_does_not_fit_is_refused_with_every_reason_at_once(world, applets_folder):
    manifest = '[requires]\nsdk = ">=9"\nkernel = "<0.0.1"\napplets = { ghost = ">=1" }\n'
    hooks = (
        "from sdk import hooks\n\n\n"
        '@hooks.before_save("odd.note")\ndef one(ctx, documant):\n    pass\n\n\n'
        '@hooks.action("other.thing", "post")\ndef two(ctx, document):\n    pass\n'
    )
    write_applet(applets_folder / "odd", "odd", manifest=manifest, hooks=hooks)
    with pytest.raises(AppletUnfit) as error:
        enable(world, "odd")
    assert reasons(error) == {
        ("/requires/sdk", "version"),
        ("/requires/kernel", "version"),
        ("ghost", "requirement_missing"),
        ("odd", "no_solution"),
        ("before_save.documant", "hook_argument_gone"),
        ("/hooks/one", "unknown_hook_argument"),
        ("/hooks/two", "foreign_action"),
    }
    assert states(world)["odd"] == "available"


def test_another_version_than_the_required_one_is_told(world, applets_folder):
    write_applet(applets_folder / "base", "base")
    write_applet(applets_folder / "top", "top", manifest='[requires]\nsdk = ">=1.0"\napplets = { base = ">=2" }\n')
    with pytest.raises(AppletUnfit) as error:
        enable(world, "top", with_required=True)
    assert reasons(error) == {("base", "requirement_missing"), ("top", "no_solution")}


def test_code_that_cannot_be_imported_is_a_reason_not_a_crash(world, applets_folder):
    write_applet(applets_folder / "broken", "broken", hooks="import nothing_of_this_name\n")
    with pytest.raises(AppletUnfit) as error:
        enable(world, "broken")
    assert reasons(error) == {("/hooks", "import")}


def test_a_broken_manifest_is_listed_with_its_faults(world, applets_folder):
    write_applet(applets_folder / "sloppy", "sloppy", manifest='colour = "blue"\n')
    with world.operate() as ctx:
        (row,) = list_applets(ctx, world.releases)
    assert row["name"] == "sloppy"
    assert not row["fits"]
    assert "colour" in row["reasons"][0]["message"]


def test_unknown_names_are_answered_with_the_nearest(world, applets_folder):
    write_applet(applets_folder / "memo", "memo")
    with pytest.raises(AppletUnknown) as error:
        enable(world, "memmo")
    assert error.value.details["nearest"] == "memo"
    with pytest.raises(AppletNotEnabled):
        disable(world, "memo")


def test_a_failing_enable_hook_leaves_everything_as_it_was(world, applets_folder):
    hooks = (
        "from sdk import hooks\nfrom sdk.errors import Conflict\n\n\nclass NotToday(Conflict):\n"
        '    """Come back tomorrow."""\n\n\n@hooks.enabled\ndef refuse(ctx):\n    raise NotToday\n'
    )
    write_applet(applets_folder / "moody", "moody", hooks=hooks)
    with pytest.raises(Exception, match="Come back tomorrow"):
        enable(world, "moody")
    assert states(world)["moody"] == "available"
    with pytest.raises(DocumentTypeUnknown):
        note(world, "moody")


def test_every_move_is_an_event_with_who_and_what(world, applets_folder):
    write_applet(applets_folder / "memo", "memo", manifest='capabilities = ["documents:read:kernel.company"]\n')
    enable(world, "memo")
    disable(world, "memo")
    with world.operate() as ctx:
        rows = ctx.uow.execute(
            "SELECT type, actor, payload FROM {t}.events WHERE aggregate_type = 'kernel.applet' ORDER BY position"
        ).fetchall()
    capabilities = ["documents:read:kernel.company"]
    told = {"applet": "memo", "from_version": "1.0.0", "to_version": "1.0.0", "capabilities": capabilities}
    (enabled, *who, first), (disabled, *_, second) = rows
    assert (enabled, disabled, who) == ("kernel.applet.enabled", "kernel.applet.disabled", ["operator"])
    assert first.pop("plan") != second.pop("plan")
    assert first == {"applet": "memo", "from": "available", "to": "enabled", "to_version": "1.0.0"} | {
        "capabilities": capabilities
    }
    assert second == told | {"from": "enabled", "to": "disabled"}


def test_a_package_installed_while_everything_runs_is_offered_enabled_called_and_disabled(world, installed_package):
    assert states(world) == {}
    installed_package("bos_loyalty", "loyalty")
    assert states(world) == {"loyalty": "available"}
    assert enable(world, "loyalty") == ("loyalty",)
    assert note(world, "loyalty")["checked_by"] == "loyalty"
    assert disable(world, "loyalty") == ("loyalty",)
    with pytest.raises(DocumentTypeUnknown):
        note(world, "loyalty")


def test_a_broken_package_is_refused_with_its_faults_under_its_own_name(world, installed_package):
    installed_package("bos_loyalty", "loyalty", manifest='colour = "blue"\n')
    with pytest.raises(AppletUnfit) as error:
        enable(world, "loyalty")
    assert {violation.rule for violation in error.value.violations} == {"unknown_key"}


def test_an_installed_package_cannot_take_the_name_of_a_shipped_applet(world, applets_folder, installed_package):
    write_applet(applets_folder / "memo", "memo")
    installed_package("bos_memo", "memo", hooks="raise RuntimeError('the wrong one')\n")
    enable(world, "memo")
    assert note(world, "memo")["checked_by"] == "memo"


def another_process(world, applets_folder):
    """A kernel that starts now: nothing of an applet is in its memory."""
    kernel = build_kernel(Settings(applets_dir=applets_folder, pool_size_max=2), world.url)
    return World(kernel, world.tenant, world.url)


def lose_kept_releases(world):
    """As if none had ever been kept."""
    with world.kernel.database.owner() as connection:
        connection.execute("DELETE FROM bos.releases")


def test_an_applet_whose_folder_is_gone_runs_on_in_every_process(world, applets_folder):
    folder = write_applet(applets_folder / "memo", "memo")
    enable(world, "memo")
    shutil.rmtree(folder)
    other = another_process(world, applets_folder)
    assert note(other, "memo")["checked_by"] == "memo"
    assert states(other)["memo"] == "enabled"
    other.kernel.close()


@pytest.mark.parametrize("harm", ["gone", "broken"])
def test_while_an_enabled_applet_cannot_run_nothing_is_written_and_it_can_be_disabled(world, applets_folder, harm):
    folder = write_applet(applets_folder / "memo", "memo")
    enable(world, "memo")
    if harm == "gone":
        (folder / "applet.toml").unlink()
        lose_kept_releases(world)
    else:
        (folder / "hooks.py").write_text("import nothing_of_this_name\n")
        for name in [name for name in sys.modules if name.startswith("bos_applets.")]:
            del sys.modules[name]
    other = another_process(world, applets_folder)
    with other.operate() as ctx:
        assert ctx.documents.query("kernel.company").items == ()
    with pytest.raises(AppletUnavailable, match=r"memo 1\.0\.0"), other.operate() as ctx:
        ctx.documents.create("kernel.notification", {"title": "what would memo have said?"})
    assert states(other)["memo"] == ("missing" if harm == "gone" else "enabled")
    disable(other, "memo")
    with other.operate() as ctx:
        ctx.documents.create("kernel.notification", {"title": "said"})
    other.kernel.close()


def test_two_tenants_have_their_own_applets(world, applets_folder):
    write_applet(applets_folder / "memo", "memo")
    tenants = TenantService(world.kernel.database, world.kernel.directory, world.kernel.installation)
    other = World(world.kernel, tenants.create_tenant(NewTenant("other", "Other"), world.kernel.clock()), world.url)
    enable(world, "memo")
    assert states(world)["memo"] == "enabled"
    assert states(other)["memo"] == "available"


def test_what_is_not_trusted_is_not_even_imported(world, applets_folder, tmp_path):
    trace = tmp_path / "trace"
    code = f"open({str(trace)!r}, 'w').close()\n"
    write_applet(applets_folder / "memo", "memo", manifest='trust = "sandboxed"\n', hooks=code)
    with closing(build_kernel(Settings(applets_dir=applets_folder, sandbox="off"), world.url)) as kernel:
        other = World(kernel, world.tenant, world.url)
        assert states(other)["memo"] == "available"
        with pytest.raises(AppletUnfit) as refused:
            enable(other, "memo")
        assert reasons(refused) == {("/trust", "trust")}
    assert not trace.exists()


def test_a_release_that_does_not_fit_those_who_require_it_is_refused(world, applets_folder):
    folder = write_applet(applets_folder / "memo", "memo")
    needs_memo = '[requires]\nsdk = ">=1.0,<2"\n[requires.applets]\nmemo = "<2"\n'
    write_applet(applets_folder / "diary", "diary", manifest=needs_memo)
    enable(world, "diary", with_required=True)
    manifest = folder / "applet.toml"
    manifest.write_text(manifest.read_text().replace("1.0.0", "2.0.0"))
    world.releases.discovery._releases.clear()
    with pytest.raises(AppletUnfit) as refused:
        enable(world, "memo")
    assert ("memo", "requirement_range") in reasons(refused)


def test_an_applet_is_not_disabled_while_another_admin_enables_who_requires_it(world, applets_folder):
    write_applet(applets_folder / "memo", "memo")
    needs_memo = '[requires]\nsdk = ">=1.0,<2"\n[requires.applets]\nmemo = ">=1"\n'
    write_applet(applets_folder / "diary", "diary", manifest=needs_memo)
    enable(world, "memo")
    with world.operate() as late:
        # Has seen the tenant without the diary before the other one is done.
        assert late.runtime.catalogue.applet("diary") is None
        enable(world, "diary")
        with pytest.raises(AppletInUse):
            disable_applet(late, world.releases, "memo")
    assert (states(world)["memo"], states(world)["diary"]) == ("enabled", "enabled")


def test_an_applet_whose_package_comes_back_runs_again(world, applets_folder):
    folder = write_applet(applets_folder / "memo", "memo")
    write_applet(applets_folder / "diary", "diary")
    enable(world, "memo")
    kept = note(world, "memo")
    away = folder.rename(applets_folder.parent / "away")
    lose_kept_releases(world)
    world.releases.discovery.releases()
    enable(world, "diary")
    with pytest.raises(DocumentTypeUnknown):
        note(world, "memo")
    away.rename(folder)
    disable(world, "diary")
    enable(world, "diary")
    with world.operate() as ctx:
        assert ctx.documents.get("memo.note", kept.id)["text"] == "hello"
