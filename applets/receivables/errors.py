"""What can be wrong with invoices, credit notes and payments."""

from sdk.errors import Conflict, Invalid, NotFound


class DueBeforeIssue(Invalid):
    """The due date {due_on} comes before the invoice's date {issued_on}."""


class LinePriceMissing(Invalid):
    """{count} line(s) have no price: give one, or a product that has a price in {currency}."""


class TaxRateUnfit(Invalid):
    """There is no tax rate of {percent} percent in this company."""


class TaxRateOfOtherCompany(Invalid):
    """The company has no tax rate {tax}."""


class LedgerAccountMissing(NotFound):
    """The company has no account {codes}: create it, or change the settings of receivables."""


class LedgerJournalMissing(NotFound):
    """The company has no journal {code}: create it, or change the settings of receivables."""


class ExchangeRateMissing(NotFound):
    """There is no exchange rate from {currency} to {base} on or before {on}."""


class EntryBelongsToDocument(Conflict):
    """The entry was made for {source}: cancel that instead."""


class InvoiceHasAllocations(Conflict):
    """{paid} of the invoice is paid or credited: cancel those payments and credit notes first."""


class CreditExceedsOutstanding(Conflict):
    """The credit note is over {total}, but only {outstanding} of the invoice is outstanding."""


class AllocationsExceedAmount(Invalid):
    """Allocations of {allocated} exceed the {available} there is to allocate."""


class AllocationDuplicate(Invalid):
    """The invoice {invoice} is allocated to twice."""


class AllocationExceedsOutstanding(Conflict):
    """{amount} is allocated to the invoice {invoice}, of which only {outstanding} is outstanding."""


class AllocationInvoiceUnfit(Conflict):
    """Nothing can be allocated to the invoice {invoice}: {reason}."""
