"""Retention rules as arithmetic: until when, from when, which of them holds."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kernel.privacy.rules import Rule, add_years, holds_of, kept_categories

CREATED = datetime(2020, 6, 30, 22, 30, tzinfo=UTC)


def rule(**values):
    given = {"title": "Rule", "document_type": "shop.bill", "years": 10, "action": "keep", "from_field": "day"}
    return Rule.of("1", {**given, **values})


def scope(**values):
    return {"created_at": CREATED, **values}


@pytest.mark.parametrize(
    ("day", "years", "wanted"),
    [
        (date(2016, 3, 1), 10, date(2026, 3, 1)),
        (date(2016, 2, 29), 10, date(2026, 2, 28)),
        (date(2016, 2, 29), 4, date(2020, 2, 29)),
        (date(2016, 3, 1), -10, date(2006, 3, 1)),
        (date(9999, 1, 1), 1, date.max),
    ],
)
def test_years_are_added_by_the_calendar(day, years, wanted):
    assert add_years(day, years) == wanted


@pytest.mark.parametrize(
    ("values", "fields", "wanted"),
    [
        ({}, {"day": date(2016, 3, 1)}, date(2026, 3, 1)),
        ({"end_of_year": True}, {"day": date(2016, 3, 1)}, date(2026, 12, 31)),
        ({}, {}, date(2030, 7, 1)),
        ({"from_field": "created_at"}, {}, date(2030, 7, 1)),
        ({"years": 0}, {"day": date(2016, 3, 1)}, date(2016, 3, 1)),
    ],
)
def test_a_document_is_kept_until_its_years_are_over_where_the_tenant_is(values, fields, wanted):
    assert rule(**values).until(scope(**fields), "Europe/Berlin") == wanted


@pytest.mark.parametrize("end_of_year", [False, True])
@pytest.mark.parametrize("years", [0, 1, 4, 10])
@pytest.mark.parametrize("today", [date(2026, 3, 1), date(2024, 2, 29), date(2025, 2, 28), date(2027, 1, 1)])
def test_the_last_day_that_is_over_is_the_very_last(years, today, end_of_year):
    asked = rule(years=years, end_of_year=end_of_year)
    last = asked.last_start(today)
    assert asked.until(scope(day=last), "UTC") < today
    assert asked.until(scope(day=last + timedelta(days=1)), "UTC") >= today


def test_only_rules_of_the_type_that_apply_and_are_not_over_hold():
    rules = [
        rule(title="other type", document_type="shop.order"),
        rule(title="other state", condition='state == "draft"'),
        rule(title="unknown", condition="amount > 1"),
        rule(title="over", years=1),
        rule(title="holds", condition='state == "posted"'),
    ]
    found = holds_of(
        rules, "shop.bill", scope(day=date(2020, 1, 1), state="posted", amount=None), date(2026, 1, 1), "UTC"
    )
    assert [hold.rule.title for hold in found] == ["holds"]
    assert found[0].until == date(2030, 1, 1)


def test_categories_add_up_and_none_means_all():
    every = frozenset({"name", "contact", "address"})
    today = date(2026, 1, 1)

    def kept(*rules):
        return kept_categories(holds_of(rules, "shop.bill", scope(day=today), today, "UTC"), every)

    assert kept() == frozenset()
    assert kept(rule(categories=["name"]), rule(categories=["address", "elsewhere"])) == {"name", "address"}
    assert kept(rule(categories=["name"]), rule()) == every
