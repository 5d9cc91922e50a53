"""What the roles of the applets may, as far as their definitions say it."""

from pathlib import Path

import pytest

from sdk.applet import Applet

APPLETS = Path(__file__).parents[2]


def permissions_of(role):
    """(type, action) of a role and all it inherits, from whichever applet."""
    roles = {name: found for folder in ("parties", "catalog", "receivables") for name, found in _roles(folder).items()}
    waiting, allowed = [role], set()
    while waiting:
        found = roles[waiting.pop()]
        waiting += found.inherits
        allowed |= {(one.resource, action) for one in found.permissions for action in one.actions}
    return allowed


def _roles(name):
    return Applet.load(APPLETS / name).roles


def test_a_clerk_writes_and_posts_but_cancels_nothing():
    allowed = permissions_of("receivables.clerk")
    assert {("receivables.invoice", "post"), ("receivables.payment", "allocate"), ("parties.*", "read")} <= allowed
    assert not {action for _, action in allowed} & {"cancel", "settle", "*"}
    assert ("receivables.credit_note", "post") not in allowed


def test_a_manager_may_all_a_clerk_may_and_cancel():
    manager, clerk = permissions_of("receivables.manager"), permissions_of("receivables.clerk")
    assert clerk < manager
    assert {("receivables.invoice", "cancel"), ("receivables.credit_note", "post"), ("parties.*", "create")} <= manager


def test_a_viewer_changes_nothing():
    assert {action for _, action in permissions_of("receivables.viewer")} == {"read", "run"}


@pytest.mark.parametrize(
    ("role", "action"),
    [("ledger.bookkeeper", "post"), ("ledger.accountant", "reverse"), ("ledger.controller", "*")],
)
def test_each_role_of_the_ledger_adds_to_the_one_before(role, action):
    order = ["ledger.viewer", "ledger.bookkeeper", "ledger.accountant", "ledger.controller"]
    roles = _roles("ledger")
    before = roles[order[order.index(role) - 1]]
    own = {one for permission in roles[role].permissions for one in permission.actions}
    assert roles[role].inherits == (before.name,)
    assert action in own
    assert action not in {one for permission in before.permissions for one in permission.actions}
