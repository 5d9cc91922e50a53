"""Anchors: what whoever owns the database cannot rewrite."""

import json
import time
from dataclasses import replace

import pytest

from kernel.audit import service as audit
from kernel.audit.anchors import (
    anchors_of,
    export_anchors,
    faults_of_anchors,
    faults_of_records,
    file_anchor,
    read_anchors,
    record_everywhere,
)
from kernel.audit.errors import AnchorUnreadable, EventNotSealed, EventUnknown
from kernel.audit.file_anchor import FileAnchor
from kernel.audit.keeper import SealKeeper
from kernel.audit.seals import to_root
from kernel.audit.signing import KEY_FILE, is_signed_by, open_key
from sdk.audit import Receipt
from sdk.errors import Unavailable
from sdk.hooks import hookimpl
from sdk.identifiers import new_id


@pytest.fixture
def sealed(log):
    log.den.people(*(f"Person {number}" for number in range(7)))
    log.roots = [to_root(log.tenant, each) for each in log.seal()]
    return log


@pytest.fixture
def anchor(tmp_path):
    return FileAnchor(tmp_path / "audit", "abcd1234")


def record_faults(log, *anchors):
    with log.kernel.database.transaction(log.tenant) as uow:
        return [(fault.kind, fault.seal) for fault in faults_of_records(uow.execute, log.tenant, anchors)]


def given_faults(log, given, public=None):
    public = public or file_anchor(log.kernel).key.public
    with log.kernel.database.transaction(log.tenant) as uow:
        return [(fault.kind, fault.seal) for fault in faults_of_anchors(uow.execute, log.tenant, given, public)]


def test_a_file_keeps_seals_signed_and_each_once(sealed, anchor, tmp_path):
    first, second = sealed.roots[:2]
    receipts = [anchor.record(root) for root in (first, second, first)]
    text = (tmp_path / "audit" / f"{sealed.tenant.id}.jsonl").read_bytes()
    assert [receipt.reference for receipt in receipts] == ["byte 0", f"byte {text.index(b'{', 1)}", "byte 0"]
    assert is_signed_by(anchor.key.public, receipts[0].evidence)
    assert (anchor.verify(first), anchor.last(sealed.tenant.id).number) == (True, 2)
    assert anchor.verify(replace(first, root="0" * 64)) is False
    assert anchor.last(new_id()) is None


def test_a_line_that_was_changed_counts_for_nothing(sealed, anchor, tmp_path):
    anchor.record(sealed.roots[0])
    path = tmp_path / "audit" / f"{sealed.tenant.id}.jsonl"
    line = json.loads(path.read_text())
    path.write_text(json.dumps({**line, "hash": "0" * 64}))
    assert (anchor.verify(sealed.roots[0]), anchor.last(sealed.tenant.id)) == (False, None)


def test_half_a_line_left_by_a_crash_is_passed_over(sealed, anchor, tmp_path):
    anchor.record(sealed.roots[0])
    with (tmp_path / "audit" / f"{sealed.tenant.id}.jsonl").open("a") as file:
        file.write('\n{"number": 2, "ha')
    anchor.record(sealed.roots[1])
    assert anchor.last(sealed.tenant.id).number == 2


def test_a_long_file_is_neither_read_whole_to_add_to_it_nor_checked_line_by_line(sealed, anchor, tmp_path):
    """Two weeks of a seal a minute: adding one and asking for the newest must not take longer every day."""
    root = sealed.roots[0]
    anchor.record(root)
    path = tmp_path / "audit" / f"{sealed.tenant.id}.jsonl"
    line = path.read_bytes()
    path.write_bytes(b"\n".join([line.replace(root.hash.encode(), b"0" * 64)] * 20_000 + [line]))
    whole = path.stat().st_size
    started = time.process_time()
    receipt = anchor.record(replace(root, number=2, hash="1" * 64))
    assert (receipt.number, anchor.record(root).number, anchor.last(sealed.tenant.id).number) == (2, 1, 2)
    assert time.process_time() - started < 1.0
    assert path.stat().st_size - whole < 2 * len(line), "neither was added twice"


