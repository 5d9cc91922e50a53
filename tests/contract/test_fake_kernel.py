"""The kernel in memory keeps the contract of the real one."""

from datetime import date
from pathlib import Path

import pytest

from sdk import Actor
from sdk.testing import FakeKernel
from tests.contract.kernel_contract import KernelContract
from tests.contract.kernel_world import DEPOT, WORKSHOP, refused


class FakeWorld:
    """The fake behind the contract's words."""

    def __init__(self):
        self.kernel = FakeKernel(today=date(2026, 3, 15))
        self.transaction = self.kernel.transaction
        self.install = self.kernel.enable
        self.disable = self.kernel.disable
        self.deliver_events = self.kernel.deliver_events

    def events(self):
        return self.kernel.events

    def dead_letters(self):
        return [(letter.subscriber, letter.attempts) for letter in self.kernel.dead_letters]


class TestFakeKernel(KernelContract):
    @pytest.fixture
    def world(self):
        return FakeWorld()


REAL = Path(__file__).resolve().parents[2] / "kernel" / "types"
COPY = Path(__file__).resolve().parents[2] / "sdk" / "testing" / "kernel_types"


def definitions(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*.json"))
        if "schemas" in path.parts
    }


def test_the_fake_has_the_kernels_own_document_types():
    assert definitions(COPY) == definitions(REAL)


@pytest.fixture
def kernel():
    fake = FakeKernel(WORKSHOP, DEPOT, today=date(2026, 3, 15))
    fake.add_company()
    return fake


ADA = Actor(id="ada", kind="user")


def test_an_actor_may_do_what_is_allowed_and_no_more(kernel):
    part = kernel.documents.create("workshop.part", {"code": "P1", "name": "One"})
    with kernel.context(ADA, allow={"workshop.*": ["read"]}) as ctx:
        assert ctx.documents.get("workshop.part", part.id)["code"] == "P1"
        assert ctx.registers.balance("workshop.stock")[0].resources == {"quantity": 0}
    for allow in ({"workshop.part": ["read"]}, {"workshop.order": ["*"]}, {}):
        with refused("permission_denied"), kernel.context(ADA, allow=allow) as ctx:
            ctx.documents.update("workshop.part", part.id, {"name": "Two"})


def test_a_hook_has_the_permissions_of_the_actor_unless_it_is_elevated(kernel):
    part = kernel.documents.create("workshop.part", {"code": "P1", "name": "One"})
    shelf = kernel.documents.create("depot.shelf", {"name": "A", "part": part.id})
    allow = {"depot.*": ["*"]}
    with refused("permission_denied"), kernel.context(ADA, allow=allow) as ctx:
        ctx.documents.perform("depot.shelf", shelf.id, "probe", {"what": "part"})
    with kernel.context(ADA, allow=allow) as ctx:
        probed = ctx.documents.perform("depot.shelf", shelf.id, "probe", {"what": "part elevated"})
    assert probed["found"] == "P1"


def test_reports_and_registers_are_permitted_by_name(kernel):
    with refused("permission_denied"), kernel.context(ADA, allow={"workshop.order": ["*"]}) as ctx:
        ctx.reports.run("workshop.orders_by_priority")
    with refused("permission_denied"), kernel.context(ADA, allow={"workshop.order": ["*"]}) as ctx:
        ctx.registers.balance("workshop.stock")


def test_code_of_an_applet_can_be_tried_without_a_hook(kernel):
    with refused("capability_missing"), kernel.transaction(applet="depot") as ctx:
        ctx.documents.query("workshop.order")
    with kernel.transaction(applet="workshop") as ctx:
        assert ctx.documents.query("workshop.order").items == ()
        assert ctx.settings["is_deaf"] is False


def test_settings_can_be_set_again(kernel):
    kernel.set_settings("workshop", is_deaf=True)
    kernel.set_settings("workshop", hours_max="2.00")
    assert kernel.settings_of("workshop")["is_deaf"] is True
    assert str(kernel.settings_of("workshop")["hours_max"]) == "2.00"


def test_an_applet_needs_what_it_requires():
    with refused("applet_missing"):
        FakeKernel(DEPOT)
    fake = FakeKernel(WORKSHOP)
    fake.enable(DEPOT)
    with refused("applet_required"):
        fake.disable("workshop")
    fake.disable("depot")
    fake.disable("workshop")
    assert [applet.name for applet in fake.catalogue.applets] == ["kernel"]
    assert fake.enable("workshop").name == "workshop"


def test_a_transaction_inside_a_transaction_is_refused(kernel):
    with pytest.raises(RuntimeError, match="one transaction at a time"), kernel.transaction():
        kernel.documents.query("workshop.part")


def test_a_swallowed_failure_cannot_be_committed(kernel):
    with pytest.raises(RuntimeError, match="swallowed"), kernel.transaction() as ctx, refused("title_forbidden"):
        ctx.documents.create("workshop.order", {"title": "regretted", "ordered_on": "2026-03-10"})
    assert kernel.documents.query("workshop.order").items == ()


def test_demo_data_are_the_same_for_the_same_seed(kernel):
    kernel.load_demo_data(seed=7)
    names = [part["code"] for part in kernel.documents.query("workshop.part", sort=["code"]).items]
    assert names == ["P7-1", "P7-2", "P7-3"]


def test_today_is_the_tests_to_set(kernel):
    kernel.today = date(2030, 2, 1)
    with kernel.transaction() as ctx:
        assert ctx.today == ctx.now.date() == date(2030, 2, 1)
