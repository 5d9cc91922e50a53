"""What every applet must keep to."""

from pathlib import Path

from sdk.testing import AppletConformance


class TestCatalogConformance(AppletConformance):
    folder = Path(__file__).parents[1]
