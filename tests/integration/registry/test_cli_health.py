"""`bos applet health`, `resume`, `tighten` and `bisect` at the command line."""

import contextlib

import pytest

from kernel.cli.session import open_kernel
from sdk.errors import BosError
from tests.integration.kernel.test_cli import USAGE, Bos
from tests.integration.registry.conftest import write_applet

FAILURES = 5
HOOKS = """
from sdk import hooks


@hooks.before_save("memo.note")
def spoil(ctx, document):
    raise KeyError(document["text"])
"""


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bos")
    write_applet(folder / "applets" / "memo", "memo", manifest='[limits]\nwhen_suspended = "fail_open"\n', hooks=HOOKS)
    found = Bos(empty_database(), folder, applets_dir=folder / "applets")
    found.run("tenant", "create", "acme")
    found.run("applet", "enable", "memo")
    return found


@pytest.fixture
def suspended(bos):
    with open_kernel(bos.settings) as kernel:
        tenant = kernel.directory.get("acme")
        for _ in range(FAILURES):
            with contextlib.suppress(BosError), kernel.operate(tenant) as ctx:
                ctx.documents.create("memo.note", {"text": "x"})


def test_a_command_that_failed_is_counted_though_its_process_has_ended(bos, suspended):
    (memo,) = bos.json("applet", "health", "memo")
    (hook,) = memo["hooks"]
    assert (memo["state"], hook["calls"], hook["errors"]) == ("suspended", FAILURES, FAILURES)
    shown = bos.run("applet", "health")
    assert "memo:spoil" in shown.stdout
    assert "KeyError: 'x'" in shown.stderr


def test_a_suspended_applet_is_resumed_but_not_by_a_dry_run(bos):
    assert bos.json("applet", "resume", "memo", "--dry-run")["state"] == "running"
    assert bos.json("applet", "resume", "memo")["state"] == "running"
    assert bos.code("applet", "resume", "memo") == "applet_not_suspended"


def test_an_applet_is_tightened_and_let_go_again(bos):
    assert bos.json("applet", "tighten", "memo")["when_suspended"] == "fail_closed"
    assert "(fail_closed)" in bos.run("applet", "health").stderr
    assert bos.json("applet", "tighten", "memo", "--undo")["when_suspended"] == "fail_open"


def test_the_culprit_of_a_request_is_named(bos):
    request = ("--", "POST", "/api/v1/memo/notes", "--data", '{"text": "x"}')
    found = bos.run("applet", "bisect", "--tenant", "acme", *request)
    assert found.stdout == "It is memo: without it the request does not fail (500 hook_failed).\n"
    assert "With memo: 500 hook_failed, fails as before" in found.stderr
    verdict = bos.run("applet", "bisect", "--json", *request)
    assert '"culprits"' in verdict.stdout


def test_a_request_that_is_no_applets_fault_is_told_so(bos):
    found = bos.run("applet", "bisect", "--", "GET", "/api/v1/nothing")
    assert found.stdout.startswith("It is no applet: the request fails (404 route_unknown)")
    assert bos.code("applet", "bisect", "--as", "nobody@acme.example", "GET", "/api/v1/nothing") == "user_not_there"


def test_what_safe_mode_is_meant_for_is_said_with_it(bos):
    assert "--safe-mode" in bos.run("serve", "--tenant", "acme", code=USAGE).output
