"""The applets of the contract conform, but for what the depot does wrong on purpose."""

import pytest

from sdk.testing import AppletConformance
from tests.contract.kernel_world import DEPOT, WORKSHOP


class TestWorkshop(AppletConformance):
    folder = WORKSHOP


class TestDepot(AppletConformance):
    folder = DEPOT

    def test_what_is_used_of_others_is_declared(self):
        with pytest.raises(AssertionError, match=r"registers:read:workshop[.]costs"):
            super().test_what_is_used_of_others_is_declared()

    def test_only_own_events_are_emitted(self):
        with pytest.raises(AssertionError, match=r"workshop[.]part[.]stolen"):
            super().test_only_own_events_are_emitted()
