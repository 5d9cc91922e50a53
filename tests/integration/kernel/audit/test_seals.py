"""Sealing and verifying: nothing is sealed too early, nothing that is sealed changes unseen."""

import itertools

import psycopg
import pytest

from kernel.audit import service as audit
from kernel.audit.merkle import root_from_proof
from kernel.audit.seals import NO_SEAL
from kernel.documents import service


@pytest.fixture
def sealed(log):
    """Twelve people and what made the tenant, in seals of five events."""
    log.den.people(*(f"Person {number}" for number in range(12)))
    log.seal()
    return log


def test_seals_chain_the_whole_log(sealed):
    result = sealed.verify()
    positions = sealed.positions()
    assert (result.is_sound, result.events, result.unsealed) == (True, len(positions), 0)
    seals = sealed.rows("SELECT number, first_position, last_position, previous, hash FROM {t}.seals ORDER BY number")
    assert [number for number, *_ in seals] == list(range(1, len(seals) + 1))
    assert (seals[0][1], seals[-1][2]) == (1, positions[-1])
    for before, after in itertools.pairwise(seals):
        assert (after[1], after[3]) == (before[2] + 1, before[4])
    assert seals[0][3] == NO_SEAL


def test_what_is_sealed_is_not_sealed_again(sealed):
    assert sealed.seal() == []
    sealed.den.people("Another")
    (made,) = sealed.seal()
    assert made.events == 1
    assert sealed.verify().is_sound


def test_events_after_the_last_seal_are_counted(sealed):
    sealed.den.people("One", "Two")
    result = sealed.verify()
    assert (result.is_sound, result.unsealed) == (True, 2)


CHANGES = {
    "payload": "payload = jsonb_set(payload, '{diff,name}', '\"Somebody\"')",
    "actor": "actor = 'nobody'",
    "time": "occurred_at = occurred_at + interval '1 microsecond'",
    "infinite time": "occurred_at = 'infinity'",
    "type": "type = 'den.person.deleted'",
    "version": "version = version + 1",
    "aggregate": "aggregate_id = gen_random_uuid()",
    "correlation": "correlation_id = gen_random_uuid()",
    "request": "request = '{}'",
    "id": "id = gen_random_uuid()",
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_an_event_is_found_and_named(sealed, change):
    position = sealed.positions()[7]
    sealed.tamper(f"UPDATE {{t}}.events SET {CHANGES[change]} WHERE position = %s", position)
    (fault,) = sealed.verify().faults
    ((id,),) = sealed.rows("SELECT id FROM {t}.events WHERE position = %s", position)
    assert (fault.kind, fault.position, fault.event_id, fault.seal) == ("changed", position, id, 2)


@pytest.mark.parametrize("place", [0, 6, -1])
def test_a_removed_event_is_found_and_named(sealed, place):
    position = sealed.positions()[place]
    ((id,),) = sealed.rows("SELECT id FROM {t}.events WHERE position = %s", position)
    sealed.tamper("DELETE FROM {t}.events WHERE position = %s", position)
    (fault,) = sealed.verify().faults
    assert (fault.kind, fault.position, fault.event_id) == ("removed", position, id)


INSERT = """
INSERT INTO {t}.events (position, id, type, aggregate_type, aggregate_id, version, occurred_at, actor, correlation_id,
                        payload)
OVERRIDING SYSTEM VALUE SELECT %s, gen_random_uuid(), type, aggregate_type, gen_random_uuid(), 1, occurred_at, actor,
       correlation_id, payload FROM {t}.events LIMIT 1
"""


def make_gap(log):
    """A position that was given out and never committed."""
    with log.kernel.database.transaction(log.tenant) as uow:
        service.create(log.kernel.operator_context(uow), "den.person", {"name": "Never"})
        uow.execute("SELECT 1")
    log.den.people("After the gap")
    positions = log.positions()
    return next(each for each in range(positions[0], positions[-1]) if each not in positions)


def test_an_event_inserted_into_a_gap_is_found(sealed):
    gap = make_gap(sealed)
    sealed.seal()
    assert sealed.verify().is_sound
    sealed.tamper(INSERT, gap)
    assert sealed.faults() == [("inserted", gap)]


def test_events_swapped_are_found(sealed):
    first, second = sealed.positions()[6:8]
    sealed.tamper(
        "UPDATE {t}.events e SET payload = o.payload, type = o.type, id = gen_random_uuid() FROM {t}.events o"
        " WHERE e.position = %s AND o.position = %s",
        first, second,
    )  # fmt: skip
    assert sealed.faults() == [("changed", first)]


SEAL_CHANGES = {
    "root": ("UPDATE {t}.seals SET root = sha256('x') WHERE number = 2", {"seal_changed", "manifest_changed"}),
    "hash": ("UPDATE {t}.seals SET hash = sha256('x') WHERE number = 2", {"seal_changed"}),
    "span": ("UPDATE {t}.seals SET first_position = first_position + 1 WHERE number = 2", {"seal_changed"}),
    "count": ("UPDATE {t}.seals SET events = 4 WHERE number = 2", {"seal_changed", "manifest_changed"}),
    "leaves": ("UPDATE {t}.seals SET leaves = substr(leaves, 33) WHERE number = 2", {"manifest_changed", "inserted"}),
    "ids": ("UPDATE {t}.seals SET ids[1] = gen_random_uuid() WHERE number = 2", {"manifest_changed"}),
    "gone": ("DELETE FROM {t}.seals WHERE number = 2", {"seal_missing"}),
}


@pytest.mark.parametrize("change", SEAL_CHANGES)
def test_any_change_of_a_seal_is_found(sealed, change):
    sql, kinds = SEAL_CHANGES[change]
    sealed.tamper(sql)
    found = {fault.kind for fault in sealed.verify().faults}
    assert kinds <= found
    assert found <= kinds | {"changed"}


def test_an_event_and_its_seal_changed_together_break_the_chain(sealed):
    """Whoever makes a whole new seal for a changed event breaks the link of the next one."""
    position = sealed.positions()[0]
    sealed.tamper("UPDATE {t}.events SET actor = 'nobody' WHERE position = %s", position)
    sealed.tamper("CREATE TABLE {t}.kept AS SELECT * FROM {t}.seals WHERE number > 1")
    sealed.tamper("DELETE FROM {t}.seals")
    sealed.seal(batch=5)
    sealed.tamper("DELETE FROM {t}.seals WHERE number > 1")
    sealed.tamper("INSERT INTO {t}.seals SELECT * FROM {t}.kept")
    (fault,) = sealed.verify().faults
    assert (fault.kind, fault.seal) == ("seal_changed", 2)


def test_a_late_commit_is_never_sealed_past(log):
    log.den.people("Before")
    with log.kernel.database.transaction(log.tenant) as slow:
        late = service.create(log.kernel.operator_context(slow), "den.person", {"name": "Late"})
        slow.execute("SELECT 1")
        log.den.people("Early")
        log.seal()
        last_sealed = log.rows("SELECT coalesce(max(last_position), 0) FROM {t}.seals")[0][0]
        assert last_sealed < log.positions()[-1]
        slow.commit()
    log.seal()
    ((position,),) = log.rows("SELECT position FROM {t}.events WHERE aggregate_id = %s", late.id)
    ((held,),) = log.rows("SELECT count(*) FROM {t}.seals WHERE %s = ANY (positions)", position)
    assert held == 1
    assert log.verify().is_sound


def test_a_rolled_back_position_holds_nothing_up(log):
    make_gap(log)
    log.seal()
    result = log.verify()
    assert (result.is_sound, result.unsealed) == (True, 0)


def test_who_finds_another_process_sealing_leaves_it_to_that(log):
    log.den.people("One")
    with log.kernel.database.owner() as other:
        other.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [0x626F7361, log.tenant.schema])
        assert log.seal() == []
    assert log.seal() != []


