"""A tenant stays at a version as long as it is pinned there."""

import pytest

from kernel.transfer.caller import Caller
from registry.errors import AppletNotEnabled, AppletVersionUnknown
from registry.plans.apply import plan
from registry.plans.situation import PlanRequest
from registry.rollouts.pins import pin_applet, unpin_applet


@pytest.fixture
def tenant(shop):
    return shop.tenants[0]


def test_a_pin_is_recorded_and_changes_nothing_else(shop, tenant):
    before = shop.row(tenant)
    with shop.kernel.operate(tenant) as ctx:
        assert pin_applet(ctx, shop.releases, shop.name) == {
            "name": shop.name, "version": "1.0.0", "pinned_to": "1.0.0",
        }  # fmt: skip
    assert shop.row(tenant) == before.__class__(**{**vars(before), "pinned_to": "1.0.0"})
    with shop.kernel.operate(tenant) as ctx:
        pin_applet(ctx, shop.releases, shop.name)
        assert unpin_applet(ctx, shop.name)["pinned_to"] is None
    assert (shop.row(tenant), shop.moves(tenant)) == (before, ["pinned", "unpinned"])


def test_upgrading_everything_stops_at_the_pin(shop, tenant):
    def moves():
        return plan(Caller(shop.kernel, tenant), shop.releases, PlanRequest("upgrade", all_upgrades=True))["moves"]

    assert [move["to_version"] for move in moves() if move["applet"] == shop.name] == ["1.1.0"]
    with shop.kernel.operate(tenant) as ctx:
        pin_applet(ctx, shop.releases, shop.name)
    assert [move for move in moves() if move["applet"] == shop.name] == []


def test_what_is_not_there_cannot_be_pinned(shop, tenant):
    with shop.kernel.operate(tenant) as ctx:
        with pytest.raises(AppletVersionUnknown):
            pin_applet(ctx, shop.releases, shop.name, "9.0.0")
        with pytest.raises(AppletNotEnabled):
            pin_applet(ctx, shop.releases, "nothing")
        with pytest.raises(AppletNotEnabled):
            unpin_applet(ctx, "nothing")
