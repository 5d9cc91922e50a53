"""Documents: casts, validation, computed fields, patches, versions, hooks, transactions."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sdk.identifiers import new_id
from tests.contract.kernel_world import Contract, refused, rules


class DocumentContract(Contract):
    def test_values_of_a_created_document_are_python_values(self, workshop):
        part = self.part(workshop)
        line = {"part": part.id, "quantity": 2, "price": "3.5"}
        order = self.order(workshop, due_at="2026-03-11T12:00:00+02:00", lines=[line])
        found = self.get(workshop, "workshop.order", order.id)
        assert found["ordered_on"] == date(2026, 3, 10)
        assert found["due_at"] == datetime(2026, 3, 11, 10, tzinfo=UTC)
        assert found["lines"][0]["quantity"] == Decimal(2)
        assert str(found["lines"][0]["price"]) == "3.50"

    def test_what_create_answers_is_what_get_finds(self, workshop):
        order = self.order(workshop, "unrounded", address={"city": "Ulm", "floor": 2})
        found = self.get(workshop, "workshop.order", order.id)
        assert dict(order) == dict(found)
        assert str(found["hours"]) == "1.01"

    def test_a_new_document_has_its_system_values(self, workshop):
        order = self.order(workshop)
        assert (order.version, order.state, order.number) == (1, "draft", None)
        assert (order.created_by, order.updated_by) == (order["entered_by"], order["entered_by"])
        assert order.created_at == order.updated_at is not None
        assert order.deleted_at is None

    def test_defaults_are_filled_in(self, workshop):
        assert self.order(workshop)["priority"] == "normal"
        assert self.part(workshop)["price"] == Decimal("0.00")

    def test_every_fault_is_told_at_once(self, workshop):
        data = {
            "ordered_on": "2026-02-30", "currency": "euro", "contact": "nobody", "priority": "urgent", "colour": "red",
            "due_at": "2026-03-11T12:00:00", "lines": [{"quantity": "1.2345"}], "address": {"floor": 1000},
        }  # fmt: skip
        with refused("document_invalid") as found:
            self.create(workshop, "workshop.order", data)
        assert rules(found[0]) == {
            ("/title", "required"), ("/ordered_on", "date"), ("/currency", "currency"), ("/contact", "email"),
            ("/priority", "enum"), ("/colour", "unknown_field"), ("/due_at", "date-time"),
            ("/lines/0/part", "required"), ("/lines/0/quantity", "decimal_scale"), ("/address/floor", "maximum"),
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("value", "rule"),
        [
            (1.5, "decimal_text"),
            ("1e3", "decimal_text"),
            (True, "decimal_text"),
            ("1.005", "decimal_scale"),
            ("-1", "decimal_min"),
        ],
    )
    def test_an_inexact_price_is_refused(self, workshop, value, rule):
        with refused("document_invalid") as found:
            self.part(workshop, price=value)
        assert rules(found[0]) == {("/price", rule)}

    def test_a_misspelt_field_is_answered_with_the_nearest_one(self, workshop):
        with refused("document_invalid") as found:
            self.part(workshop, wieght="1")
        assert [violation.expected for violation in found[0].violations] == ["weight"]

    def test_an_unknown_type_is_not_found(self, workshop):
        with refused("document_type_unknown"):
            self.create(workshop, "workshop.prat", {})

    def test_a_read_only_field_is_not_the_callers_to_set(self, workshop):
        with refused("document_invalid") as found:
            self.order(workshop, entered_by="me", total="5.00")
        assert rules(found[0]) == {("/entered_by", "read_only"), ("/total", "read_only")}

    def test_a_read_only_field_may_be_sent_back_as_it_is(self, workshop):
        order = self.order(workshop)
        changed = self.update(workshop, order, {"title": "New", "entered_by": order["entered_by"]})
        assert changed["title"] == "New"

    def test_computed_fields_follow_their_sources_in_lines_and_above(self, workshop):
        part = self.part(workshop)
        order = self.order_of(workshop, part, "3", "2.50")
        assert (order["lines"][0]["amount"], order["total"]) == (Decimal("7.50"), Decimal("7.50"))
        line = {"part": part.id, "quantity": "0.333", "price": "1.00"}
        changed = self.update(workshop, order, {"lines": [line, line]})
        assert [line["amount"] for line in changed["lines"]] == [Decimal("0.33"), Decimal("0.33")]
        assert changed["total"] == Decimal("0.66")

    def test_a_document_is_found_by_its_id_and_type_only(self, workshop):
        part = self.part(workshop)
        for type, id in (("workshop.part", new_id()), ("workshop.log", part.id), ("workshop.part", "no id")):
            with refused("document_not_found"):
                self.get(workshop, type, id)

    def test_a_merge_patch_removes_merges_and_replaces(self, workshop):
        order = self.order(workshop, contact="a@example.org", address={"city": "Ulm", "floor": 2})
        changed = self.update(workshop, order, {"contact": None, "address": {"floor": 3}})
        assert "contact" not in changed
        assert changed["address"] == {"city": "Ulm", "floor": 3}
        assert changed.version == 2

    def test_an_update_that_changes_nothing_writes_nothing(self, workshop):
        part = self.part(workshop)
        count = len(workshop.events())
        assert self.update(workshop, part, {"name": part["name"]}).version == 1
        assert len(workshop.events()) == count

    def test_a_change_of_a_stale_version_is_refused(self, workshop):
        part = self.part(workshop)
        self.update(workshop, part, {"name": "Once"}, version=1)
        with refused("stale_version") as found:
            self.update(workshop, part, {"name": "Twice"}, version=1)
        assert found[0].status == 412
        assert self.get(workshop, part.type, part.id)["name"] == "Once"

    def test_a_hook_may_veto(self, workshop):
        with refused("title_forbidden"):
            self.order(workshop, "forbidden")
        order = self.order(workshop)
        with refused("title_forbidden"):
            self.update(workshop, order, {"title": "forbidden"})
        assert self.get(workshop, order.type, order.id).version == 1

    def test_a_crashing_hook_is_told_by_its_name(self, workshop):
        with refused("hook_failed") as found:
            self.order(workshop, "crash")
        assert found[0].details["applet"] == "workshop"
        assert found[0].details["hook"] == "before_save"

    def test_what_a_hook_sets_is_validated_too(self, workshop):
        with refused("document_invalid") as found:
            self.order(workshop, "binary")
        assert {pointer for pointer, _ in rules(found[0])} == {"/hours"}

    def test_validate_document_sees_the_finished_document(self, workshop):
        with refused("due_too_early"):
            self.order(workshop, due_at="2026-03-09T12:00:00Z")

    def test_after_save_works_in_the_same_transaction(self, workshop):
        order = self.order(workshop, "with a log")
        assert self.logs(workshop) == ["entered"]
        with workshop.transaction() as ctx:
            assert ctx.documents.find("workshop.log", text="entered")["about"] == order.id

    def test_an_error_after_the_write_takes_everything_back(self, workshop):
        with refused("title_forbidden"):
            self.order(workshop, "regretted")
        with workshop.transaction() as ctx:
            assert ctx.documents.query("workshop.order").items == ()
        assert self.logs(workshop) == []
        assert "workshop.order.created" not in [event.type for event in workshop.events()]

    def test_a_failed_transaction_takes_back_what_went_well_before(self, workshop):
        with refused("title_forbidden"), workshop.transaction() as ctx:
            part = ctx.documents.create("workshop.part", {"code": "P9", "name": "Gone"})
            ctx.documents.create("workshop.order", {"title": "forbidden", "ordered_on": "2026-03-10"})
        with refused("document_not_found"):
            self.get(workshop, "workshop.part", part.id)

    def test_a_transaction_sees_its_own_writes(self, workshop):
        with workshop.transaction() as ctx:
            part = ctx.documents.create("workshop.part", {"code": "P1", "name": "One"})
            ctx.documents.update("workshop.part", part.id, {"name": "Two"})
            assert ctx.documents.get("workshop.part", part.id)["name"] == "Two"
            assert ctx.documents.find("workshop.part", code="P1").version == 2
