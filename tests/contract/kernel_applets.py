"""Applets together: order of hooks, capabilities, questions, settings, sequences, enabling and disabling."""

from decimal import Decimal

import pytest

from sdk.errors import BosError
from sdk.identifiers import new_id
from tests.contract.kernel_world import DEPOT, ORDERED_ON, WORKSHOP, Contract, refused


class AppletContract(Contract):
    def found(self, world, what, **fields):
        shelf = self.create(world, "depot.shelf", {"name": what, **fields})
        return self.perform(world, shelf, "probe", what=what)["found"]

    def test_hooks_are_called_in_order_of_dependency(self, both):
        assert self.part(both)["trace"] == "workshop, depot"

    def test_the_first_answer_to_a_question_wins(self, both):
        part = self.part(both, price="7.00")
        asked = {"quantity": Decimal(1), "on": ORDERED_ON, "currency": "EUR"}
        with both.transaction() as ctx:
            assert ctx.resolve("price", product_id=part.id, **asked) == Decimal("7.00")
            assert ctx.resolve("price", product_id=new_id(), **asked) == Decimal("0.01")

    def test_a_question_nobody_answers_is_none(self, workshop):
        with workshop.transaction() as ctx:
            assert ctx.resolve("exchange_rate", currency="USD", base="EUR", on=ORDERED_ON) is None
            assert ctx.resolve("exchange_rate", currency="EUR", base="EUR", on=ORDERED_ON) == Decimal(1)
            order = ctx.documents.create("workshop.order", {"title": "x", "ordered_on": "2026-03-10"})
            assert ctx.resolve("tax_rate", document=order, line={"part": "x"}) == Decimal(19)
        with refused("invalid_hooks"), workshop.transaction() as ctx:
            ctx.resolve("pirce")

    def test_an_applet_reads_what_its_capabilities_name(self, both):
        part = self.stocked(both)
        assert self.found(both, "part", part=part.id) == "P1"
        assert self.found(both, "part elevated", part=part.id) == "P1"
        assert self.found(both, "stock") == "10.000"

    @pytest.mark.parametrize("what", ["orders", "orders elevated", "rename", "costs"])
    def test_an_applet_is_refused_what_its_capabilities_do_not_name(self, both, what):
        part = self.part(both)
        shelf = self.create(both, "depot.shelf", {"name": "A", "part": part.id})
        with pytest.raises(BosError) as caught:
            self.perform(both, shelf, "probe", what=what)
        assert (caught.value.kind, caught.value.status) == ("Forbidden", 403)
        assert "found" not in self.get(both, shelf.type, shelf.id)

    def test_an_applet_records_in_its_own_registers_only(self, both):
        shelf = self.create(both, "depot.shelf", {"name": "A", "part": self.part(both).id})
        with refused("foreign_register"):
            self.perform(both, shelf, "probe", what="movement")

    def test_settings_are_the_tenants_over_the_defaults(self, workshop):
        self.create(workshop, "kernel.setting", {"applet": "workshop", "values": {"is_deaf": False}})
        started = self.perform(workshop, self.order_of(workshop, self.stocked(workshop)), "start")
        finished = self.perform(workshop, started, "finish", finished_on="2026-03-12", hours="8.00")
        assert finished["hours"] == Decimal("8.00")

    def test_a_sequence_counts_from_one_without_gaps(self, both):
        part = self.stocked(both)
        for _ in range(2):
            self.perform(both, self.order_of(both, part), "start")
        both.deliver_events()
        with both.transaction() as ctx:
            shelves = ctx.documents.query("depot.shelf", sort=["id"]).items
            logs = ctx.documents.query("workshop.log", "position != None", sort=["position"]).items
        assert [shelf["name"] for shelf in shelves] == ["order 1", "order 2"]
        assert [log["position"] for log in logs] == [1, 2]

    def test_a_type_is_numbered_when_created_unless_it_says_otherwise(self, both):
        numbers = [self.create(both, "depot.shelf", {"name": name}).number for name in "AB"]
        assert numbers == ["S1", "S2"]

    def test_an_applet_hears_of_being_enabled(self, world):
        world.install(WORKSHOP)
        with world.transaction() as ctx:
            assert [log["text"] for log in ctx.documents.query("workshop.log").items] == ["opened"]

    def test_an_applet_may_refuse_to_be_disabled(self, workshop):
        part = self.stocked(workshop)
        started = self.perform(workshop, self.order_of(workshop, part), "start")
        with refused("orders_running"):
            workshop.disable("workshop")
        assert self.perform(workshop, started, "cancel").state == "cancelled"

    def test_a_disabled_applet_keeps_its_documents_and_does_nothing(self, both):
        shelf = self.create(both, "depot.shelf", {"name": "A"})
        both.disable("depot")
        assert self.part(both)["trace"] == "workshop"
        with refused("document_type_unknown"):
            self.get(both, "depot.shelf", shelf.id)
        both.install(DEPOT)
        assert self.get(both, "depot.shelf", shelf.id)["name"] == "A"

    def test_events_for_a_disabled_applet_wait_for_it(self, both):
        part = self.stocked(both)
        self.perform(both, self.order_of(both, part), "start")
        both.disable("depot")
        both.deliver_events()
        both.install(DEPOT)
        both.deliver_events()
        with both.transaction() as ctx:
            assert [shelf["name"] for shelf in ctx.documents.query("depot.shelf").items] == ["order 1"]
