"""What the routes of the room answer, for the description of the API. Digests are in hexadecimal."""

from __future__ import annotations

from kernel.audit.verify import Fault
from kernel.http.shapes import COUNT, FLAG, ID, INSTANT, TEXT, fields_of, listed, members, nullable, page_of
from sdk.audit import Receipt

_SEAL = members(
    number=COUNT, first_position=COUNT, last_position=COUNT, events=COUNT, root=TEXT, previous=TEXT, hash=TEXT,
    sealed_at=INSTANT,
)  # fmt: skip
SEALS = page_of(_SEAL)
PROOF = members(
    event=members(id=ID, position=COUNT, type=TEXT, canonical=TEXT), leaf=TEXT, is_sound=FLAG, index=COUNT, size=COUNT,
    path=listed(TEXT), seal=_SEAL,
)  # fmt: skip
TRAIL = members(
    events=listed(members(id=ID, position=COUNT, type=TEXT, seal=nullable(COUNT))), receipts=listed(fields_of(Receipt))
)
_FAULT = {**fields_of(Fault), "required": ["kind", "seal", "detail"]}
VERIFICATION = members(
    is_sound=FLAG, seals=COUNT, events=COUNT, unsealed=COUNT, anchors=COUNT, last=nullable(COUNT),
    last_hash=nullable(TEXT), faults=listed(_FAULT), next=nullable(COUNT),
)  # fmt: skip