def test_the_key_is_made_once_and_readable_by_its_account_alone(tmp_path):
    key = open_key(tmp_path / "audit")
    assert open_key(tmp_path / "audit") == key
    assert (tmp_path / "audit" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert key.secret.hex() not in repr(key)


def test_a_log_cut_off_at_the_end_is_found_by_what_was_recorded(sealed, anchor):
    anchor.record(sealed.roots[-1])
    last = sealed.roots[-1]
    sealed.tamper("DELETE FROM {t}.events WHERE position >= %s", last.first_position)
    sealed.tamper("DELETE FROM {t}.seals WHERE number = %s", last.number)
    assert sealed.verify().is_sound
    assert record_faults(sealed, anchor) == [("anchor_missing", last.number)]


def test_a_log_written_anew_is_found_by_what_was_recorded(sealed, anchor):
    anchor.record(sealed.roots[-1])
    sealed.tamper("UPDATE {t}.events SET actor = 'nobody' WHERE position = %s", sealed.positions()[-1])
    sealed.tamper("DELETE FROM {t}.seals")
    sealed.seal()
    assert sealed.verify().is_sound
    assert record_faults(sealed, anchor) == [("anchor_differs", sealed.roots[-1].number)]


def test_exported_anchors_hold_the_log_to_what_it_was(sealed, tmp_path):
    path = tmp_path / "anchors.json"
    path.write_text(json.dumps(export_anchors(sealed.kernel, [sealed.tenant])))
    given = read_anchors(path)
    assert given_faults(sealed, given) == []
    sealed.tamper("DELETE FROM {t}.seals WHERE number = %s", sealed.roots[-1].number)
    assert given_faults(sealed, given) == [("anchor_missing", sealed.roots[-1].number)]


@pytest.mark.parametrize("change", [{"hash": "0" * 64}, {"signature": "AAAA"}, {"key": "AAAA"}, {"number": 1}])
def test_an_anchor_that_was_tampered_with_is_told(sealed, change):
    (given,) = export_anchors(sealed.kernel, [sealed.tenant])["anchors"]
    assert [kind for kind, _ in given_faults(sealed, [{**given, **change}])] == ["anchor_forged"]


def test_another_installations_key_signs_for_nobody_here(sealed, tmp_path):
    other = FileAnchor(tmp_path / "other", "other")
    receipt = other.record(sealed.roots[-1])
    assert given_faults(sealed, [receipt.evidence]) == [("anchor_forged", receipt.number)]
    assert given_faults(sealed, [receipt.evidence], other.key.public) == []


@pytest.mark.parametrize("content", ["", "x", "{}", '{"anchors": []}', '{"anchors": [1]}', '[{"number": 1}]', "\x00"])
def test_what_is_no_file_of_anchors_is_refused(tmp_path, content):
    path = tmp_path / "anchors.json"
    path.write_text(content)
    with pytest.raises(AnchorUnreadable):
        read_anchors(path)
    with pytest.raises(AnchorUnreadable):
        read_anchors(tmp_path / "none.json")


class ChainAnchor:
    """A stand-in chain: blocks in memory, which may be away."""

    name = "chain"

    def __init__(self):
        self.blocks, self.is_away = [], False

    def record(self, root):
        if self.is_away:
            raise Unavailable(service="The chain")
        if root not in self.blocks:
            self.blocks.append(root)
        return self._receipt(root)

    def verify(self, root):
        return root in self.blocks

    def last(self, tenant_id):
        ours = [self._receipt(block) for block in self.blocks if block.tenant_id == tenant_id]
        return ours[-1] if ours else None

    def trail(self, document_id, roots):
        return [self._receipt(root) for root in roots if root in self.blocks]

    def _receipt(self, root):
        return Receipt(self.name, root.tenant_id, root.number, root.hash, f"block {self.blocks.index(root)}", {})


class ChainPlugin:
    def __init__(self, anchor):
        self.anchor = anchor

    @hookimpl
    def register_audit_anchor(self, kernel):
        return self.anchor


@pytest.fixture
def chain(log):
    anchor = ChainAnchor()
    plugin = ChainPlugin(anchor)
    log.kernel.plugins.register(plugin)
    yield anchor
    log.kernel.plugins.unregister(plugin)


def test_a_plugins_anchor_is_told_of_what_the_worker_seals(log, chain):
    keeper = SealKeeper()
    log.den.people("One")
    keeper(log.kernel, log.tenant)
    assert [anchor.name for anchor in anchors_of(log.kernel)] == ["file", "chain"]
    assert chain.blocks[0].tenant_id == log.tenant.id
    keeper(log.kernel, log.tenant)
    assert len(chain.blocks) == 1
    assert file_anchor(log.kernel).verify(chain.blocks[0])
    assert record_faults(log, *anchors_of(log.kernel)) == []


def test_an_anchor_that_is_away_stops_neither_sealing_nor_other_anchors(log, chain):
    chain.is_away = True
    log.den.people("One")
    SealKeeper()(log.kernel, log.tenant)
    assert (chain.blocks, log.verify().unsealed) == ([], 0)
    assert file_anchor(log.kernel).last(log.tenant.id).number == 1
    chain.is_away = False
    log.den.people("Two")
    SealKeeper()(log.kernel, log.tenant)
    assert [block.number for block in chain.blocks] == [2]


def test_a_document_has_a_trail_of_events_seals_and_receipts(log, chain):
    (id,) = log.den.people("Traced")
    record_everywhere(log.kernel, log.tenant, log.seal(batch=100)[-1])
    with log.den.operate() as ctx:
        ctx.documents.update("den.person", id, {"name": "Traced on"})
    with log.den.operate() as ctx:
        trail = audit.trail(ctx, id)
    assert [(event["type"], event["seal"]) for event in trail["events"]] == [
        ("den.person.created", 1),
        ("den.person.updated", None),
    ]
    assert [(receipt["anchor"], receipt["number"]) for receipt in trail["receipts"]] == [("file", 1), ("chain", 1)]


def test_a_file_answers_for_a_seal_by_the_next_one_it_has(sealed, anchor):
    first, second = sealed.roots[:2]
    anchor.record(second)
    assert [receipt.number for receipt in anchor.trail(new_id(), [first])] == [2]
    assert anchor.trail(new_id(), []) == []


def test_events_that_are_not_sealed_are_not_proved(log):
    with log.den.operate() as ctx:
        with pytest.raises(EventUnknown):
            audit.prove(ctx, new_id())
        ((id,),) = log.rows("SELECT id FROM {t}.events ORDER BY position LIMIT 1")
        with pytest.raises(EventNotSealed):
            audit.prove(ctx, id)
