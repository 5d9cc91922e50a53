"""Registers: movements with their document, rules, balances, turnovers, reversals, reports."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sdk import Question
from tests.contract.kernel_world import Contract, refused


class RegisterContract(Contract):
    @pytest.fixture
    def used(self, workshop):
        """Ten parts received on 1 March, two of them at 4.00 used on the 10th: (part, order)."""
        part = self.stocked(workshop)
        return part, self.perform(workshop, self.order_of(workshop, part), "start")

    def amounts(self, world, **options):
        with world.transaction() as ctx:
            return {
                balance.dimensions["account"]: balance.resources["amount"]
                for balance in ctx.registers.balance("workshop.costs", group_by=["account"], **options)
            }

    def test_a_balance_is_the_sum_of_all_movements(self, workshop, used):
        assert self.in_stock(workshop) == Decimal(8)
        assert self.in_stock(workshop, where={"part": used[0].id}) == Decimal(8)
        assert self.in_stock(workshop, where={"part": ["x", "y"]}) == Decimal(0)

    def test_a_balance_is_as_of_a_day_or_an_instant(self, workshop, used):
        assert self.in_stock(workshop, at=date(2026, 2, 28)) == Decimal(0)
        assert self.in_stock(workshop, at=date(2026, 3, 9)) == Decimal(10)
        assert self.in_stock(workshop, at=date(2026, 3, 10)) == Decimal(8)
        assert self.in_stock(workshop, at=datetime(2026, 3, 9, 23, 59, tzinfo=UTC)) == Decimal(10)
        assert self.in_stock(workshop, at=datetime(2026, 3, 10, tzinfo=UTC)) == Decimal(8)

    def test_groups_come_in_order_and_without_zeros(self, workshop, used):
        assert self.amounts(workshop) == {"material": Decimal("8.00"), "stock": Decimal("-8.00")}
        assert list(self.amounts(workshop)) == ["material", "stock"]
        assert self.amounts(workshop, at=date(2026, 3, 9)) == {}

    def test_a_turnover_includes_both_ends(self, workshop, used):
        with workshop.transaction() as ctx:

            def turnover(since, until):
                return ctx.registers.turnover("workshop.stock", since=since, until=until)[0].resources["quantity"]

            assert turnover(date(2026, 3, 1), date(2026, 3, 10)) == Decimal(8)
            assert turnover(date(2026, 3, 2), date(2026, 3, 10)) == Decimal(-2)
            assert turnover(date(2026, 3, 1), date(2026, 3, 9)) == Decimal(10)
            assert turnover(None, None) == Decimal(8)

    def test_balances_are_kept_per_company(self, workshop, used):
        order = used[1]
        other = self.company(workshop, "Forge")
        assert self.amounts(workshop, company_id=order.company_id)["material"] == Decimal("8.00")
        assert self.amounts(workshop, company_id=other.id) == {}

    def test_several_questions_are_answered_at_once(self, workshop, used):
        part, order = used
        questions = (
            Question("workshop.stock", where={"part": part.id}),
            Question("workshop.costs", group_by=("account",), company_id=order.company_id),
            Question("workshop.stock", where={"part": part.id}, at=date(2026, 3, 9)),
            Question("workshop.costs", group_by=("account",), at=date(2026, 3, 9)),
        )
        with workshop.transaction() as ctx:
            stock, costs, before, none = ctx.registers.balances(*questions)
            assert ctx.registers.balances() == []
        assert [one.resources["quantity"] for one in (*stock, *before)] == [Decimal(8), Decimal(10)]
        assert {one.dimensions["account"]: one.resources["amount"] for one in costs} == {
            "material": Decimal("8.00"), "stock": Decimal("-8.00"),
        }  # fmt: skip
        assert [one.dimensions["account"] for one in costs] == ["material", "stock"]
        assert none == []

    def test_one_bad_question_refuses_all(self, workshop, used):
        with workshop.transaction() as ctx, refused("unknown_dimension"):
            ctx.registers.balances(Question("workshop.stock"), Question("workshop.stock", group_by=("colour",)))

    def test_debit_must_be_credit(self, workshop):
        order = self.order_of(workshop, self.stocked(workshop), title="unbalanced")
        with refused("register_unbalanced"):
            self.perform(workshop, order, "start")
        assert self.amounts(workshop) == {}
        assert self.in_stock(workshop) == Decimal(10)

    def test_a_balance_that_may_not_be_negative_is_held_per_key(self, workshop):
        first, second = self.stocked(workshop, "P1"), self.stocked(workshop, "P2")
        line = {"part": second.id, "quantity": "10.001"}
        order = self.order(workshop, lines=[{"part": first.id, "quantity": "1"}, line])
        with refused("balance_negative") as found:
            self.perform(workshop, order, "start")
        assert found[0].details["dimensions"] == {"part": second.id, "place": "shelf"}
        assert self.in_stock(workshop) == Decimal(20)

    def test_everything_may_be_taken(self, workshop):
        part = self.stocked(workshop)
        self.perform(workshop, self.order_of(workshop, part, "10"), "start")
        assert self.in_stock(workshop) == Decimal(0)

    def test_a_reversal_takes_back_what_the_document_did(self, workshop, used):
        self.perform(workshop, used[1], "cancel")
        assert self.in_stock(workshop) == Decimal(10)
        assert self.amounts(workshop) == {}
        assert self.in_stock(workshop, at=date(2026, 3, 10)) == Decimal(10)

    def test_a_movement_after_the_write_is_refused(self, workshop):
        with refused("movement_outside_write"):
            self.order(workshop, "too late")

    def test_a_movement_without_a_write_is_refused(self, workshop):
        part = self.part(workshop)
        with refused("movement_outside_write"), workshop.transaction() as ctx:
            resources = {"quantity": Decimal(1)}
            ctx.registers.record(part, "workshop.stock", occurred_at=ctx.today, dimensions={}, resources=resources)

    def test_a_question_about_an_unknown_dimension_is_refused(self, workshop):
        with refused("unknown_dimension"):
            self.in_stock(workshop, group_by=["colour"])
        with refused("register_unknown"), workshop.transaction() as ctx:
            ctx.registers.balance("workshop.stok")

    def test_a_report_over_a_register_opens_turns_over_and_closes(self, workshop, used):
        later = self.order_of(workshop, used[0], "1", "5.00", ordered_on="2026-04-02")
        self.perform(workshop, later, "start")
        with workshop.transaction() as ctx:
            parameters = {"since": date(2026, 4, 1), "until": date(2026, 4, 30)}
            rows = ctx.reports.run("workshop.parts_used", parameters)
        assert [dict(row) for row in rows] == [
            {
                "part": used[0].id, "code": "P1",
                "opening": Decimal("8.00"), "amount": Decimal("5.00"), "closing": Decimal("13.00"),
            }
        ]  # fmt: skip

    def test_a_report_over_documents_counts_and_sums(self, workshop):
        part = self.part(workshop)
        for price in ("1.00", "2.00"):
            self.order_of(workshop, part, "1", price, priority="high")
        self.order_of(workshop, part, "1", "9.00")
        with workshop.transaction() as ctx:
            rows = [dict(row) for row in ctx.reports.run("workshop.orders_by_priority")]
        assert rows == [
            {"priority": "normal", "orders": 1, "total": Decimal("9.00")},
            {"priority": "high", "orders": 2, "total": Decimal("3.00")},
        ]
