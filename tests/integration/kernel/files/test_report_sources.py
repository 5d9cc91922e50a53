"""Reports over documents and their lines: paths over links, hostile values, faults of definitions by their place."""

from decimal import Decimal

import pytest

from kernel.documents import service as documents
from kernel.reports import service as reports
from kernel.reports.errors import ReportParametersInvalid, ReportUnusable
from kernel.reports.formats import as_json
from sdk.reports import Report
from sdk.schema import DocumentType
from tests.integration.kernel.books import open_books

TEXT = {"type": "string"}
AMOUNT = {"type": "string", "format": "decimal", "x-decimal": {"scale": 2}}
BIG = "999999999999999999999999.99"
HOSTILE = "'; DROP TABLE {t}.documents; -- %s %(x)s =cmd()"


def node(name, target):
    link = {"up": {"type": "string", "format": "uuid", "x-link": target}} if target else {}
    lines = {"type": "array", "items": {"type": "object", "properties": {"part": TEXT, "amount": AMOUNT}}}
    properties = {"name": TEXT, "amount": AMOUNT, "tags": {"type": "array", "items": TEXT}, "lines": lines, **link}
    return DocumentType.from_schema(
        f"tree.{name}", {"title": name, "type": "object", "properties": properties, "x-title": "name"}
    )


TYPES = [
    node("leaf", "tree.twig"), node("twig", "tree.branch"), node("branch", "tree.trunk"),
    node("trunk", "tree.root"), node("root", None),
]  # fmt: skip


def definition(name, columns, measures=None, **more):
    return {
        "name": f"tree.{name}",
        "title": name,
        "source": {"type": "tree.leaf"},
        "columns": columns,
        "measures": measures or {"count": {"count": True}},
        **more,
    }


REPORTS = [
    definition("near", {"name": {"value": "up.up.up.name"}}),
    definition("far", {"name": {"value": "up.up.up.up.name"}}),
    definition("list", {"tags": {}}),
    definition("nowhere", {"name": {"value": "up.nmae"}}),
    definition("unlinked", {"name": {"value": "name.first"}}),
    definition("words", {"name": {}}, {"total": {"sum": "name"}}),
    definition(
        "sums", {}, {"total": {"sum": "amount"}, "least": {"min": "amount"}, "half": {"calculate": "total / 0"}}
    ),
    definition("empty", {"name": {}}, {"total": {"sum": "amount"}}, filter="name == 'nobody'", totals=["total"]),
    definition(
        "chosen",
        {"name": {}},
        parameters={"name": {"type": "text", "filter": "name == param.name"}},
        sort=["-name"],
    ),
    definition("parts", {"part": {}}, {"total": {"sum": "amount"}}, source={"type": "tree.leaf", "each": "lines"}),
]


@pytest.fixture(scope="module")
def tree(empty_database):
    definitions = [Report.from_data(data) for data in REPORTS]
    with open_books(
        empty_database(),
        types={type.name: type for type in TYPES},
        reports={report.name: report for report in definitions},
    ) as books:
        with books.open() as ctx:
            plant(ctx)
            ctx.uow.commit()
        yield books


def plant(ctx):
    up = None
    for name in ("root", "trunk", "branch", "twig"):
        up = documents.create(ctx, f"tree.{name}", {"name": f"the {name}"} | ({"up": up} if up else {})).id
    lines = [{"part": "stem", "amount": "0.01"}, {"part": "stem", "amount": BIG}, {"part": "vein"}]
    documents.create(ctx, "tree.leaf", {"name": HOSTILE, "amount": BIG, "up": up, "lines": lines})
    documents.create(ctx, "tree.leaf", {"name": "b", "amount": "0.02", "lines": []})
    documents.create(ctx, "tree.leaf", {"amount": "-0.01"})


def run(tree, name, /, **parameters):
    return tree.ask(reports.run, f"tree.{name}", parameters)


def fault_of(tree, name):
    with pytest.raises(ReportUnusable) as refused:
        run(tree, name)
    assert refused.value.code == "report_unusable"
    return refused.value.violations[0]


def test_a_path_goes_over_three_links_and_shows_nothing_where_one_is_missing(tree):
    assert [(row["name"], row["count"]) for row in run(tree, "near").rows] == [("the trunk", 1), (None, 2)]


def test_a_path_over_four_links_is_refused(tree):
    fault = fault_of(tree, "far")
    assert (fault.pointer, "more than 3 links" in fault.message) == ("/columns/name/value", True)


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("list", "/columns/tags/value"),
        ("nowhere", "/columns/name/value"),
        ("unlinked", "/columns/name/value"),
        ("words", "/measures/total/sum"),
    ],
)
def test_what_a_report_cannot_show_is_told_with_its_place(tree, name, pointer):
    assert fault_of(tree, name).pointer == pointer


def test_sums_have_every_digit_and_dividing_by_nothing_is_nothing(tree):
    (row,) = run(tree, "sums").rows
    assert row == {"total": Decimal(BIG) + Decimal("0.01"), "least": Decimal("-0.01"), "half": None}
    assert as_json(run(tree, "sums"))["rows"][0]["values"]["total"] == "1000000000000000000000000.00"


def test_a_report_of_no_documents_has_no_rows_and_totals_of_zero(tree):
    result = run(tree, "empty")
    assert (result.rows, result.totals) == ([], {"total": Decimal(0)})


def test_a_hostile_parameter_is_a_value_like_any_other(tree):
    assert [row["name"] for row in run(tree, "chosen", name=HOSTILE).rows] == [HOSTILE]
    assert run(tree, "chosen", name="' or '1' == '1").rows == []
    assert [row["name"] for row in run(tree, "chosen").rows] == ["b", HOSTILE, None]


@pytest.mark.parametrize(
    "name", ["\0", "x" * 100_000, 5, ["b"], {"b": 1}], ids=["nul", "long", "number", "list", "object"]
)
def test_a_parameter_that_is_no_text_is_refused(tree, name):
    with pytest.raises(ReportParametersInvalid) as refused:
        run(tree, "chosen", name=name)
    assert [(fault.pointer, fault.rule) for fault in refused.value.violations] == [("/name", "type")]


def test_lines_are_summed_by_their_own_fields_and_documents_without_any_count_nothing(tree):
    found = [(row["part"], row["total"]) for row in run(tree, "parts").rows]
    assert found == [("stem", Decimal(BIG) + Decimal("0.01")), ("vein", Decimal(0))]
