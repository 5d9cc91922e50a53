"""The SQL text of a write: document, keys, links, events, deliveries and movements, or several such as one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

STATEMENTS_MAX = 512

# What of a write decides the text, in the order of the parameters of `_parts`.
Shape = tuple[Any, ...]

_INSERT_DOCUMENT = """
doc AS (
    INSERT INTO {t}.documents (id, type, company_id, version, schema_version, state, number, data,
                               created_at, created_by, updated_at, updated_by)
    SELECT %(id)s, %(type)s, %(company_id)s, %(version)s, %(schema_version)s, %(state)s, %(number)s, %(data)s::jsonb,
           %(at)s, %(by)s, %(at)s, %(by)s
    WHERE """

_UPDATE_DOCUMENT = """
doc AS (
    UPDATE {t}.documents SET version = %(version)s, schema_version = %(schema_version)s, state = %(state)s,
           number = %(number)s, data = %(data)s::jsonb, updated_at = %(at)s, updated_by = %(by)s,
           deleted_at = %(deleted_at)s, archived_at = %(archived_at)s{kept}
    WHERE id = %(id)s AND version = %(version)s - 1 AND """

_KEPT = ", kept = %(kept)s::jsonb"

# A link's target is locked against deletion and must be there; a deleter locks its row FOR UPDATE. A document that
# links to itself is there when it is restored, although it is only now that it comes back.
_LINKED = """
linked AS (
    SELECT d.id FROM unnest(%(check_ids)s::uuid[], %(check_types)s::text[]) AS w (id, type)
      JOIN {t}.documents d ON d.id = w.id AND (w.type = '*' OR d.type = w.type)
     WHERE d.deleted_at IS NULL OR d.id = %(id)s FOR KEY SHARE OF d
),"""

# A company that is being deleted waits for this transaction, or this one finds it gone.
_COMPANY = """
company AS (
    SELECT id FROM {t}.documents WHERE id = %(company_id)s AND deleted_at IS NULL FOR KEY SHARE
),"""

_EVENT = """,
event AS (
    INSERT INTO {t}.events (id, type, aggregate_type, aggregate_id, version, occurred_at, actor, applet,
                            correlation_id, causation_id, request, payload)
    SELECT %(event_id)s, %(event_type)s, %(type)s, doc.id, %(event_version)s, %(at)s, %(by)s, %(applet)s,
           %(correlation_id)s, %(causation_id)s, %(request)s::jsonb, %(payload)s::jsonb
    FROM doc RETURNING position, id
)"""

# From the first one, so that its position is the lower.
_FOLLOWING = """,
following AS (
    INSERT INTO {t}.events (id, type, aggregate_type, aggregate_id, version, occurred_at, actor, applet,
                            correlation_id, causation_id, request, payload)
    SELECT %(following_id)s, %(following_type)s, %(type)s, %(id)s, %(version)s, %(at)s, %(by)s, %(applet)s,
           %(correlation_id)s, %(causation_id)s, %(request)s::jsonb, %(following_payload)s::jsonb
    FROM event RETURNING position, id
)"""

_DELIVERIES = """,
delivery AS (
    INSERT INTO {t}.deliveries (subscriber, event_position, event_id, aggregate_id, due_at, created_at)
    SELECT s, event.position, event.id, %(id)s, %(at)s, %(at)s FROM event, unnest(%(subscribers)s::text[]) AS s
)"""

_DELIVERIES_OF_BOTH = """,
delivery AS (
    INSERT INTO {t}.deliveries (subscriber, event_position, event_id, aggregate_id, due_at, created_at)
    SELECT w.subscriber, w.position, w.id, %(id)s, %(at)s, %(at)s FROM (
        SELECT s AS subscriber, event.position, event.id FROM event, unnest(%(subscribers)s::text[]) AS s
        UNION ALL
        SELECT s, following.position, following.id FROM following, unnest(%(following_subscribers)s::text[]) AS s
    ) AS w ORDER BY w.position
)"""

_KEYS_GONE = """,
key_gone AS (
    DELETE FROM {t}.keys k USING doc, unnest(%(gone_fields)s::text[], %(gone_values)s::text[]) AS g (field, value)
     WHERE k.document_id = doc.id AND k.type = %(type)s AND k.field = g.field AND k.value = g.value
)"""

_KEYS = """,
key_new AS (
    INSERT INTO {t}.keys (type, field, company_id, value, document_id)
    SELECT %(type)s, n.field, n.company_id, n.value, doc.id
      FROM doc, unnest(%(key_fields)s::text[], %(key_companies)s::uuid[], %(key_values)s::text[])
           AS n (field, company_id, value)
)"""

_LINKS_GONE = """,
link_gone AS (
    DELETE FROM {t}.links l USING doc, unnest(%(unlink_fields)s::text[], %(unlink_ids)s::uuid[]) AS g (field, id)
     WHERE l.from_id = doc.id AND l.field = g.field AND l.to_id = g.id
)"""

_LINKS = """,
link_new AS (
    INSERT INTO {t}.links (from_id, field, to_id)
    SELECT doc.id, n.field, n.id FROM doc, unnest(%(link_fields)s::text[], %(link_ids)s::uuid[]) AS n (field, id)
    ON CONFLICT DO NOTHING
)"""

# Without the names of its first six columns: this text is parsed by every new connection.
_CIPHER_KEYS = """,
cipher_key AS (
    INSERT INTO {t}.cipher_keys
    SELECT k.id, 'subject', k.subject, k.wrapped, k.key, %(at)s
      FROM doc, unnest(%(cipher_ids)s::uuid[], %(cipher_subjects)s::uuid[], %(cipher_wrapped)s::bytea[],
                       %(cipher_wrapped_by)s::text[]) AS k (id, subject, wrapped, key)
)"""

# Digits are counted up in the same statement, so that the row is locked no longer than it takes to write and commit.
_NUMBERING = """
series AS (
    INSERT INTO {t}.series AS s (name, company_id, period, value)
    VALUES (%(number_series)s, %(number_company_id)s, %(number_period)s, 1)
    ON CONFLICT (name, company_id, period) DO UPDATE SET value = s.value + 1 RETURNING value
),
numbered AS (
    SELECT %(number_before)s::text || lpad(value::text, greatest(%(number_digits)s::int, length(value::text)), '0')
           || %(number_after)s::text AS number FROM series
)"""
_NUMBERED = re.compile(r"%\((?:number|data|payload|following_payload)(?:_\d+)?\)s")
_WITH_NUMBER = r"replace(\g<0>, %(number_token)s, (SELECT number FROM numbered))"
_PARAMETER = re.compile(r"%\((\w+)\)s")
_PART = re.compile(
    r"\b(linked|company|doc|event|following|delivery|key_gone|key_new|link_gone|link_new|cipher_key|movement)\b"
)
_MOVEMENT_TYPES = {"company_id": "uuid", "occurred_at": "timestamptz", "balanced": "boolean"}


@lru_cache(maxsize=STATEMENTS_MAX)
def statement(shapes: tuple[Shape, ...], *, is_numbering: bool) -> tuple[str, tuple[str, ...]]:
    """The text for all of them, with `$1` for the first of the names beside it.

    Those after the first have names of their own, and events come in the order of the documents.
    """
    texts = [_parts(*shape) for shape in shapes]
    for index, text in enumerate(texts[1:], start=1):
        last = f"{'following' if shapes[index - 1][-3] else 'event'}{'' if index == 1 else f'_{index - 1}'}"
        named = _PARAMETER.sub(rf"%(\1_{index})s", _PART.sub(rf"\1_{index}", text))
        texts[index] = named.replace(f"FROM doc_{index} RETURNING", f"FROM doc_{index}, {last} RETURNING")
    results = [f"(SELECT position FROM event{'' if index == 0 else f'_{index}'})" for index in range(len(shapes))]
    if is_numbering:
        texts = [_NUMBERING, *(_NUMBERED.sub(_WITH_NUMBER, text) for text in texts)]
        results.append("(SELECT value FROM series)")
    return _with_positions(f"WITH{','.join(texts)} SELECT {', '.join(results)}")


def _with_positions(text: str) -> tuple[str, tuple[str, ...]]:
    """psycopg reads a text with names in it anew each time, once it is as long as these are."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    positions = {name: f"${position}" for position, name in enumerate(names, start=1)}
    return _PARAMETER.sub(lambda found: positions[found[1]], text), names


def _parts(
    is_new: bool,
    links: bool,
    links_gone: bool,
    keys: bool,
    keys_gone: bool,
    subscribers: bool,
    movement_columns: tuple[str, ...],
    joins_company: bool,
    following: bool,
    cipher_keys: bool,
    kept: bool,
) -> str:
    """The text of one."""
    linked = "(SELECT count(*) FROM linked) = cardinality(%(check_ids)s::uuid[])" if links else "true"
    joined = " AND EXISTS (SELECT FROM company)" if joins_company else ""
    parts = [
        _LINKED if links else "",
        _COMPANY if joins_company else "",
        _INSERT_DOCUMENT if is_new else _UPDATE_DOCUMENT.replace("{kept}", _KEPT if kept else ""),
        linked,
        joined,
        " RETURNING id)",
        _EVENT,
        _FOLLOWING if following else "",
        (_DELIVERIES_OF_BOTH if following else _DELIVERIES) if subscribers else "",
        _KEYS_GONE if keys_gone else "",
        _KEYS if keys else "",
        _LINKS_GONE if links_gone else "",
        _LINKS if links else "",
        _CIPHER_KEYS if cipher_keys else "",
        _movements(movement_columns) if movement_columns else "",
    ]
    return "".join(parts)


def _movements(columns: tuple[str, ...]) -> str:
    names = ", ".join(columns)
    arrays = ", ".join(f"%(m_{name})s::{_movement_type(name)}[]" for name in columns)
    return f""",
movement AS (
    INSERT INTO {{t}}.movements (document_id, {names})
    SELECT doc.id, m.* FROM doc, unnest({arrays}) AS m ({names})
)"""


def _movement_type(column: str) -> str:
    return _MOVEMENT_TYPES.get(column, "numeric" if column.startswith("r") and column[1:].isdigit() else "text")
