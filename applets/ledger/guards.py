"""What must always hold in the books."""

from __future__ import annotations

from collections.abc import Iterator

from sdk import Context, Question, decimal_text, hooks

from .lookup import list_companies

POSTINGS = "ledger.postings"


@hooks.invariant
def postings_sum_to_zero(ctx: Context) -> Iterator[str]:
    """Debit equals credit in each company's books, whatever wrote into them."""
    for companies in list_companies(ctx):
        balances = ctx.registers.balances(*(Question(POSTINGS, company_id=company.id) for company in companies))
        for company, (balance,) in zip(companies, balances, strict=True):
            rest = balance.resources["base_amount"]
            if rest:
                yield f"the postings of company {company['name']} ({company.id}) sum to {decimal_text(rest)}, not to 0"
