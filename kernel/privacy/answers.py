"""What the routes of the room answer, for the description of the API."""

from __future__ import annotations

from kernel.http.shapes import ANYTHING, COUNT, DATE, ID, INSTANT, TEXT, listed, members, named, nullable

_FIELDS = listed(TEXT)
_STEP = {"number": TEXT}, {"type": TEXT, "id": ID, "fields": _FIELDS}
_KEPT = members({"fields": _FIELDS, "basis": TEXT}, document_type=TEXT, document_id=ID, until=DATE, rule=TEXT)
_REVISION = members(event=TEXT, version=COUNT, occurred_at=INSTANT, actor=TEXT)
_TOLD = members(document=ANYTHING, personal=named(TEXT), revisions=listed(_REVISION))

SUBJECT = members(
    format=TEXT, subject_type=TEXT, subject_id=ID, exported_at=INSTANT, documents=listed(_TOLD), linking=listed(_TOLD),
    kept=listed(_KEPT),
)  # fmt: skip
# The certificate, unless it was only asked what would be done.
ERASURE = members(
    {"certificate": ID, "documents": COUNT},
    subject_type=TEXT, subject_id=ID, erase=listed(members(_STEP[0], **_STEP[1])), keep=listed(_KEPT),
    next_due_on=nullable(DATE),
)  # fmt: skip
RETENTION = members(
    examined=COUNT, erased=COUNT, deleted=COUNT, linked=COUNT, subjects=COUNT,
    documents=listed(members(_STEP[0], **_STEP[1], rule=TEXT, action=TEXT)),
)  # fmt: skip