@pytest.mark.parametrize("verb", ["UPDATE {t}.seals SET events = 0", "DELETE FROM {t}.seals", "TRUNCATE {t}.seals",
                                  "INSERT INTO {t}.seals SELECT * FROM {t}.seals"])  # fmt: skip
def test_a_tenants_role_reads_seals_and_no_more(sealed, verb):
    with pytest.raises(psycopg.errors.InsufficientPrivilege), sealed.kernel.database.transaction(sealed.tenant) as uow:
        uow.execute(verb)


def test_a_log_is_verified_in_parts(sealed):
    first = sealed.verify(seals_max=2)
    assert (first.seals, first.next, first.unsealed) == (2, 2, 0)
    rest = sealed.verify(after=first.next)
    assert (rest.is_sound, rest.next) == (True, None)
    assert first.events + rest.events == len(sealed.positions())


def test_progress_is_told_seal_by_seal(sealed):
    done = []
    result = sealed.verify(advance=done.append)
    assert sum(done) == result.seals == len(sealed.rows("SELECT 1 FROM {t}.seals"))


def test_an_event_is_proved(sealed):
    position = sealed.positions()[8]
    ((id,),) = sealed.rows("SELECT id FROM {t}.events WHERE position = %s", position)
    with sealed.den.operate() as ctx:
        proof = audit.prove(ctx, id)
    path = [bytes.fromhex(node) for node in proof["path"]]
    leaf = bytes.fromhex(proof["leaf"])
    root = root_from_proof(leaf, proof["index"], proof["size"], path)
    assert root.hex() == proof["seal"]["root"]
    assert f'"id":"{id}"' in proof["event"]["canonical"]
