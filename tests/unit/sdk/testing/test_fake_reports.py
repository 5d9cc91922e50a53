"""Reports over the fake: listings, running balances, parameters, conditions. Figures worked out by hand."""

import json
import shutil
from datetime import date
from decimal import Decimal

import pytest

from sdk.testing import FakeKernel
from tests.contract.kernel_world import WORKSHOP, refused

MOVES = {
    "source": {"register": "workshop.stock", "documents": "workshop.part"},
    "shape": "listing",
    "parameters": {
        "since": {"type": "date"},
        "until": {"type": "date", "default": "today"},
        "part": {"type": "uuid", "link": "workshop.part", "filter": "part == param.part"},
    },
    "since": "param.since",
    "until": "param.until",
    "columns": {
        "code": {"value": "part.code", "hidden": True},
        "date": {"value": "occurred_at", "type": "instant"},
        "kind": {"value": "document.type"},
    },
    "measures": {
        "came": {"debit": "quantity"},
        "went": {"credit": "quantity"},
        "left": {"running": "quantity"},
    },
    "sections": [{"by": "code"}],
}
VALUES = {
    "source": {"type": "workshop.order", "each": "lines"},
    "columns": {"code": {"value": "part.code"}, "priority": {"value": "document.priority"}},
    "measures": {
        "lines": {"count": True},
        "dear": {"sum": "amount", "when": "price > 5"},
        "least": {"min": "price"},
        "mean": {"avg": "price", "scale": 2},
        "share": {"calculate": "dear / lines", "scale": 1},
    },
    "having": "lines > 0",
    "sort": ["code", "-priority"],
    "limit": 10,
}


@pytest.fixture
def kernel(tmp_path):
    folder = tmp_path / "workshop"
    shutil.copytree(WORKSHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, report in (("moves", MOVES), ("line_values", VALUES)):
        data = {"name": f"workshop.{name}", "title": name, **report}
        (folder / "reports" / f"{name}.json").write_text(json.dumps(data), "utf-8")
    fake = FakeKernel(folder, today=date(2026, 3, 31))
    fake.add_company()
    return fake


@pytest.fixture
def parts(kernel):
    """P1 and P2, ten of each on 1 March."""
    made = [kernel.documents.create("workshop.part", {"code": code, "name": code}) for code in ("P1", "P2")]
    for part in made:
        arguments = {"quantity": "10", "received_on": "2026-03-01"}
        kernel.documents.perform("workshop.part", part.id, "receive", arguments)
    return made


def order(kernel, day, *lines, **fields):
    rows = [{"part": part.id, "quantity": quantity, "price": price} for part, quantity, price in lines]
    data = {"title": "Repair", "ordered_on": day, "lines": rows, **fields}
    made = kernel.documents.create("workshop.order", data)
    return kernel.documents.perform("workshop.order", made.id, "start")


def test_a_running_balance_begins_anew_in_each_section(kernel, parts):
    order(kernel, "2026-03-10", (parts[0], "2", "1.00"), (parts[1], "3", "1.00"))
    order(kernel, "2026-03-20", (parts[0], "4", "1.00"))
    rows = kernel.reports.run("workshop.moves")
    found = [(row["code"], row["came"], row["went"], row["left"]) for row in rows if row["code"] == "P1"]
    assert found == [
        ("P1", Decimal(10), None, Decimal(10)),
        ("P1", None, Decimal(2), Decimal(8)),
        ("P1", None, Decimal(4), Decimal(4)),
    ]
    assert [row["left"] for row in rows if row["code"] == "P2"] == [Decimal(10), Decimal(7)]
    assert rows[0]["kind"] == "workshop.part"


def test_what_was_before_counts_but_is_not_listed(kernel, parts):
    order(kernel, "2026-03-10", (parts[0], "2", "1.00"))
    rows = kernel.reports.run("workshop.moves", {"since": "2026-03-02", "part": parts[0].id})
    assert [(row["went"], row["left"]) for row in rows] == [(Decimal(2), Decimal(8))]
    assert kernel.reports.run("workshop.moves", {"until": date(2026, 2, 28)}) == []


def test_lines_are_grouped_and_measured_on_conditions(kernel, parts):
    order(kernel, "2026-03-10", (parts[0], "1", "4.00"), (parts[0], "2", "6.00"))
    order(kernel, "2026-03-11", (parts[0], "1", "7.00"), (parts[1], "1", "1.00"), priority="low")
    rows = kernel.reports.run("workshop.line_values")
    assert [(row["code"], row["priority"]) for row in rows] == [("P1", "normal"), ("P1", "low"), ("P2", "low")]
    first = rows[0]
    assert (first["lines"], first["dear"], first["least"], first["mean"]) == (
        2,
        Decimal("12.00"),
        Decimal("4.00"),
        Decimal("5.00"),
    )
    assert str(first["share"]) == "6.0"
    assert rows[2]["dear"] == 0


@pytest.mark.parametrize(
    ("parameters", "pointer"), [({"sincee": "2026-01-01"}, "/sincee"), ({"since": "yesterday"}, "/since")]
)
def test_parameters_are_checked(kernel, parameters, pointer):
    with refused("report_parameters_invalid") as found:
        kernel.reports.run("workshop.moves", parameters)
    assert [violation.pointer for violation in found[0].violations] == [pointer]


def test_a_report_is_for_one_company_when_asked(kernel, parts):
    company = kernel.company_ids()[0]
    assert len(kernel.reports.run("workshop.moves", {"company_id": company})) == 2
    assert kernel.reports.run("workshop.moves", {"company_id": parts[0].id}) == []
