"""The kernel's own applet: its document types, and what its three roles may do."""

from pathlib import Path

import pytest

from kernel.permissions import Grant, compile_permissions
from sdk.applet import Applet
from sdk.document import Document
from sdk.schema import read_input
from tests.unit.kernel.permissions.cases import ME, ORDER, SCOPE, B, order

KERNEL = Applet.load(Path(__file__).resolve().parents[4] / "kernel" / "types")
NOTIFICATION = KERNEL.types["kernel.notification"]


def having(role):
    return compile_permissions(KERNEL.roles, [Grant("g", role)])


def test_the_kernel_brings_the_types_administrators_edit():
    assert {name: (t.collection, t.title_field, t.company) for name, t in KERNEL.types.items()} == {
        "kernel.company": ("companies", "name", "none"),
        "kernel.custom_field": ("custom_fields", "title", "none"),
        "kernel.erasure": ("erasures", None, "none"),
        "kernel.export_template": ("export-templates", "name", "none"),
        "kernel.grant": ("grants", None, "none"),
        "kernel.notification": ("notifications", "title", "none"),
        "kernel.retention_rule": ("retention_rules", "title", "none"),
        "kernel.role": ("roles", "title", "none"),
        "kernel.setting": ("settings", "applet", "none"),
        "kernel.stub": ("stubs", "title", "none"),
    }


@pytest.mark.parametrize("action", ["read", "create", "post", "delete"])
def test_an_administrator_may_do_everything(action):
    admin = having("kernel.admin")
    assert admin.filter(action, ORDER) is None
    admin.check_resource(action, "kernel.user")
    assert (admin.register("ledger.postings"), admin.report("ledger.trial_balance")) == (None, None)


def test_an_auditor_reads_and_runs_everything_and_changes_nothing():
    auditor = having("kernel.auditor")
    assert auditor.allows("read", ORDER, order(B), SCOPE)
    assert (auditor.register("ledger.postings"), auditor.report("ledger.trial_balance")) == (None, None)
    assert not any(auditor.allows(action, ORDER, order(), SCOPE) for action in ("create", "update", "delete", "post"))


def test_a_member_reads_companies_and_their_own_notifications():
    member = having("kernel.member")
    mine, other = (Document("n", NOTIFICATION.name, {"recipient": who, "title": "x"}) for who in (ME, "x"))
    assert member.filter("read", KERNEL.types["kernel.company"]) is None
    assert (member.allows("read", NOTIFICATION, mine, SCOPE), member.allows("read", NOTIFICATION, other, SCOPE)) == (
        True,
        False,
    )
    assert not member.allows("read", ORDER, order(), SCOPE)


def test_of_their_notification_a_member_sets_only_whether_it_was_read():
    member = having("kernel.member")
    mine = Document("n", NOTIFICATION.name, {"recipient": ME, "title": "x"})
    assert member.mask(NOTIFICATION, "update", mine, SCOPE) == NOTIFICATION.schema["properties"].keys() - {"read_at"}
    assert member.mask(NOTIFICATION, "read", mine, SCOPE) == frozenset()


@pytest.mark.parametrize(
    ("type", "data", "pointer"),
    [
        ("role", {"name": "sales.clerk", "title": "x"}, "/name"),
        ("grant", {"actor_id": ME}, "/role"),
        ("company", {"name": "Acme", "currency": "euro"}, "/currency"),
        ("setting", {"applet": "ledger"}, "/values"),
    ],
)
def test_the_schemas_refuse_what_makes_no_sense(type, data, pointer):
    _, violations = read_input(KERNEL.types[f"kernel.{type}"], data)
    assert pointer in {violation.pointer for violation in violations}
