"""What every applet must keep to."""

from pathlib import Path

from sdk.testing import AppletConformance

LINES = {"lines": [{"description": "Work", "unit_price": "10"}]}

EXAMPLES = {
    "receivables.invoice": LINES,
    "receivables.credit_note": LINES,
    "receivables.payment": {"amount": "10.00"},
    "receivables.tax_rate": {"percent": "19"},
}


class TestReceivablesConformance(AppletConformance):
    folder = Path(__file__).parents[1]
    examples = EXAMPLES
