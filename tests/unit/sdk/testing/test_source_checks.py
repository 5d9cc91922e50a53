"""What is read from an applet's code."""

import pytest

from sdk.testing.source_checks import Source


def source_of(folder, text, name="hooks"):
    (folder / f"{name}.py").write_text(text, "utf-8")
    return Source(folder)


@pytest.mark.parametrize(
    ("call", "capability"),
    [
        ('ctx.documents.get("shop.order", id)', ("documents", "read", "shop.order")),
        ('ctx.documents.find("shop.order", code=1)', ("documents", "read", "shop.order")),
        ('ctx.elevated.documents.create("shop.order", {})', ("documents", "write", "shop.order")),
        ('ctx.documents.perform("shop.order", id, "ship")', ("documents", "write", "shop.order")),
        ('ctx.registers.balance("shop.stock")', ("registers", "read", "shop.stock")),
        ('ctx.reports.run("shop.sales")', ("reports", "run", "shop.sales")),
        ("ctx.documents.get(ORDER, id)", ("documents", "read", "shop.order")),
        ("ctx.documents.get(names.ORDER, id)", ("documents", "read", "shop.order")),
    ],
)
def test_what_is_asked_of_the_context_is_found(tmp_path, call, capability):
    (use,) = source_of(tmp_path, f'ORDER = "shop.order"\n\n\ndef f(ctx, id):\n    {call}\n').uses()
    assert (use.resource, use.verb, use.name) == capability
    assert use.where == "hooks.py:5"


@pytest.mark.parametrize(
    "call", ["ctx.documents.get(type, id)", "data.get('a.b')", "ctx.events.emit('a.b.c', d)", "f()"]
)
def test_what_is_no_question_or_has_no_written_name_is_left_out(tmp_path, call):
    assert list(source_of(tmp_path, f"{call}\n").uses()) == []


@pytest.mark.parametrize("text", ["x = 0.1", "x = float(y)", "x = 1e3", "def f(x: float): ..."])
def test_floats_are_found(tmp_path, text):
    assert source_of(tmp_path, text).find_floats() == ["hooks.py:1 has a float"] * 1


@pytest.mark.parametrize("text", ['x = Decimal("0.1")', "x = 1", 'x = "1.5"'])
def test_exact_numbers_are_fine(tmp_path, text):
    assert source_of(tmp_path, text).find_floats() == []


@pytest.mark.parametrize(
    "text",
    [
        "import socket",
        "from urllib import request",
        "open('x')",
        "eval('1')",
        "import os; os.environ['X']",
        "p.write_text('x')",
        "print(1)",
    ],
)
def test_reaching_outside_is_found(tmp_path, text):
    assert len(source_of(tmp_path, text).find_outside()) == 1


@pytest.mark.parametrize("text", ["datetime.now(UTC)", "datetime.datetime.now()", "date.today()", "time.time()"])
def test_clocks_are_found(tmp_path, text):
    assert len(source_of(tmp_path, text).find_clocks()) == 1


def test_the_clock_of_the_context_is_fine(tmp_path):
    assert source_of(tmp_path, "x = ctx.now\ny = ctx.today\nz = datetime(2026, 1, 1)").find_clocks() == []


def test_imports_and_events_are_found_with_their_place(tmp_path):
    found = source_of(
        tmp_path, "from . import rules\nimport json\nfrom sdk.errors import Conflict\nctx.events.emit('a.b.c', d)\n"
    )
    assert list(found.imports()) == [("hooks.py:2", "json"), ("hooks.py:3", "sdk.errors")]
    assert list(found.emitted()) == [("hooks.py:4", "a.b.c")]


def test_tests_are_not_part_of_the_code(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("x = 0.1", "utf-8")
    assert source_of(tmp_path, "x = 1").find_floats() == []
