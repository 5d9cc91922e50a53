"""Unique values, links, deleting and restoring, companies."""

from sdk.identifiers import new_id
from tests.contract.kernel_world import Contract, refused, rules


class ReferenceContract(Contract):
    def test_a_unique_value_is_taken_once(self, workshop):
        self.part(workshop, "P1")
        with refused("unique_key_taken") as found:
            self.part(workshop, "P1")
        assert rules(found[0]) == {("/code", "unique")}
        other = self.part(workshop, "P2")
        with refused("unique_key_taken"):
            self.update(workshop, other, {"code": "P1"})

    def test_a_unique_value_is_free_again_once_given_up(self, workshop):
        first = self.part(workshop, "P1")
        self.update(workshop, first, {"code": "P2"})
        second = self.part(workshop, "P1")
        self.delete(workshop, second)
        assert self.part(workshop, "P1").version == 1
        with refused("unique_key_taken"), workshop.transaction() as ctx:
            ctx.documents.restore(second.type, second.id)

    def test_uniqueness_per_company_ends_at_the_company(self, workshop):
        self.order(workshop, reference="R1")
        other = self.company(workshop, "Forge")
        data = {"title": "Repair", "ordered_on": "2026-03-10", "reference": "R1"}
        self.create(workshop, "workshop.order", data, company_id=other.id)
        with refused("unique_key_taken"):
            self.create(workshop, "workshop.order", data, company_id=other.id)

    def test_a_link_needs_its_target(self, workshop):
        log = self.create(workshop, "workshop.log", {"text": "x"})
        for target in (new_id(), log.id):
            with refused("link_broken") as found:
                self.order(workshop, lines=[{"part": target, "quantity": "1"}])
            assert found[0].status == 422
        with refused("link_broken"):
            self.create(workshop, "workshop.log", {"text": "x", "about": new_id()})

    def test_a_link_to_any_type_takes_any(self, workshop):
        part = self.part(workshop)
        assert self.create(workshop, "workshop.log", {"text": "x", "about": part.id})["about"] == part.id

    def test_a_deleted_document_cannot_be_linked_to(self, workshop):
        part = self.part(workshop)
        self.delete(workshop, part)
        with refused("link_broken"):
            self.order_of(workshop, part)

    def test_a_linked_document_cannot_be_deleted(self, workshop):
        part = self.part(workshop)
        order = self.order_of(workshop, part)
        with refused("document_linked") as found:
            self.delete(workshop, part)
        assert found[0].details["links"] == [{"id": order.id, "type": "workshop.order", "field": "lines.part"}]

    def test_a_target_is_free_once_the_link_or_its_document_is_gone(self, workshop):
        one, two = self.part(workshop, "P1"), self.part(workshop, "P2")
        first, second = self.order_of(workshop, one), self.order_of(workshop, two)
        self.update(workshop, first, {"lines": []})
        self.delete(workshop, one)
        self.delete(workshop, second)
        self.delete(workshop, two)

    def test_a_restored_document_needs_its_targets_again(self, workshop):
        part = self.part(workshop)
        order = self.order_of(workshop, part)
        self.delete(workshop, order)
        self.delete(workshop, part)
        with refused("link_broken"), workshop.transaction() as ctx:
            ctx.documents.restore(order.type, order.id)
        with workshop.transaction() as ctx:
            ctx.documents.restore(part.type, part.id)
            assert ctx.documents.restore(order.type, order.id).version == 3

    def test_a_document_may_link_to_itself_and_still_be_deleted(self, workshop):
        part = self.part(workshop)
        self.update(workshop, part, {"replaces": part.id})
        self.delete(workshop, part)

    def test_a_deleted_document_is_gone_until_it_is_restored(self, workshop):
        part = self.part(workshop)
        self.delete(workshop, part)
        with refused("document_not_found"):
            self.get(workshop, part.type, part.id)
        with refused("document_deleted"):
            self.update(workshop, part, {"name": "x"})
        with workshop.transaction() as ctx:
            assert ctx.documents.query("workshop.part").items == ()
            restored = ctx.documents.restore(part.type, part.id)
        assert (restored.version, restored.deleted_at, restored["name"]) == (3, None, part["name"])

    def test_a_restored_document_is_saved_again_as_far_as_hooks_are_concerned(self, workshop):
        order = self.order(workshop, "with a log")
        with workshop.transaction() as ctx:
            log = ctx.documents.find("workshop.log", text="entered")
            ctx.documents.update(log.type, log.id, {"about": None})
        self.delete(workshop, order)
        with workshop.transaction() as ctx:
            ctx.documents.restore(order.type, order.id)
        assert self.logs(workshop) == ["entered", "entered"]

    def test_an_archived_document_is_read_linked_to_and_found_but_not_changed(self, workshop):
        part = self.stocked(workshop)
        with workshop.transaction() as ctx:
            archived = ctx.documents.archive(part.type, part.id)
            assert (archived.is_archived, archived.version) == (True, part.version + 1)
            assert ctx.documents.find(part.type, code="P1").is_archived
        self.order_of(workshop, part)
        with refused("document_archived"):
            self.update(workshop, part, {"name": "x"})
        with refused("document_archived"):
            self.perform(workshop, part, "receive", quantity="1", received_on="2026-03-01")

    def test_an_archived_document_comes_back_and_its_history_says_so(self, workshop):
        part = self.part(workshop)
        with workshop.transaction() as ctx:
            ctx.documents.archive(part.type, part.id, version=1)
            assert ctx.documents.archive(part.type, part.id).version == 2
            assert ctx.documents.unarchive(part.type, part.id).archived_at is None
        assert self.update(workshop, part, {"name": "x"}).version == 4
        types = [event.type for event in workshop.events() if event.aggregate_id == part.id]
        assert types == [f"workshop.part.{verb}" for verb in ("created", "archived", "unarchived", "updated")]

    def test_what_steers_the_tenant_is_not_archived(self, workshop):
        company = self.company(workshop, "Forge")
        with refused("document_not_archivable"), workshop.transaction() as ctx:
            ctx.documents.archive(company.type, company.id)

    def test_before_delete_may_veto(self, workshop):
        anvil = self.part(workshop, name="Anvil")
        with refused("anvil_kept"):
            self.delete(workshop, anvil)

    def test_a_type_that_needs_a_company_refuses_to_be_without(self, workshop):
        self.company(workshop, "Forge")
        with refused("company_required"):
            self.order(workshop)
        with refused("company_required"):
            data = {"title": "x", "ordered_on": "2026-03-10"}
            self.create(workshop, "workshop.order", data, company_id=new_id())

    def test_a_type_without_companies_belongs_to_none(self, workshop):
        assert self.create(workshop, "workshop.log", {"text": "x"}).company_id is None
        assert self.order(workshop).company_id is not None
