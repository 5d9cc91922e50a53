"""What commands print, and where."""

import json
from datetime import date
from decimal import Decimal

import pytest

from kernel.cli.errors import NotConfirmed
from kernel.cli.terminal import Terminal, text_of
from kernel.settings import Settings
from sdk.document_errors import DocumentInvalid
from sdk.errors import Violation

ROWS = [{"name": "a\tb", "price": Decimal("1.50"), "extra": [1]}, {"name": None, "price": None}]


@pytest.fixture
def terminal():
    return Terminal(Settings())


@pytest.fixture
def machine():
    return Terminal(Settings(), is_json=True)


def test_rows_that_are_piped_stand_between_tabs(terminal, capsys):
    terminal.show_rows(ROWS, ("name", "price"))
    assert capsys.readouterr().out == "name\tprice\na b\t1.50\n\t\n"


def test_json_has_all_there_is(machine, capsys):
    machine.show_rows(ROWS, ("name",))
    assert json.loads(capsys.readouterr().out) == [
        {"name": "a\tb", "price": "1.5", "extra": [1]},
        {"name": None, "price": None},
    ]


def test_a_record_is_shown_field_by_field(terminal, capsys):
    terminal.show_record({"id": "1", "is_old": True, "lines": [{"a": 1}], "none": None})
    assert capsys.readouterr().out.splitlines() == ["id      1", "is_old  yes", 'lines   [{"a":1}]', "none    "]


def test_a_failure_is_told_with_every_violation_on_standard_error(terminal, capsys):
    terminal.tell(
        DocumentInvalid(type="test.thing", violations=[Violation("/a", "required", "a is missing", "a value")])
    )
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "Error: The test.thing breaks 1 rule(s). (document_invalid)",
        "  /a: a is missing [required]; expected a value",
    ]


def test_a_failure_is_json_where_that_was_asked_for(machine, capsys):
    machine.tell(DocumentInvalid(type="test.thing", violations=[Violation("/a", "required", "a is missing")]))
    assert json.loads(capsys.readouterr().err) == {
        "code": "document_invalid",
        "detail": "The test.thing breaks 1 rule(s).",
        "violations": [{"pointer": "/a", "rule": "required", "message": "a is missing"}],
    }


def test_hints_are_for_people(terminal, machine, capsys):
    terminal.say("hint")
    machine.say("hint")
    assert (capsys.readouterr().err) == "hint\n"


def test_nothing_is_destroyed_where_nobody_can_be_asked(terminal):
    with pytest.raises(NotConfirmed) as refused:
        terminal.confirm("Really?", False)
    assert refused.value.code == "not_confirmed"
    terminal.confirm("Really?", True)


def test_progress_is_silent_where_nobody_looks(terminal, capsys):
    with terminal.progress("Work", 3) as advance:
        advance(3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (False, "no"), (Decimal("1.50"), "1.50"), (date(2026, 1, 31), "2026-01-31")]
)
def test_values_are_plain_text(value, text):
    assert text_of(value) == text
