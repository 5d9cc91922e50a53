"""Lists: filters, sorting, pages, titles, find."""

from decimal import Decimal

import pytest

from sdk.errors import BosError
from tests.contract.kernel_world import Contract, refused


class QueryContract(Contract):
    def codes(self, workshop, *arguments, **options):
        with workshop.transaction() as ctx:
            return [part["code"] for part in ctx.documents.query("workshop.part", *arguments, **options).items]

    def test_a_filter_compares_by_kind(self, workshop):
        for code, price in (("P1", "9.00"), ("P2", "10.00"), ("P3", "100.00")):
            self.part(workshop, code, price=price)
        assert self.codes(workshop, "price > 9.5", sort=["code"]) == ["P2", "P3"]
        assert self.codes(workshop, "price == param.price", parameters={"price": Decimal("9")}) == ["P1"]
        assert self.codes(workshop, "code in ['P1', 'P3'] and price < 50") == ["P1"]

    def test_a_filter_names_system_values_and_dates(self, workshop):
        first, second = self.order(workshop), self.order(workshop, ordered_on="2026-05-01")
        with workshop.transaction() as ctx:
            found = ctx.documents.query("workshop.order", "ordered_on < '2026-04-01' and state == 'draft'")
            newest = ctx.documents.query("workshop.order", "id != param.id", parameters={"id": first.id})
        assert [order.id for order in found.items] == [first.id]
        assert [order.id for order in newest.items] == [second.id]

    def test_without_a_sort_the_newest_come_first(self, workshop):
        for number in range(3):
            self.part(workshop, f"P{number}")
        assert self.codes(workshop) == ["P2", "P1", "P0"]

    def test_sorting_puts_missing_values_last_and_first_when_turned(self, workshop):
        for code, weight in (("P1", "10"), ("P2", None), ("P3", "9.5")):
            self.part(workshop, code, weight=weight)
        assert self.codes(workshop, sort=["weight"]) == ["P3", "P1", "P2"]
        assert self.codes(workshop, sort=["-weight"]) == ["P2", "P1", "P3"]

    def test_pages_follow_each_other_without_gaps(self, workshop):
        for number in range(5):
            self.part(workshop, f"P{number}", price="1.00")
        seen, cursor = [], None
        with workshop.transaction() as ctx:
            for size in (2, 2, 1):
                page = ctx.documents.query("workshop.part", sort=["-price", "code"], limit=2, cursor=cursor)
                assert len(page.items) == size
                seen += [part["code"] for part in page.items]
                cursor = page.cursor
        assert (seen, cursor) == (["P0", "P1", "P2", "P3", "P4"], None)

    @pytest.mark.parametrize("limit", [0, 501])
    def test_a_page_has_bounds(self, workshop, limit):
        with refused("page_size_exceeded"):
            self.codes(workshop, limit=limit)

    def test_a_foreign_cursor_is_refused(self, workshop):
        self.part(workshop)
        with refused("cursor_invalid"):
            self.codes(workshop, cursor="!")

    def test_a_page_brings_the_titles_of_what_it_links_to(self, workshop):
        part = self.part(workshop)
        self.order_of(workshop, part)
        with workshop.transaction() as ctx:
            assert ctx.documents.query("workshop.order").titles == {part.id: part["name"]}

    def test_find_is_one_or_none_and_never_a_guess(self, workshop):
        part = self.part(workshop, "P1", price="1.00")
        self.part(workshop, "P2", price="1.00")
        with workshop.transaction() as ctx:
            assert ctx.documents.find("workshop.part", code="P1").id == part.id
            assert ctx.documents.find("workshop.part", code="P3") is None
        with refused("not_unambiguous"), workshop.transaction() as ctx:
            ctx.documents.find("workshop.part", price=Decimal("1.00"))

    def test_a_misspelt_filter_is_refused(self, workshop):
        self.part(workshop)
        with pytest.raises(BosError) as caught:
            self.codes(workshop, "colour == 'red'")
        assert caught.value.status == 422
        with refused("invalid_expression"):
            self.codes(workshop, "code = 'P1'")
