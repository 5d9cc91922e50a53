"""What an operator sees of the sandbox, and where it is not to be had."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from kernel.documents.errors import AppletUnavailable
from kernel.http.app import create_app
from registry.compatibility import check_release
from registry.contracts.apart import read_apart
from registry.contracts.extract import extract_contract
from registry.contracts.source import UnreadableCode
from registry.discovery import Release
from registry.sandboxing.engines import open_engine
from registry.sandboxing.programs import PROGRAM_BYTES_MAX, program_of
from sandbox.errors import LoadFailed, SandboxOff
from sdk.applet import Applet, InvalidApplet
from tests.integration.registry.sandboxing.conftest import HOOKS, write_shop

APPLETS = Path(__file__).parents[4] / "applets"


def release_of(folder, sandbox=None):
    return Release("shop", folder, Applet.load(folder), sandbox=sandbox)


def rules(release):
    return [(violation.pointer, violation.rule) for violation in check_release(release)]


def test_health_tells_the_level_once_anything_is_sandboxed(site, tenant):
    client = TestClient(create_app(site.kernel, has_worker=False))
    assert client.get("/healthz").json() == {"status": "ok", "sandbox": site.sandbox.level}
    assert site.sandbox.level in ("full", "strong")


def test_nothing_is_started_where_nothing_is_sandboxed(open_site):
    site = open_site(lambda folder: folder.mkdir())
    client = TestClient(create_app(site.kernel, has_worker=False))
    assert client.get("/healthz").json() == {"status": "ok"}
    assert site.sandbox.figures() is None


def test_numbers_of_applets_are_there_for_prometheus(site, tenant):
    site.order(tenant, "tea")
    shown = TestClient(create_app(site.kernel, has_worker=False)).get("/metrics").text
    names = {line.partition("{")[0] for line in shown.splitlines() if 'applet="shop"' in line and "sandbox" in line}
    assert {
        "bos_sandbox_calls_total",
        "bos_sandbox_call_seconds",
        "bos_sandbox_cpu_seconds_total",
        "bos_sandbox_memory_bytes",
        "bos_sandbox_denials_total",
    } <= names
    assert 'bos_sandbox_workers{state="busy"} 0.0' in shown


def test_with_the_sandbox_off_who_has_it_enabled_writes_nothing(site, tenant, open_site):
    off = open_site(url=site.url, folder=site.folder, sandbox="off")
    with pytest.raises(AppletUnavailable), off.kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.role", {"name": "helper", "title": "Helper", "permissions": []})
    with pytest.raises(SandboxOff) as refused:
        off.sandbox.load(release_of(site.folder / "shop"))
    assert refused.value.details["reason"] == "BOS_SANDBOX is off"


def test_a_level_that_is_not_here_is_told_with_what_is_needed(tmp_path):
    # Whoever else may write there could have his own code run.
    (tmp_path / "sandbox" / "wasm").mkdir(mode=0o755, parents=True)
    opened = open_engine("wasm", tmp_path)
    assert opened.engine is None
    assert opened.problem.startswith("this machine has not the level wasm (wasm: ")
    assert "bos[wasm]" in opened.problem or "is not this user's alone" in opened.problem
    off = open_engine("off", tmp_path)
    assert (off.engine, off.problem) == (None, "BOS_SANDBOX is off")


def test_limits_alone_are_for_one_tenant_on_a_loopback_address(open_site, tmp_path):
    insecure = open_site(sandbox="insecure-dev")
    assert insecure.sandbox.problem(insecure.kernel.database) is None
    insecure.make_tenant()
    assert insecure.sandbox.told_level() == "insecure"
    insecure.make_tenant()
    assert insecure.sandbox.problem(insecure.kernel.database) == (
        "BOS_SANDBOX=insecure-dev is for one tenant, and there are 2"
    )
    elsewhere = open_site(sandbox="insecure-dev", host="0.0.0.0")
    assert elsewhere.sandbox.problem() == "BOS_SANDBOX=insecure-dev is for loopback addresses only"


def test_an_applet_that_fits_has_no_reasons_against_it(site):
    assert rules(release_of(site.folder / "shop", site.sandbox)) == []


@pytest.mark.parametrize(
    ("hooks", "expected"),
    [
        (HOOKS.replace("ctx.log.info", "print(open('/etc/passwd'), ctx.log.info"), ("/hooks.py:33", "syntax")),
        (HOOKS.replace('name = document["name"]', "name = open('/etc/passwd')"), None),
        (HOOKS.replace('"shop.order.created"', '"Shop!"'), ("/hooks", "load_failed")),
        (HOOKS + "\nraise ValueError('not today')\n", ("/hooks", "load_failed")),
        (
            HOOKS.replace("def price(ctx: Context, product_id: str)", "def price(ctx, produkt)"),
            ("/hooks/price", "unknown_hook_argument"),
        ),
    ],
)
def test_why_an_applet_does_not_fit_is_found_without_running_it_here(site, tmp_path, hooks, expected):
    found = rules(release_of(write_shop(tmp_path / "shop", hooks=hooks), site.sandbox))
    if expected is None:
        assert [pointer for pointer, _ in found] == ["/hooks.py:18"]
    else:
        assert found[0][0] == expected[0]


def test_code_that_spins_as_it_is_loaded_is_ended(site, tmp_path):
    hooks = HOOKS + "\nwhile True:\n    pass\n"
    found = rules(release_of(write_shop(tmp_path / "shop", hooks=hooks), site.sandbox))
    assert found == [("/hooks", "applet_stopped")]


def test_functions_that_cast_documents_are_refused_and_not_even_parsed(tmp_path):
    folder = write_shop(tmp_path / "shop")
    (folder / "lenses.py").write_text("def up_order_1_to_2(:\n")
    with pytest.raises(InvalidApplet) as refused:
        Applet.load(folder)
    assert [(each.pointer, each.rule) for each in refused.value.violations] == [("lenses.py", "sandboxed_lenses")]


def test_a_program_is_the_modules_and_the_data_of_an_applet():
    folder = APPLETS / "ledger"
    program = program_of(Release("ledger", folder, Applet.load(folder)))
    assert {"hooks", "rules", "entries"} <= program.modules.keys()
    assert not any(name.startswith("tests") or name == "__init__" for name in program.modules)
    assert program.files
    assert all(name.startswith("data/") for name in program.files)


def test_a_program_that_fits_into_no_frame_is_refused(tmp_path):
    folder = write_shop(tmp_path / "shop")
    (folder / "more.py").write_text("#" * PROGRAM_BYTES_MAX)
    with pytest.raises(LoadFailed):
        program_of(release_of(folder))


def test_what_code_uses_is_read_in_another_process_with_the_same_result():
    applet = Applet.load(APPLETS / "approvals")
    stranger = replace(applet, manifest=replace(applet.manifest, trust="sandboxed"))
    assert extract_contract(stranger).as_text() == extract_contract(applet).as_text()


def test_code_that_no_parser_reads_is_told_by_its_file(tmp_path):
    folder = write_shop(tmp_path / "shop", hooks="def (:\n")
    with pytest.raises(UnreadableCode) as unreadable:
        read_apart(Applet.load(folder))
    assert unreadable.value.details["file"] == "hooks.py"


def test_code_that_breaks_the_parser_breaks_no_more_than_its_process(tmp_path):
    deep = "x = " + "(" * 90 + "1" + ")" * 90 + "\n" + "y = " + "-" * 200_000 + "1\n"
    folder = write_shop(tmp_path / "shop", hooks=deep)
    with pytest.raises(UnreadableCode):
        read_apart(Applet.load(folder))


def test_closing_the_kernel_ends_its_workers(open_site):
    site = open_site()
    tenant = site.make_tenant()
    site.order(tenant, "tea")
    sandbox = site.sandbox
    site.kernel.close()
    assert sandbox.figures() is None
    assert SimpleNamespace(level=sandbox.level).level in ("full", "strong")
