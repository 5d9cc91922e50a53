"""What every applet must keep to."""

from pathlib import Path

from sdk.testing import AppletConformance

EXAMPLES = {"parties.contact": lambda factory: {"customer": factory.create("parties.customer").id}}


class TestPartiesConformance(AppletConformance):
    folder = Path(__file__).parents[1]
    examples = EXAMPLES
