"""What can be wrong in the books."""

from sdk.errors import Conflict, Invalid, NotFound


class PostingsInvalid(Invalid):
    """The entry breaks {count} rule(s) of bookkeeping."""


class EntryUnbalanced(Conflict):
    """Debit and credit differ by {difference}: an entry is posted when they are equal."""


class AccountsRefusePostings(Conflict):
    """Some accounts take no such posting."""


class PeriodClosed(Conflict):
    """The period {period} is {state}; post into an open one."""


class PeriodMissing(Conflict):
    """There is no period for {posted_on}: create a fiscal year and open its periods."""


class ExchangeRateMissing(NotFound):
    """There is no exchange rate from {currency} to {base} on or before {on}."""


class ExchangeRateOfSame(Invalid):
    """The exchange rate of {currency} to itself is 1 and not written down."""


class AccountParentUnfit(Invalid):
    """The account {parent} cannot be the parent: {reason}."""


class AccountHasPostings(Conflict):
    """The account {code} has postings, so it cannot become a group or change its type."""


class CompanyHasPostings(Conflict):
    """The books of {company} are kept in {currency}: that stays its currency, as it has postings."""


class SpanReversed(Invalid):
    """{name} ends on {ends_on}, before it begins on {starts_on}."""


class FiscalYearTooLong(Invalid):
    """A fiscal year has at most {maximum} months."""


class FiscalYearOverlaps(Conflict):
    """The fiscal year {other} has some of these days already."""


class FiscalYearHasPeriods(Conflict):
    """The fiscal year {name} has periods already."""


class FiscalYearClosed(Conflict):
    """The fiscal year {name} is closed: reopen it first."""


class PeriodOverlaps(Conflict):
    """The period {other} has some of these days already."""


class PeriodOutsideFiscalYear(Invalid):
    """The period {name} leaves the fiscal year {fiscal_year}."""
