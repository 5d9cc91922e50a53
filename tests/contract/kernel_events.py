"""Events: written with their change, delivered once to each subscriber, repeated, given up."""

from sdk import Actor
from tests.contract.kernel_world import Contract, refused


class EventContract(Contract):
    def last(self, world, type):
        return [event for event in world.events() if event.type == type][-1]

    def test_every_change_is_an_event_with_its_difference(self, workshop):
        part = self.part(workshop, price="1.00")
        self.update(workshop, part, {"price": "2.00", "weight": "0.50"})
        event = self.last(workshop, "workshop.part.updated")
        assert (event.aggregate_type, event.aggregate_id, event.version) == ("workshop.part", part.id, 2)
        assert event.payload["diff"] == {"price": "2.00", "weight": "0.5"}
        created = self.last(workshop, "workshop.part.created")
        assert created.payload["diff"]["price"] == "1.00"

    def test_an_action_s_event_tells_state_number_and_arguments(self, workshop):
        order = self.order_of(workshop, self.stocked(workshop))
        order = self.perform(workshop, order, "start")
        self.perform(workshop, order, "finish", finished_on="2026-03-12", hours="1.50")
        started = self.last(workshop, "workshop.order.started")
        assert (started.payload["state"], started.payload["number"]) == ("started", "WO-2026-0001")
        finished = self.last(workshop, "workshop.order.finished")
        assert finished.payload["arguments"] == {"finished_on": "2026-03-12", "hours": "1.50"}
        assert finished.payload["diff"] == {"finished_on": "2026-03-12", "hours": "1.50"}

    def test_deleting_and_restoring_are_events_too(self, workshop):
        part = self.part(workshop)
        self.delete(workshop, part)
        with workshop.transaction() as ctx:
            ctx.documents.restore(part.type, part.id)
        found = [(event.type, event.version) for event in workshop.events() if event.aggregate_id == part.id]
        assert found == [("workshop.part.created", 1), ("workshop.part.deleted", 2), ("workshop.part.restored", 3)]

    def test_an_event_says_who_acted_and_belongs_to_a_story(self, workshop):
        ada = Actor(id="ada", kind="user")
        with workshop.transaction(ada) as ctx:
            ctx.documents.create("workshop.order", {"title": "with a log", "ordered_on": "2026-03-10"})
        order, log = self.last(workshop, "workshop.order.created"), self.last(workshop, "workshop.log.created")
        assert (order.actor, order.applet, log.actor, log.applet) == ("ada", None, "ada", "workshop")
        assert order.correlation_id == log.correlation_id

    def test_nothing_is_delivered_before_it_is_committed(self, workshop):
        with refused("title_forbidden"), workshop.transaction() as ctx:
            ctx.documents.create("workshop.part", {"code": "P1", "name": "Gone"})
            ctx.documents.create("workshop.order", {"title": "forbidden", "ordered_on": "2026-03-10"})
        workshop.deliver_events()
        assert self.logs(workshop) == []

    def test_a_subscriber_hears_once_of_what_matches_its_pattern(self, workshop):
        part = self.part(workshop)
        self.update(workshop, part, {"name": "New"})
        self.order(workshop)
        workshop.deliver_events()
        workshop.deliver_events()
        assert self.logs(workshop) == ["heard workshop.part.created 1", "heard workshop.part.updated 2"]

    def test_the_handler_acts_as_its_applet_in_the_same_story(self, workshop):
        order = self.perform(workshop, self.order_of(workshop, self.stocked(workshop)), "start")
        workshop.deliver_events()
        text = next(text for text in self.logs(workshop) if text.startswith("started"))
        assert text.endswith("logged by applet:workshop")
        cause = self.last(workshop, "workshop.order.started")
        effects = [event for event in workshop.events() if event.causation_id == cause.id]
        assert [(event.type, event.correlation_id) for event in effects] == [
            ("workshop.log.created", cause.correlation_id)
        ]
        assert cause.aggregate_id == order.id

    def test_an_emitted_event_reaches_its_subscribers_as_json(self, workshop):
        order = self.perform(workshop, self.order_of(workshop, self.stocked(workshop)), "start")
        self.perform(workshop, order, "finish", finished_on="2026-03-12", hours="1.50")
        workshop.deliver_events()
        assert "inspected, 1.50 h" in [text.replace("1.5 h", "1.50 h") for text in self.logs(workshop)]
        assert self.last(workshop, "workshop.order.inspected").payload["by"]

    def test_a_failing_handler_leaves_nothing_and_becomes_a_dead_letter(self, workshop):
        self.create(workshop, "kernel.setting", {"applet": "workshop", "values": {"is_deaf": True}})
        self.part(workshop)
        workshop.deliver_events()
        assert self.logs(workshop) == []
        assert list(workshop.dead_letters()) == [("workshop:listen", 10)]

    def test_a_dead_letter_does_not_hold_up_other_subscribers_or_later_events(self, workshop):
        self.create(workshop, "kernel.setting", {"applet": "workshop", "values": {"is_deaf": True}})
        part = self.stocked(workshop)
        self.perform(workshop, self.order_of(workshop, part), "start")
        workshop.deliver_events()
        assert [text.split(" by ")[0] for text in self.logs(workshop)] == ["started"]
        assert len(workshop.dead_letters()) == 2

    def test_an_event_of_another_applet_cannot_be_emitted(self, both):
        shelf = self.create(both, "depot.shelf", {"name": "A"})
        with refused("event_foreign"):
            self.perform(both, shelf, "probe", what="event")
