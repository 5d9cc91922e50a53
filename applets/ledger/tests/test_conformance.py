"""What every applet must keep to."""

from pathlib import Path

from sdk.testing import AppletConformance


def year(factory):
    """A year of its own for each document: no two of a company overlap."""
    day = 2000 + factory.count
    return {"starts_on": f"{day}-01-01", "ends_on": f"{day}-12-31"}


def period(factory):
    found = factory.create("ledger.fiscal_year")
    return {"fiscal_year": found.id, "starts_on": str(found["starts_on"]), "ends_on": str(found["ends_on"])}


def entry(factory):
    account = factory.create("ledger.account").id
    return {"lines": [{"account": account, "amount": "5"}, {"account": account, "amount": "-5"}]}


EXAMPLES = {
    "ledger.fiscal_year": year,
    "ledger.period": period,
    "ledger.journal_entry": entry,
    "ledger.exchange_rate": {"currency": "USD", "base": "EUR"},
}


class TestLedgerConformance(AppletConformance):
    folder = Path(__file__).parents[1]
    examples = EXAMPLES

    def test_amounts_have_a_scale(self):
        """Shares, yen and rates have as many digits as they have: postings check that there are at most ten."""
        unscaled = {
            f"{type.name}.{field.path}"
            for type in self.applet.types.values()
            for field in type.fields.values()
            if field.kind == "decimal" and field.scale is None
        }
        assert unscaled == {
            "ledger.exchange_rate.rate",
            "ledger.journal_entry.lines.amount",
            "ledger.journal_entry.lines.base_amount",
            "ledger.journal_entry.lines.cost.amount",
            "ledger.journal_entry.total",
        }
