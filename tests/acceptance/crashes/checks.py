"""What must hold after every crash, asked of the database as it is, in plain SQL."""

from __future__ import annotations

from typing import Any

import psycopg

from tests.acceptance.crashes.site import Posting, Site

# Each of these finds what is wrong; nothing found is right.
WRONG = {
    "documents whose events are not 1, 2, … up to their version, each once": """
        SELECT d.id, d.type, d.version, e.versions FROM documents d LEFT JOIN (
            SELECT aggregate_id, array_agg(version ORDER BY version, position) AS versions FROM events GROUP BY 1
        ) e ON e.aggregate_id = d.id
        WHERE e.versions IS DISTINCT FROM ARRAY(SELECT generate_series(1, d.version))
    """,
    "events of documents that are not there": """
        SELECT id, type FROM events WHERE aggregate_type IN (SELECT type FROM documents)
           AND NOT EXISTS (SELECT FROM documents d WHERE d.id = aggregate_id)
    """,
    "posted invoices that were not posted by one event": """
        SELECT d.id, d.state, count(e.id) FROM documents d
          LEFT JOIN events e ON e.aggregate_id = d.id AND e.type = d.type || '.posted'
         WHERE d.type IN ('receivables.invoice', 'ledger.journal_entry') GROUP BY d.id
        HAVING count(e.id) <> (d.state = 'posted')::int
    """,
    "posted invoices without their own entry": """
        SELECT i.id FROM documents i
          LEFT JOIN documents e ON e.id = (i.data ->> 'journal_entry')::uuid AND e.type = 'ledger.journal_entry'
           AND e.state = 'posted' AND i.total = (
                SELECT sum((l ->> 'base_amount')::numeric) FROM jsonb_array_elements(e.data -> 'lines') l
                 WHERE (l ->> 'base_amount')::numeric > 0)
         WHERE i.state = 'posted' AND i.type = 'receivables.invoice' AND e.id IS NULL
    """.replace("i.total", "(i.data ->> 'total')::numeric"),
    "entries of no invoice, or of two": """
        SELECT e.id FROM documents e LEFT JOIN documents i ON (i.data ->> 'journal_entry')::uuid = e.id
         WHERE e.type = 'ledger.journal_entry' GROUP BY e.id HAVING count(i.id) <> 1
    """,
    "postings that are not those of their entry": """
        SELECT coalesce(e.id, m.document_id) FROM (
            SELECT d.id, l ->> 'account' AS account, sum((l ->> 'base_amount')::numeric) AS amount
              FROM documents d, jsonb_array_elements(d.data -> 'lines') l
             WHERE d.type = 'ledger.journal_entry' AND d.state = 'posted' GROUP BY 1, 2
        ) e FULL JOIN (
            SELECT document_id, d1 AS account, sum(r1) AS amount FROM movements
             WHERE register = 'ledger.postings' GROUP BY 1, 2
        ) m ON m.document_id = e.id AND m.account = e.account WHERE e.amount IS DISTINCT FROM m.amount
    """,
    "open items that are not those of their invoice, each once": """
        SELECT i.id FROM documents i
          LEFT JOIN movements m ON m.document_id = i.id AND m.register = 'receivables.open_items'
         WHERE i.type = 'receivables.invoice' GROUP BY i.id
        HAVING count(m.id) <> (i.state = 'posted')::int
            OR sum(m.r1) <> (i.data ->> 'total')::numeric OR bool_or(m.d2 <> i.id::text)
    """,
    "gaps or repetitions in the series": """
        SELECT company_id, array_agg(number) FROM (
            SELECT company_id, number, split_part(number, '-', 3)::bigint
                   - row_number() OVER (PARTITION BY company_id, left(number, 8) ORDER BY length(number), number) AS off
              FROM documents WHERE type = 'receivables.invoice' AND number IS NOT NULL
        ) n WHERE off <> 0 GROUP BY company_id
    """,
    "numbers of what is not posted, and posted without a number": """
        SELECT id FROM documents WHERE type = 'receivables.invoice' AND (number IS NULL) = (state = 'posted')
    """,
    "a series that is not where its last number is": """
        SELECT s.value, n.count FROM (
            SELECT count(number) FROM documents WHERE type = 'receivables.invoice'
        ) n LEFT JOIN series s ON s.name = 'receivables.invoice' WHERE s.value IS DISTINCT FROM n.count
    """,
    "numbers that two have": """
        SELECT type, number FROM documents WHERE number IS NOT NULL
         GROUP BY type, company_id, number HAVING count(*) > 1
    """,
    "sums of totals and tail that are not those of all movements": """
        SELECT register, d1 FROM (
            SELECT register, company_id, d1, d2, d3, d4, r1 FROM totals
             UNION ALL SELECT register, company_id, d1, d2, d3, d4, r1 FROM movements WHERE NOT folded
             UNION ALL SELECT register, company_id, d1, d2, d3, d4, -r1 FROM movements
        ) s GROUP BY register, company_id, d1, d2, d3, d4 HAVING sum(r1) <> 0
    """,
    "a trial balance that is not zero": """
        SELECT company_id, sum(r1) FROM movements WHERE register = 'ledger.postings'
         GROUP BY company_id HAVING sum(r1) <> 0
    """,
    "receivables that are not on the control account": """
        SELECT * FROM (SELECT sum(r1) AS owed FROM movements WHERE register = 'receivables.open_items') o,
               (SELECT sum(m.r1) AS booked FROM movements m JOIN documents a ON a.id::text = m.d1
                 WHERE m.register = 'ledger.postings' AND a.data ->> 'code' = '1200') b
         WHERE owed IS DISTINCT FROM booked
    """,
    "events an applet was not told of once": """
        SELECT e.id, e.type, count(m.id) FROM events e
          LEFT JOIN documents m ON m.type = 'tally.mark' AND m.data ->> 'event' = e.id::text
         WHERE e.type IN ('receivables.invoice.created', 'receivables.invoice.posted')
         GROUP BY e.id, e.type HAVING count(m.id) <> 1
    """,
    "events an applet was told of that are not there": """
        SELECT id FROM documents d WHERE type = 'tally.mark'
           AND NOT EXISTS (SELECT FROM events e WHERE e.id = (d.data ->> 'event')::uuid)
    """,
    "an invoice posted for an applet before it was written": """
        SELECT c.id FROM documents c JOIN documents p ON p.type = c.type AND p.data ->> 'invoice' = c.data ->> 'invoice'
         WHERE c.type = 'tally.mark' AND c.data ->> 'kind' = 'receivables.invoice.created'
           AND p.data ->> 'kind' = 'receivables.invoice.posted' AND p.created_at < c.created_at
    """,
    "deliveries left": "SELECT id, state, last_error FROM deliveries",
    "receipts of nothing": """
        SELECT event_id FROM inbox i WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = i.event_id)
    """,
    "links of nothing": """
        SELECT from_id, to_id FROM links l WHERE NOT EXISTS (SELECT FROM documents d WHERE d.id = l.from_id)
            OR NOT EXISTS (SELECT FROM documents d WHERE d.id = l.to_id)
    """,
}
_WRITTEN = """
SELECT data ->> 'reference', id::text, state, number FROM documents
 WHERE type = 'receivables.invoice' AND starts_with(data ->> 'reference', %s)
"""


