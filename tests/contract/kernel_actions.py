"""State machines: actions, guards, arguments, numbers, what a state allows."""

from datetime import date
from decimal import Decimal

import pytest

from tests.contract.kernel_world import Contract, refused, rules


class ActionContract(Contract):
    @pytest.fixture
    def started(self, workshop):
        return self.perform(workshop, self.order_of(workshop, self.stocked(workshop)), "start")

    def test_an_action_changes_the_state_and_the_version(self, workshop, started):
        found = self.get(workshop, started.type, started.id)
        assert (found.state, found.version) == ("started", 2) == (started.state, started.version)

    def test_an_action_without_a_target_keeps_the_state(self, workshop):
        order = self.perform(workshop, self.order(workshop), "remind")
        assert (order.state, order.version) == ("draft", 2)
        assert workshop.events()[-1].type == "workshop.order.reminded"

    def test_an_unknown_action_is_not_found(self, workshop):
        with refused("action_unknown"):
            self.perform(workshop, self.order(workshop), "stat")

    def test_a_type_without_a_state_machine_has_no_actions_and_no_state(self, workshop):
        log = self.create(workshop, "workshop.log", {"text": "x"})
        assert log.state is None
        assert self.update(workshop, log, {"text": "y"}).version == 2
        with refused("no_state_machine"):
            self.perform(workshop, log, "post")

    def test_an_action_is_refused_in_another_state(self, workshop, started):
        with refused("action_not_allowed"):
            self.perform(workshop, started, "start")

    def test_a_guard_refuses_in_its_own_words(self, workshop):
        with refused("guard_refused") as found:
            self.perform(workshop, self.order(workshop), "start")
        assert found[0].message == "An order without lines cannot be started."

    def test_a_guard_sees_the_arguments(self, workshop, started):
        with refused("guard_refused"):
            self.perform(workshop, started, "finish", finished_on="2026-03-09")

    def test_arguments_are_cast_and_reach_the_hooks(self, workshop, started):
        order = self.perform(workshop, started, "finish", finished_on="2026-03-12", hours="1.5")
        assert (order.state, order["finished_on"], order["hours"]) == ("finished", date(2026, 3, 12), Decimal("1.50"))

    def test_arguments_are_validated_all_at_once(self, workshop, started):
        with refused("document_invalid") as found:
            self.perform(workshop, started, "finish", hours="1.555", mood="good")
        expected = {("/finished_on", "required"), ("/hours", "decimal_scale"), ("/mood", "unknown_field")}
        assert rules(found[0]) == expected

    def test_an_action_without_arguments_takes_none(self, workshop):
        with refused("document_invalid") as found:
            self.perform(workshop, self.order(workshop), "remind", loudly=True)
        assert rules(found[0]) == {("/loudly", "unknown_argument")}

    def test_validate_action_may_veto_by_the_settings(self, workshop, started):
        with refused("hours_exceeded"):
            self.perform(workshop, started, "finish", finished_on="2026-03-12", hours="8.25")
        self.create(workshop, "kernel.setting", {"applet": "workshop", "values": {"hours_max": "9.00"}})
        assert self.perform(workshop, started, "finish", finished_on="2026-03-12", hours="8.25").state == "finished"

    def test_an_action_of_a_stale_version_is_refused(self, workshop, started):
        with refused("stale_version"), workshop.transaction() as ctx:
            ctx.documents.perform(started.type, started.id, "cancel", version=1)

    def test_the_state_decides_what_may_be_edited_and_deleted(self, workshop, started):
        with refused("document_not_editable"):
            self.update(workshop, started, {"title": "New"})
        with refused("document_not_deletable"):
            self.delete(workshop, started)
        cancelled = self.perform(workshop, started, "cancel")
        with refused("document_not_editable"):
            self.update(workshop, cancelled, {"title": "New"})
        self.delete(workshop, cancelled)

    def test_a_number_is_given_by_its_action_and_kept(self, workshop, started):
        assert started.number == "WO-2026-0001"
        assert self.perform(workshop, started, "cancel").number == "WO-2026-0001"
        assert self.get(workshop, started.type, started.id).number == "WO-2026-0001"

    def test_numbers_have_no_gaps_where_an_action_failed(self, workshop):
        part = self.stocked(workshop)
        with refused("register_unbalanced"):
            self.perform(workshop, self.order_of(workshop, part, title="unbalanced"), "start")
        assert self.perform(workshop, self.order_of(workshop, part), "start").number == "WO-2026-0001"

    def test_numbers_start_anew_with_the_year_and_the_company(self, workshop):
        part = self.stocked(workshop)
        first = self.perform(workshop, self.order_of(workshop, part), "start")
        line = {"part": part.id, "quantity": "1"}
        next_year = self.perform(workshop, self.order(workshop, ordered_on="2027-01-01", lines=[line]), "start")
        assert (first.number, next_year.number) == ("WO-2026-0001", "WO-2027-0001")

    def test_after_action_sees_the_new_state(self, workshop):
        self.perform(workshop, self.order(workshop), "cancel")
        assert self.logs(workshop) == ["cancelled cancelled"]

    def test_a_failed_action_leaves_no_trace(self, workshop):
        order = self.order_of(workshop, self.part(workshop))
        with refused("balance_negative"):
            self.perform(workshop, order, "start")
        found = self.get(workshop, order.type, order.id)
        assert (found.state, found.version, found.number) == ("draft", 1, None)
