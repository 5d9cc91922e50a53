"""What holds for every chain and every document: nothing is lost, in neither direction."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sdk.lenses import Opaque, Stored
from sdk.lenses.places import copy_json, is_same_json, read_at
from tests.unit.sdk.lenses.generated import (
    FLAT,
    HOSTILE,
    STATES,
    TEXTS,
    chains,
    evaluate,
    histories,
    plain_documents,
    with_fields,
)

LAW = settings(max_examples=100, deadline=None)
VERSIONS = st.integers(1, 4)
SOME_STATES = st.none() | st.sampled_from(STATES)


def is_same(one: Stored, other: Stored) -> bool:
    facts = [(stored.state, stored.version) for stored in (one, other)]
    return facts[0] == facts[1] and is_same_json(one.data, other.data) and is_same_json(one.kept, other.kept)


@LAW
@given(chains(), HOSTILE | plain_documents(), SOME_STATES, VERSIONS, VERSIONS)
def test_there_and_back_is_the_same_document(chain, data, state, start, to):
    start, to = min(start, chain.latest), min(to, chain.latest)
    stored = Stored(data, state, {}, start)
    there = chain.cast(stored, to)
    assert is_same(chain.cast(there, start), stored)
    assert is_same(chain.cast(chain.cast(there, start), to), there)


@LAW
@given(chains(), HOSTILE | plain_documents(), SOME_STATES, st.lists(VERSIONS, max_size=5))
def test_it_does_not_matter_how_often_a_document_went_to_and_fro(chain, data, state, way):
    stored = there = Stored(data, state, {}, 1)
    for version in way:
        there = chain.cast(there, min(version, chain.latest))
    assert is_same(chain.cast(there, 1), stored)


@LAW
@given(chains(), plain_documents(), SOME_STATES)
def test_several_versions_at_once_are_the_same_as_one_after_the_other(chain, data, state):
    slow = Stored(data, state, {}, 1)
    for version in range(2, chain.latest + 1):
        slow = chain.cast(slow, version)
    assert is_same(chain.cast(Stored(data, state, {}, 1), chain.latest), slow)


@LAW
@given(chains(), HOSTILE, SOME_STATES, VERSIONS, VERSIONS)
def test_the_document_given_is_left_alone(chain, data, state, start, to):
    stored = Stored(copy_json(data), state, {}, min(start, chain.latest))
    chain.cast(stored, min(to, chain.latest))
    assert is_same_json(stored.data, data)
    assert stored.kept == {}


@LAW
@given(chains(), plain_documents(), plain_documents(), VERSIONS, VERSIONS)
def test_what_was_written_meanwhile_stays_whatever_notes_there_are(chain, data, written, start, to):
    start, to = min(start, chain.latest), min(to, chain.latest)
    kept = chain.cast(Stored(data, None, {}, start), to).kept
    changed = Stored(written, None, kept, to)
    again = chain.cast(chain.cast(changed, start), to)
    assert is_same_json(again.data, changed.data)


@LAW
@given(histories(), st.dictionaries(st.sampled_from(FLAT), TEXTS), VERSIONS, VERSIONS, st.booleans())
def test_a_source_tells_where_a_field_is_found_in_documents_of_another_version(history, values, at, now, is_returned):
    chain, fields = history
    at, now = min(at, chain.latest), min(now, chain.latest)
    written = now if is_returned else at
    stored = chain.cast(Stored(with_fields(values, fields[written - 1]), None, {}, written), at)
    assume(not any(note.get("whole") for note in stored.kept.values()))
    cast = chain.cast(stored, now)
    for path in FLAT:
        source = chain.source(path, at=at, now=now)
        is_nested = "." in path and isinstance(source, Opaque)
        assert is_nested or is_same_json(evaluate(source, stored, path), read_at(cast.data, path)), path


@LAW
@given(histories())
def test_fields_have_an_origin_of_their_own_that_they_keep(history):
    chain, fields = history
    names = [{path: chain.origin(path, version) for path in known} for version, known in enumerate(fields, 1)]
    assert [len(set(origins.values())) for origins in names] == [len(known) for known in fields]
    for version, origins in enumerate(names[:-1], 1):
        for path in origins:
            later = chain.trace(path, start=version, to=version + 1)
            assert later is None or names[version][later] == origins[path]
    assert all(path == origin for path, origin in names[0].items())


@LAW
@given(histories(), VERSIONS, VERSIONS)
def test_renames_say_what_tracing_says_and_the_way_back_is_the_opposite(history, start, to):
    chain, fields = history
    start, to = min(start, chain.latest), min(to, chain.latest)
    renames = chain.renames(start, to)
    for path in fields[start - 1]:
        new = chain.trace(path, start=start, to=to)
        assert new == renames.get(path, new if new is None else path)
        assert new is None or chain.trace(new, start=to, to=start) == path


@LAW
@given(chains(), SOME_STATES.filter(bool), VERSIONS, VERSIONS)
def test_states_read_as_the_map_says_where_it_says_all(chain, state, at, now):
    at, now = min(at, chain.latest), min(now, chain.latest)
    read = chain.state_source(at=at, now=now) or {}
    assert chain.cast(Stored({}, state, {}, at), now).state == read.get(state, state)
    if not chain.state_is_noted(at=at, now=now):
        returned = chain.cast(Stored({}, state, {}, now), at)
        assert read.get(returned.state, returned.state) == state
