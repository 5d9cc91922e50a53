"""What every applet must keep to."""

from pathlib import Path

from sdk.testing import AppletConformance

EXAMPLES = {"approvals.request": lambda factory: {"document": factory.create("parties.customer").id}}


class TestApprovalsConformance(AppletConformance):
    folder = Path(__file__).parents[1]
    examples = EXAMPLES
