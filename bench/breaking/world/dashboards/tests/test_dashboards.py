from decimal import Decimal

from sdk.roles import Role


def test_contracts_are_counted_by_channel(kernel, rental):
    rental.a_contract(kernel, channel="web")
    rental.a_contract(kernel, channel="web")
    rental.a_contract(kernel, channel="phone")
    rows = kernel.reports.run("dashboards.by_channel")
    assert sorted(row["contracts"] for row in rows if row["channel"]) == [1, 2]
    assert all(row["total"] > 0 for row in rows)


def test_earnings_are_told_by_the_items_name(kernel, rental):
    item = rental.an_item(kernel, caption="Crane")
    rental.an_earning(kernel, item)
    (row,) = kernel.reports.run("dashboards.earnings")
    assert (row["item"], row["days"]) == ("Crane", Decimal(5))
    assert row["earned"] > 0


def test_lines_are_listed(kernel, rental):
    rental.a_contract(kernel, {"units": 3}, {"units": 1}, ends_on="2026-01-31")
    rows = kernel.reports.run("dashboards.lines")
    assert [row["units"] for row in rows] == [1, 3]
    assert {str(row["due"]) for row in rows} == {"2026-01-31"}
    assert all(row["amount"] > 0 for row in rows)


def test_an_analyst_sees_what_a_viewer_sees_but_for_the_gold_ones(kernel):
    role: Role = kernel.catalogue.roles["dashboards.analyst"]
    assert all(name in kernel.catalogue.roles for name in role.inherits)
    contract = kernel.catalogue.types["rental.contract"]
    condition = next(permission.condition for permission in role.permissions if permission.condition)
    masked = {name for permission in role.permissions for name in permission.mask}
    assert {*masked, *condition.names} <= set(contract.fields)
    assert "gold" in contract.fields["tier"].schema["enum"]