def check_books(site: Site) -> None:
    """Everything that holds for a tenant at any time nobody is at work."""
    with site.connect() as connection:
        wrong = find_wrong(connection)
    assert not wrong, wrong


def find_wrong(connection: psycopg.Connection[Any]) -> dict[str, list[Any]]:
    """By name, the first few rows of what is not as it should be."""
    found = {name: connection.execute(sql).fetchmany(5) for name, sql in WRONG.items()}  # type: ignore[arg-type]
    return {name: rows for name, rows in found.items() if rows}


def check_acknowledged(site: Site, posting: Posting) -> int:
    """What the client was told is there, once; how many were posted. Nobody was told anything else."""
    assert not posting.faults(), posting.faults()[:3]
    created, posted = posting.acknowledged("create"), posting.acknowledged("post")
    by_number: dict[int, list[Any]] = {}
    with site.connect() as connection:
        for reference, *written in connection.execute(_WRITTEN, [f"{posting.run}-"]).fetchall():
            by_number.setdefault(int(reference.rpartition("-")[2]), []).append(written)
    assert {number: found for number, found in by_number.items() if len(found) != 1} == {}
    documents = {number: found[0] for number, found in by_number.items()}
    assert {number: documents.get(number, [None])[0] for number in created} == {n: id for n, (id, _) in created.items()}
    told = {number: [id, "posted", name] for number, (id, name) in posted.items()}
    assert {number: documents.get(number) for number in posted} == told
    if posting.is_retrying:
        assert sorted(posted) == sorted(documents) == list(range(1, posting.count + 1))
    return len(posted)
