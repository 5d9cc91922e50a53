"""docs/cli.md and the commands say the same, both ways; every command has help with an example."""

import inspect
import re
from pathlib import Path

import pytest
import typer

from kernel.cli.main import build_cli
from kernel.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"
SECTION = re.compile(r"^### `bos ([a-z -]+)`\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


def all_commands():
    found = {}

    def walk(command, path):
        children = getattr(command, "commands", None)
        if children is None:
            found[" ".join(path)] = command
        for name, child in (children or {}).items():
            walk(child, [*path, name])

    walk(typer.main.get_command(build_cli(Settings())), [])
    return found


COMMANDS = all_commands()


def described(parameter):
    return " ".join((parameter.help or "").split()).replace("|", "\\|")


def usage_of(parameter):
    if parameter.param_type_name == "argument":
        return parameter.name.upper()
    return ", ".join([*parameter.opts, *parameter.secondary_opts])


def rows_of(command):
    return [f"| `{usage_of(each)}` | {described(each)} |" for each in command.params]


def summary_of(command):
    return " ".join(inspect.cleandoc(command.help).split("\n\n")[0].split())


def section_of(name, command):
    """What the document must say of a command."""
    table = "\n".join(["| | |", "|---|---|", *rows_of(command)])
    return f"### `bos {name}`\n\n{summary_of(command)}\n\n" + (f"{table}\n" if command.params else "")


def documented():
    return dict(SECTION.findall(DOCUMENT.read_text(encoding="utf-8")))


def test_every_command_is_documented_and_nothing_else():
    assert documented().keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_document_says_of_a_command_what_its_help_says(name):
    body, command = documented()[name], COMMANDS[name]
    rows = re.findall(r"^\| `.*$", body, re.MULTILINE)
    assert rows == rows_of(command), "docs/cli.md should say:\n" + section_of(name, command)
    assert summary_of(command) in body, "docs/cli.md should say:\n" + section_of(name, command)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_how_it_is_used(name):
    assert re.search(
        rf"^ +(\S.* \| )?bos {name}\b", inspect.cleandoc(COMMANDS[name].help).replace("\n", "\n "), re.MULTILINE
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_says_what_it_is(name):
    assert [each.name for each in COMMANDS[name].params if not each.help] == []


def test_whatever_destroys_asks_and_can_be_rehearsed():
    destroying = [name for name in COMMANDS if name.rpartition(" ")[2] in ("drop", "delete", "disable")]
    assert destroying == [
        "tenant drop", "oauth client delete", "doc delete", "events drop", "index drop", "applet disable",
    ]  # fmt: skip
    for name in destroying:
        assert {"yes", "dry_run"} <= {each.name for each in COMMANDS[name].params}
