"""An event: a fact about a document, written in the transaction that made it true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """`type` is `applet.noun.past_participle`; `aggregate_id` the document it is about, at `version`.

    payload: for changes of documents `{"diff": merge patch (RFC 7386), "state"?, "number"?, "company_id"?,
    "schema_version"?, "kept"?, "revision"?}`: kept is what its version has no place for, revision the one a document
    went back to; for emitted events what the applet gave. correlation_id: the whole story's id; causation_id: the
    event that led to this one.
    """

    id: str
    type: str
    aggregate_type: str
    aggregate_id: str
    version: int
    occurred_at: datetime
    actor: str
    correlation_id: str
    applet: str | None = None
    causation_id: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    position: int | None = None
