"""Whatever the lenses: a list over documents of several versions is the list over the same ones after the sweep."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from kernel.documents.listing import ListRequest, read_page
from kernel.documents.recasting import FIRST, cast_batch
from kernel.documents.rows import flatten
from sdk.document_errors import DocumentsBeingCast
from sdk.lenses import Opaque, Stored
from sdk.lenses.places import copy_json, set_at
from sdk.schema import DocumentType
from tests.unit.sdk.lenses.generated import FLAT, STATES, TEXTS, histories

TYPE = "shop.order"
VERSIONS = st.integers(1, 4)
# Fields that no step tells of, by the version they come with.
UNTOLD = {2: "two", 3: "three"}
VALUES = st.dictionaries(st.sampled_from((*FLAT, *UNTOLD.values())), TEXTS)
# What was written by which versions, one after the other, and the state it began in.
WRITTEN = st.tuples(st.lists(st.tuples(VALUES, VERSIONS), min_size=1, max_size=4), st.sampled_from(STATES))
_INSERT = """
INSERT INTO {t}.documents (id, type, version, schema_version, state, data, kept, created_at, created_by, updated_at,
                           updated_by)
VALUES (gen_random_uuid(), %s, 1, %s, %s, %s, %s, now(), 'x', now(), 'x')
"""


def type_of(fields: list[str], version: int, chain: Any) -> DocumentType:
    properties: dict[str, Any] = {}
    for path in fields:
        top, _, below = path.partition(".")
        if below:
            within = properties.setdefault(top, {"type": "object", "properties": {}})
            within["properties"][below] = {"type": "string"}
        else:
            properties[top] = {"type": "string"}
    made = DocumentType.from_schema(TYPE, {"title": "Order", "x-version": version, "properties": properties})
    return replace(made, lenses=chain, is_mixed=True)


def write_as(type: DocumentType, stored: Stored, values: dict[str, str]) -> Stored:
    cast = type.cast(stored)
    data = copy_json(cast.data)
    for path, value in values.items():
        if path in type.fields:
            set_at(data, path, value)
    return replace(cast, data=data)


def wishes(fields: list[str]) -> list[ListRequest]:
    found = [ListRequest(f"state == '{state}'") for state in STATES]
    for path in fields:
        found += [ListRequest(f"{path} {test}", sort=("id",)) for test in ("== 'a'", "is None", ">= 'a b'")]
        found.append(ListRequest(sort=(f"-{path}", "state", "id"), limit=5))
    return found


def answers(ctx, type, wished) -> list[Any]:
    found = []
    for wanted in wished:
        items, cursor, is_first = [], None, True
        try:
            while cursor or is_first:
                rows, cursor = read_page(ctx, type, replace(wanted, cursor=cursor))
                items += [flatten(row, frozenset()) for row in rows]
                is_first = False
        except DocumentsBeingCast:
            items = [None]
        found.append(items)
    return found


@pytest.fixture(scope="module")
def tenant(depots):
    return depots()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), st.lists(WRITTEN, min_size=1, max_size=8), VERSIONS)
def test_a_list_is_the_same_before_and_after_the_sweep(tenant, history, written, now):
    chain, fields = history
    fields = [[*known, *(name for since, name in UNTOLD.items() if since <= n)] for n, known in enumerate(fields, 1)]
    types = [type_of(known, number, chain) for number, known in enumerate(fields, 1)]
    now = min(now, chain.latest)
    type = types[now - 1]
    with tenant.kernel.database.transaction(tenant.tenant) as uow:
        ctx = tenant.kernel.operator_context(uow)
        for way, state in written:
            made = Stored({}, state, {}, min(way[0][1], chain.latest))
            for values, version in way:
                made = write_as(types[min(version, chain.latest) - 1], made, values)
            box = Jsonb(made.kept) if made.kept else None
            uow.execute(_INSERT, [TYPE, made.version, made.state, Jsonb(made.data), box])
        wished = wishes(fields[now - 1])
        before = answers(ctx, type, wished)
        assert cast_batch(ctx, type, FIRST, 100).failures == []
        uow.execute("UPDATE {t}.documents SET kept = NULL WHERE type = %s", [TYPE])
        after = answers(ctx, replace(type, is_mixed=False), wished)
    versions = range(1, chain.latest + 1)
    told_by_casting = [p for p in fields[now - 1] for v in versions if chain.source(p, at=v, now=now) == Opaque()]
    for wanted, one, other in zip(wished, before, after, strict=True):
        assert one in ([None], other), wanted
        assert one != [None] or any(path in f"{wanted.filter} {wanted.sort}" for path in told_by_casting)
