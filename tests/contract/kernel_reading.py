"""Reading several documents at once, holding one, acting upon one as it is created."""

import pytest

from sdk.identifiers import new_id
from tests.contract.kernel_world import Contract, refused

EMPTY = {"title": "Repair", "ordered_on": "2026-03-10"}


class ReadingContract(Contract):
    def test_documents_of_several_types_are_got_at_once_and_what_is_not_there_is_left_out(self, workshop):
        part, order = self.part(workshop), self.order(workshop)
        with workshop.transaction() as ctx:
            found = ctx.documents.get_many(
                {"workshop.part": [part.id, new_id(), "no id"], "workshop.order": [order.id, part.id]}
            )
        assert {id: document.type for id, document in found.items()} == {part.id: part.type, order.id: order.type}
        assert dict(found[part.id]) == dict(part)

    def test_a_deleted_document_is_not_got_with_others(self, workshop):
        part = self.part(workshop)
        with workshop.transaction() as ctx:
            ctx.documents.delete(part.type, part.id)
            assert ctx.documents.get_many({part.type: [part.id]}) == {}

    def test_all_documents_with_a_value_are_found_oldest_first(self, workshop):
        first, second = self.part(workshop, "P1", price="9.00"), self.part(workshop, "P2", price="9.00")
        self.part(workshop, "P3", price="10.00")
        with workshop.transaction() as ctx:
            assert [one.id for one in ctx.documents.find_all("workshop.part", price=first["price"])] == [
                first.id, second.id,
            ]  # fmt: skip
            assert list(ctx.documents.find_all("workshop.part", code="P9")) == []

    def test_a_document_is_held_for_all_who_need_it_as_it_is(self, workshop):
        part = self.part(workshop)
        with workshop.transaction() as ctx:
            assert ctx.documents.get(part.type, part.id, lock="shared").version == 1

    def test_a_company_that_was_changed_is_read_as_it_is_now(self, workshop):
        with workshop.transaction() as ctx:
            company = ctx.documents.query("kernel.company").items[0]
            ctx.documents.update("kernel.company", company.id, {"tax_id": "T 1"})
            assert ctx.documents.get("kernel.company", company.id)["tax_id"] == "T 1"
            found = ctx.documents.find("kernel.company", name=company["name"])
            assert found is not None
            assert found["tax_id"] == "T 1"
        with workshop.transaction() as ctx:
            assert ctx.documents.get("kernel.company", company.id)["tax_id"] == "T 1"

    def test_what_is_read_is_the_readers_own(self, workshop):
        with workshop.transaction() as ctx:
            company = ctx.documents.query("kernel.company").items[0]
            ctx.documents.get("kernel.company", company.id)["name"] = "Elsewhere"
            assert ctx.documents.get("kernel.company", company.id)["name"] == company["name"]


class ActingContract(Contract):
    def test_an_order_is_created_and_started_at_once_with_both_in_its_history(self, workshop):
        part = self.stocked(workshop)
        lines = [{"part": part.id, "quantity": "2", "price": "4.00"}]
        order = self.create(
            workshop, "workshop.order", {"title": "Repair", "ordered_on": "2026-03-10", "lines": lines}, perform="start"
        )
        assert (order.state, order.version, order.number) == ("started", 2, "WO-2026-0001")
        found = self.get(workshop, order.type, order.id)
        assert (found.state, found.version, found.number, dict(found)) == ("started", 2, order.number, dict(order))
        told = [(event.type, event.version) for event in workshop.events() if event.aggregate_id == order.id]
        assert told == [("workshop.order.created", 1), ("workshop.order.started", 2)]

    def test_an_action_that_is_refused_leaves_no_document_behind(self, workshop):
        with refused("guard_refused"):
            self.create(workshop, "workshop.order", EMPTY, perform="start")
        with workshop.transaction() as ctx:
            assert ctx.documents.query("workshop.order").items == ()

    def test_a_refusal_that_is_passed_over_commits_nothing(self, workshop):
        with pytest.raises(RuntimeError), workshop.transaction() as ctx, refused("guard_refused"):
            ctx.documents.create("workshop.order", EMPTY, perform="start")

    def test_numbers_have_no_gap_after_a_refusal(self, workshop):
        part = self.stocked(workshop, quantity="5")
        with refused("balance_negative"):
            self.perform(workshop, self.order_of(workshop, part, quantity="6"), "start")
        order = self.perform(workshop, self.order_of(workshop, part), "start")
        assert (order.number, self.get(workshop, order.type, order.id).number) == ("WO-2026-0001", "WO-2026-0001")

    def test_the_number_of_a_document_with_an_odd_reference_is_its_own(self, workshop):
        order = self.order_of(workshop, self.stocked(workshop), reference='5" \\ {x} %s')
        started = self.perform(workshop, order, "start")
        assert self.get(workshop, order.type, order.id)["reference"] == '5" \\ {x} %s'
        assert [event.payload.get("number") for event in workshop.events()][-1] == started.number
