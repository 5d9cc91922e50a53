"""Parameters of reports: read, cast, defaulted, and all faults at once."""

from datetime import date
from decimal import Decimal

import pytest

from kernel.reports.errors import ReportParametersInvalid
from kernel.reports.parameters import read_parameters, read_query
from sdk.identifiers import new_id
from sdk.reports import Report

TODAY = date(2026, 3, 20)


def report(**parameters):
    return Report.from_data(
        {
            "name": "shop.sales",
            "title": "Sales",
            "source": {"type": "shop.sale"},
            "parameters": parameters,
            "columns": {"day": {}},
            "measures": {"sales": {"count": True}},
        }
    )


@pytest.mark.parametrize(
    ("type", "given", "expected"),
    [
        ("date", "2026-01-31", date(2026, 1, 31)),
        ("date", date(2026, 1, 31), date(2026, 1, 31)),
        ("text", "=1+1", "=1+1"),
        ("decimal", "1250.00", Decimal("1250.00")),
        ("integer", 7, Decimal(7)),
        ("uuid", "0190B0A0-0000-7000-8000-00000000000A", "0190b0a0-0000-7000-8000-00000000000a"),
        ("boolean", "true", True),
        ("boolean", False, False),
        ("text", "", None),
        ("text", None, None),
    ],
)
def test_a_parameter_is_cast(type, given, expected):
    assert read_parameters(report(wanted={"type": type}), {"wanted": given}, TODAY)["wanted"] == expected


@pytest.mark.parametrize(
    ("type", "given"),
    [
        ("date", "31.01.2026"), ("date", "2026-02-30"), ("decimal", 0.5), ("decimal", "1,5"), ("decimal", "NaN"),
        ("integer", "1.5"), ("uuid", "42"), ("boolean", "yes"), ("text", 7), ("text", "x" * 1001), ("text", "a\0b"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_what_would(type, given):
    with pytest.raises(ReportParametersInvalid) as refused:
        read_parameters(report(wanted={"type": type}), {"wanted": given}, TODAY)
    (violation,) = refused.value.violations
    assert (violation.pointer, violation.rule) == ("/wanted", "type")
    assert violation.expected


def test_a_default_may_depend_on_the_day():
    given = report(since={"type": "date", "default": "start_of_month(today)"})
    assert read_parameters(given, {}, TODAY) == {"since": date(2026, 3, 1), "company_id": None}


def test_every_report_has_the_company_as_a_parameter():
    company = new_id()
    assert read_parameters(report(), {"company_id": company}, TODAY) == {"company_id": company}


def test_all_faults_are_told_at_once():
    given = report(day={"type": "date", "required": True}, color={"type": "text", "choices": ["red", "blue"]})
    with pytest.raises(ReportParametersInvalid) as refused:
        read_parameters(given, {"color": "green", "dya": "1"}, TODAY)
    found = {(v.pointer, v.rule, v.expected) for v in refused.value.violations}
    assert found == {
        ("/dya", "unknown_parameter", "day"),
        ("/day", "required", "a date"),
        ("/color", "enum", "red, blue"),
    }


def test_the_format_stands_beside_the_parameters():
    assert read_query("shop.sales", [("since", "2026-01-01"), ("format", "csv")]) == ({"since": "2026-01-01"}, "csv")
    assert read_query("shop.sales", []) == ({}, "json")
    with pytest.raises(ReportParametersInvalid):
        read_query("shop.sales", [("since", "1"), ("since", "2")])
