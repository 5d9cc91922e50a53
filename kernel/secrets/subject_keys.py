"""Keys of persons: each event that tells personal values has one of its own, which is destroyed with what it tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kernel.db.unit_of_work import UnitOfWork
from kernel.secrets.cipher import bind, decrypt, encrypt

_READ = """
SELECT id::text, subject_id::text, wrapped, wrapped_by FROM {t}.cipher_keys
 WHERE id = ANY(%s::uuid[]) AND kind = 'subject' AND wrapped IS NOT NULL
"""
_SUBJECTS = """
SELECT DISTINCT ON (e.aggregate_id) e.aggregate_id::text, k.subject_id::text
  FROM {t}.events e JOIN {t}.cipher_keys k ON k.id = e.id AND k.kind = 'subject'
 WHERE e.aggregate_id = ANY(%s::uuid[]) ORDER BY e.aggregate_id, e.position DESC
"""


class SubjectKey(NamedTuple):
    """As it is written beside its event. id: the event's; wrapped_by: the id of the data key."""

    id: str
    subject_id: str
    wrapped: bytes
    wrapped_by: str

    def unwrap(self, data_key: bytes) -> bytes:
        """Raises DoesNotOpen."""
        return decrypt(data_key, self.wrapped, _bound(self.subject_id, self.id))


def wrap_subject_key(event_id: str, subject_id: str, key: bytes, data_key_id: str, data_key: bytes) -> SubjectKey:
    wrapped = encrypt(data_key, key, _bound(subject_id, event_id))
    return SubjectKey(event_id, subject_id, wrapped, data_key_id)


def read_subject_keys(uow: UnitOfWork, event_ids: Sequence[str]) -> list[SubjectKey]:
    """Those of these events that were not destroyed."""
    if not event_ids:
        return []
    rows = uow.execute(_READ, [sorted(set(event_ids))]).fetchall()
    return [SubjectKey(id, subject_id, bytes(wrapped), by) for id, subject_id, wrapped, by in rows]


def find_subjects(uow: UnitOfWork, document_ids: Sequence[str]) -> dict[str, str]:
    """Whom documents are about that have told personal values, be it long ago: the last of each, by document."""
    return dict(uow.execute_beside(_SUBJECTS, [list(document_ids)]).fetchall()) if document_ids else {}


def _bound(subject_id: str, event_id: str) -> bytes:
    return bind("subject", subject_id, event_id)
