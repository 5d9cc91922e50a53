"""Documents are what their events say, at every version, however they are changed, restored, defined and given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kernel.context import KernelContext
from kernel.documents.history import as_of, at_revision
from kernel.documents.listing import ListRequest, list_rows
from kernel.documents.reversion import restore_revision
from kernel.documents.rows import Row, read_row
from kernel.documents.verification import verify
from kernel.events.horizon import Horizon
from kernel.search.refresh import Refresher
from kernel.search.service import SearchRequest, search
from sdk.document_errors import DocumentNotFound
from sdk.errors import BosError
from sdk.identifiers import new_id
from tests.acceptance.state_machines.baseline import Baseline
from tests.acceptance.state_machines.box_draws import DATA, PATCHES, PICKS, WAYS
from tests.acceptance.state_machines.boxes import KINDS, Box, Reckoning, Unfit, merged, without_nulls
from tests.acceptance.state_machines.profiles import quick, roam, walk, wide
from tests.integration.kernel.rooms.shelf import furnish, make_tenant, open_shelves

BOX, SLIP, FIELD = "shelf.box", "shelf.slip", "kernel.custom_field"
Verb = Callable[[KernelContext], Any]


class Undone(Exception):
    """Whatever was done is to be taken back."""


class Keeping(RuleBasedStateMachine):
    def __init__(self, shelf) -> None:
        super().__init__()
        self.shelf, self.known, self.lost = shelf, Reckoning(), new_id()
        self.ids: dict[str, str] = {}
        self.slips: dict[str, Box] = {}
        self.refresher = Refresher(Horizon(shelf.tenant.schema))

    @initialize()
    def begin(self) -> None:
        self.shelf.baseline.restore()

    # What is done

    @rule(data=DATA, way=WAYS)
    def create(self, data, way) -> None:
        data = without_nulls(self._with_ids(data))
        made = self._try(lambda ctx: ctx.documents.create(BOX, data), self.known.faults(None, data), way)
        if made is not None:
            self.known.boxes[made.id] = Box(made.id, self.known.canonical(data))
            self._remember(made.id)

    @precondition(lambda self: self.known.boxes)
    @rule(pick=PICKS, patch=PATCHES, way=WAYS)
    def update(self, pick, patch, way) -> None:
        box, patch = self._pick(pick), self._with_ids(patch)
        wanted = without_nulls(merged(box.data, patch))
        self._change(box, wanted, lambda ctx: ctx.documents.update(BOX, box.id, patch), way)

    @precondition(lambda self: self.known.boxes)
    @rule(pick=PICKS, at=PICKS, way=WAYS)
    def restore_revision(self, pick, at, way) -> None:
        box = self._pick(pick)
        revision = 1 + at % box.version
        wanted = dict(box.then[revision][1].data)
        self._change(box, wanted, lambda ctx: restore_revision(ctx, BOX, box.id, revision), way)

    @precondition(lambda self: self.known.boxes)
    @rule(pick=PICKS, patches=st.lists(st.tuples(PATCHES, st.booleans()), min_size=2, max_size=3))
    def update_in_one_transaction(self, pick, patches) -> None:
        """Several changes at one instant, some of them taken back by their savepoint."""
        box = self._pick(pick)
        with self.shelf.operate() as ctx:
            for given, is_undone in patches:
                patch = self._with_ids(given)
                wanted = without_nulls(merged(box.data, patch))
                codes = self._faults_of_change(box, wanted)
                with suppress(Undone, BosError), ctx.uow.savepoint():
                    self._do(lambda patch=patch: ctx.documents.update(BOX, box.id, patch), codes)
                    if is_undone:
                        raise Undone
                    box.data = self.known.canonical(wanted)
                    self._remember(box.id, ctx)

    @precondition(lambda self: self.known.boxes)
    @rule(pick=PICKS, off=st.sampled_from((-1, 1)))
    def update_a_stale_version(self, pick, off) -> None:
        box = self._pick(pick)
        codes = {"document_deleted"} if box.is_deleted else {"stale_version"}
        self._try(
            lambda ctx: ctx.documents.update(BOX, box.id, {"count": 9}, version=box.version + off), codes, "plain"
        )

    @precondition(lambda self: self.known.boxes)
    @rule(pick=PICKS, way=WAYS)
    def archive(self, pick, way) -> None:
        self._put(pick, way, "archive", is_archived=True)

    @precondition(lambda self: any(box.is_archived for box in self.known.boxes.values()))
    @rule(pick=PICKS, way=WAYS)
    def unarchive(self, pick, way) -> None:
        self._put(pick, way, "unarchive", is_archived=False)

    def _put(self, pick, way, verb, *, is_archived) -> None:
        box = self._pick(pick)
        codes = {"document_deleted"} if box.is_deleted else set()
        if self._try(lambda ctx: getattr(ctx.documents, verb)(BOX, box.id), codes, way) is not None:
            box.is_archived = is_archived
            self._remember(box.id)

    @precondition(lambda self: self.known.boxes)
    @rule(pick=PICKS, way=WAYS)
    def delete(self, pick, way) -> None:
        box = self._pick(pick)
        codes = {"document_linked"} if self.known.is_linked(box.id) else set()
        codes = {"document_deleted"} if box.is_deleted else codes
        if self._try(lambda ctx: ctx.documents.delete(BOX, box.id) or True, codes, way) is not None:
            box.is_deleted = True
            self._remember(box.id)

    @precondition(lambda self: any(box.is_deleted for box in self.known.boxes.values()))
    @rule(pick=PICKS, way=WAYS)
    def undelete(self, pick, way) -> None:
        found = [box for box in self.known.boxes.values() if box.is_deleted]
        box = found[pick % len(found)]
        codes = self.known.faults_of_references(box.id, box.data)
        if self._try(lambda ctx: ctx.documents.restore(BOX, box.id), codes, way) is not None:
            box.is_deleted = False
            self._remember(box.id)

    # What has a state

    @rule(text=st.sampled_from(("a", "b", None)), at_once=st.booleans(), way=WAYS)
    def write_slip(self, text, at_once, way) -> None:
        action, data = "print" if at_once else None, without_nulls({"text": text})
        made = self._try(lambda ctx: ctx.documents.create(SLIP, data, perform=action), set(), way)
        if made is not None:
            self.slips[made.id] = Box(made.id, data, SLIP, "printed" if at_once else "draft")
            if at_once:
                # Written once, with the events of both.
                self._remember_first(made.id)
            self._remember(made.id)

    @precondition(lambda self: self.slips)
    @rule(pick=PICKS, verb=st.sampled_from(("print", "edit", "delete", "undelete", "archive")), way=WAYS)
    def work_on_slip(self, pick, verb, way) -> None:
        slip = list(self.slips.values())[pick % len(self.slips)]
        text = "c" if slip.data.get("text") != "c" else "d"
        verbs = {
            "print": (lambda ctx: ctx.documents.perform(SLIP, slip.id, "print"), "action_not_allowed"),
            "edit": (lambda ctx: ctx.documents.update(SLIP, slip.id, {"text": text}), "document_not_editable"),
            "delete": (lambda ctx: ctx.documents.delete(SLIP, slip.id) or True, "document_not_deletable"),
            "undelete": (lambda ctx: ctx.documents.restore(SLIP, slip.id), ""),
            "archive": (lambda ctx: ctx.documents.archive(SLIP, slip.id), ""),
        }
        act, refusal = verbs[verb]
        codes = {refusal} - {""} if slip.state == "printed" else set()
        if slip.is_archived and verb in ("print", "edit"):
            codes = {"document_archived"}
        if slip.is_deleted and verb != "undelete":
            codes = {"document_deleted"}
        if self._try(act, codes, way) is None:
            return
        slip.state = "printed" if verb == "print" else slip.state
        slip.data = {"text": text} if verb == "edit" else slip.data
        slip.is_deleted = verb == "delete" or (slip.is_deleted and verb != "undelete")
        slip.is_archived = slip.is_archived or verb == "archive"
        self._remember(slip.id)

    def _remember_first(self, id: str) -> None:
        slip = self.slips[id]
        with self.shelf.operate() as ctx:
            first = at_revision(ctx, SLIP, id, 1).row
        assert (first.data, first.state, first.number) == (slip.data, "draft", None)
        slip.then[1] = (first.updated_at, first)

    # What the fields are

    @rule(name=st.sampled_from(sorted(KINDS)), pick=PICKS, way=WAYS)
    def define(self, name, pick, way) -> None:
        definition = KINDS[name][pick % len(KINDS[name])]
        data = {"document_type": BOX, "name": name, "title": name, **definition}
        codes = self.known.faults_of_definition(name, definition)
        made = self._try(lambda ctx: ctx.documents.create(FIELD, data), codes, way)
        if made is not None:
            self.known.definitions[name], self.ids[name] = definition, made.id

    @precondition(lambda self: self.known.definitions)
    @rule(pick=PICKS, keeps=st.booleans(), way=WAYS)
    def give_up(self, pick, keeps, way) -> None:
        name = sorted(self.known.definitions)[pick % len(self.known.definitions)]
        is_used = any(name in box.data for box in self.known.live())

        def remove(ctx) -> bool:
            ctx.documents.update(FIELD, self.ids[name], {"keep_values": keeps})
            ctx.documents.delete(FIELD, self.ids[name])
            return True

        codes = {"custom_field_in_use"} if is_used and not keeps else set()
        if self._try(remove, codes, way) is not None:
            del self.known.definitions[name]

    # How it is tried

    def _change(self, box: Box, wanted: dict, verb: Verb, way: str) -> None:
        if self._try(verb, self._faults_of_change(box, wanted), way) is not None:
            box.data = self.known.canonical(wanted)
            self._remember(box.id)

    def _faults_of_change(self, box: Box, wanted: dict) -> set[str]:
        if box.is_deleted:
            return {"document_deleted"}
        return {"document_archived"} if box.is_archived else self.known.faults(box.id, wanted)

    def _try(self, verb: Verb, codes: set[str], way: str) -> Any:
        """What it gives, None where it was refused or taken back. A refusal must have one of these codes."""
        made = None
        with suppress(BosError), self.shelf.operate() as ctx:
            if way != "plain":
                with suppress(Undone, BosError), ctx.uow.savepoint():
                    self._do(lambda: verb(ctx), codes)
                    raise Undone
            if way != "undone":
                made = self._do(lambda: verb(ctx), codes)
        return made

    def _do(self, verb: Callable[[], Any], codes: set[str]) -> Any:
        try:
            made = verb()
        except BosError as refused:
            self.shelf.outcomes[refused.code] += 1
            if refused.code not in codes:
                raise AssertionError(f"refused with {refused.code}, expected {sorted(codes)}") from refused
            raise
        self.shelf.outcomes["done"] += 1
        assert not codes, f"this was to be refused with {sorted(codes)}"
        return made

    def _pick(self, pick: int) -> Box:
        boxes = list(self.known.boxes.values())
        return boxes[pick % len(boxes)]

    def _with_ids(self, value: Any) -> Any:
        """With ids in the place of links: mostly of a box there is."""
        if isinstance(value, tuple):
            boxes = list(self.known.boxes)
            return boxes[value[1] % len(boxes)] if boxes and value[1] < 20 else self.lost
        if isinstance(value, dict):
            return {name: self._with_ids(each) for name, each in value.items()}
        return [self._with_ids(each) for each in value] if isinstance(value, list) else value

    def _remember(self, id: str, ctx: KernelContext | None = None) -> None:
        """The row as it stands now; a version more exactly where something of it is different."""
        if ctx is None:
            with self.shelf.operate() as later:
                return self._remember(id, later)
        box = self.known.boxes.get(id) or self.slips[id]
        row = read_row(ctx.uow, box.type, id)
        if row.version == 1:
            assert not box.then or box.then[1][1] == row
        else:
            before = box.then[box.version][1]
            assert row.version - before.version == (_content(row) != _content(before))
        box.version = row.version
        box.then.setdefault(row.version, (row.updated_at, row))
        return None

    # What must hold

    @invariant()
    def rows_are_what_they_must_be(self) -> None:
        with self.shelf.operate() as ctx:
            assert verify(ctx).differences == []
            rows = ctx.uow.execute(_ROWS).fetchall()
            known = {**self.known.boxes, **self.slips}
            assert {row[0] for row in rows} == set(known)
            for id, data, is_deleted, is_archived, *system in rows:
                box = known[id]
                expected = [box.version, box.state, box.state == "printed"]
                assert (is_deleted, is_archived, system) == (box.is_deleted, box.is_archived, expected)
                assert self._as_known(data) == self._as_known(box.data)
            live = list(self.known.live())
            assert ctx.uow.execute(_KEYS).fetchall() == sorted(
                (box.id, *key) for box in live for key in self.known.keys(self._as_known(box.data))
            )
            assert ctx.uow.execute(_LINKS).fetchall() == sorted(
                (box.id, *link) for box in live for link in self.known.links(box.data)
            )

    def _as_known(self, data: dict) -> dict:
        """What was stored before a field was defined is brought into its form with the next change."""
        result = {}
        for name, value in data.items():
            try:
                result |= self.known.canonical({name: value})
            except Unfit:
                result[name] = value
        return result

    @precondition(lambda self: self.known.boxes)
    @rule(pick=PICKS)
    def look_back(self, pick) -> None:
        self._look_back(self._pick(pick))

    def _look_back(self, box: Box) -> None:
        assert sorted(box.then) == list(range(1, box.version + 1))
        last_at = dict(box.then.values())
        with self.shelf.operate() as ctx:
            for version, (_, row) in box.then.items():
                assert at_revision(ctx, box.type, box.id, version).row == row
            for instant, row in last_at.items():
                if row.deleted_at is None:
                    assert as_of(ctx, box.type, box.id, instant).row == row
                else:
                    with pytest.raises(DocumentNotFound):
                        as_of(ctx, box.type, box.id, instant)

    @rule(word=st.sampled_from(["oak", "elm", "old"]))
    def look_for(self, word) -> None:
        """By the search, once its index has caught up, and by a list, at once."""
        found = {box.id for box in self.known.live() if word in (box.data["name"], box.data.get("remark"))}
        away = {box.id for box in self.known.live() if box.is_archived}
        with self.shelf.operate() as ctx:
            type = ctx.runtime.catalogue.type(BOX)
            for archived, expected in (("all", found), ("false", found - away), ("true", found & away)):
                assert {row.id for row in list_rows(ctx, type, ListRequest(q=word, archived=archived)).rows} == expected
        with self.shelf.operate() as ctx:
            while self.refresher.refresh(ctx.uow, ctx.runtime):
                pass
        with self.shelf.operate() as ctx:
            assert {hit.id for hit in search(ctx, SearchRequest(word, types=(BOX,))).items} == found - away

    def teardown(self) -> None:
        for box in (*self.known.boxes.values(), *self.slips.values()):
            self._look_back(box)


_ROWS = """
SELECT id::text, data, deleted_at IS NOT NULL, archived_at IS NOT NULL, version, state, number IS NOT NULL
  FROM {t}.documents WHERE type IN ('shelf.box', 'shelf.slip')
"""
_KEYS = """
SELECT document_id::text, field, value FROM {t}.keys WHERE type = 'shelf.box' ORDER BY 1, 2, 3
"""
_LINKS = """
SELECT DISTINCT l.from_id::text, split_part(l.field, '.', 1), l.to_id::text FROM {t}.links l
  JOIN {t}.documents d ON d.id = l.from_id WHERE d.type = 'shelf.box' ORDER BY 1, 2, 3
"""


def _content(row: Row) -> tuple[Any, ...]:
    return (row.data, row.state, row.number, row.deleted_at, row.archived_at)


@pytest.fixture(scope="module")
def shelf(empty_database, tmp_path_factory):
    with open_shelves(empty_database(), tmp_path_factory.mktemp("applets")) as kernel:
        made = furnish(kernel, make_tenant(kernel))
        made.baseline, made.outcomes = Baseline(kernel, made.tenant), Counter()
        yield made


def test_documents_are_what_their_events_say(shelf):
    walk(lambda: Keeping(shelf), quick(examples=15, steps=30))


@pytest.mark.slow
def test_documents_are_what_their_events_say_far_and_wide(shelf):
    roam(lambda: Keeping(shelf), wide(examples=300, steps=50))
