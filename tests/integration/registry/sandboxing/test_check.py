"""`bos applet check` at the command line: the same policy as where the applet will run."""

import json

import pytest
from typer.testing import CliRunner

from kernel.cli.main import build_cli
from kernel.cli.terminal import Terminal
from kernel.settings import Settings
from tests.integration.registry.conftest import write_applet
from tests.integration.registry.sandboxing.conftest import HOOKS, write_shop

CLEAN, FAULTY = 0, 1


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """A function that checks a folder; there is no database."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    cli, runner = build_cli(settings), CliRunner()

    def check(folder, *words, code=CLEAN):
        result = runner.invoke(cli, ["applet", "check", str(folder), *words], obj=Terminal(settings))
        assert result.exit_code == code, (result.output, result.exception)
        return json.loads(result.stdout) if "--json" in words else result.stdout

    return check


def test_an_applet_that_fits_has_no_faults(check, tmp_path):
    told = check(write_shop(tmp_path / "shop"), "--json")
    assert told == {"applet": "shop", "version": "1.0.0", "sandboxed": True, "violations": []}


def test_each_line_the_policy_refuses_is_told_with_a_way_out(check, tmp_path):
    folder = write_shop(tmp_path / "shop", hooks="import os\n" + HOOKS.replace("{}[", "{}.__class__["))
    (folder / "rules.py").write_text("def total_of(lines):\n    return eval('lines')\n")
    found = check(folder, "--json", code=FAULTY)["violations"]
    line = ("import os\n" + HOOKS).split("\n").index('        document["total"] = {}["missing"]') + 1
    assert [(each["file"], each["line"], each["rule"]) for each in found] == [
        ("hooks.py", 1, "module_missing"),
        ("hooks.py", line, "dunder_attribute"),
        ("rules.py", 2, "builtin_missing"),
    ]
    assert [each["fix"] for each in found][1:] == ["type(value)", "functions, or json.loads for data"]
    shown = check(folder, code=FAULTY)
    assert "rules.py\t2\tbuiltin_missing\teval is not available\tfunctions, or json.loads for data" in shown


def test_code_that_does_not_load_is_a_fault_and_runs_in_a_worker_only(check, tmp_path):
    hooks = HOOKS + "\nprint(1 / 0)\n"
    (fault,) = check(write_shop(tmp_path / "shop", hooks=hooks), "--json", code=FAULTY)["violations"]
    assert fault["rule"] == "load_failed"
    assert "ZeroDivisionError" in fault["message"]


def test_definitions_are_checked_too(check, tmp_path):
    folder = write_shop(tmp_path / "shop")
    (folder / "schemas" / "note.json").write_text('{"type": "object"')
    (fault,) = check(folder, "--json", code=FAULTY)["violations"]
    assert (fault["file"], fault["line"]) == ("schemas/note.json", None)


def test_a_trusted_applet_can_be_tried_as_a_stranger(check, tmp_path):
    folder = write_applet(tmp_path / "memo", "memo", hooks="import os\n")
    assert check(folder, "--json")["sandboxed"] is False
    (fault,) = check(folder, "--sandboxed", "--json", code=FAULTY)["violations"]
    assert (fault["file"], fault["line"], fault["rule"]) == ("hooks.py", 1, "module_missing")
