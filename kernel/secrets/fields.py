"""Encrypted and personal fields on their way into the database: the last step before a change is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from kernel.context import KernelContext
from kernel.secrets.blind import Blinder, blinder
from kernel.secrets.cipher import new_key
from kernel.secrets.sealed import ARGUMENTS, KEPT, SEALED, paths_in, seal_values, take_out
from kernel.secrets.subject_keys import SubjectKey, wrap_subject_key
from kernel.secrets.tenant_keys import active_key
from kernel.secrets.tokens import encrypted_text, place_of, replace_at
from sdk.document import Document
from sdk.event import Event
from sdk.schema import DocumentType
from sdk.schema.protection import SELF


class ProtectedChange(Protocol):
    """What is asked of a change of a document."""

    @property
    def type(self) -> DocumentType: ...
    @property
    def document(self) -> Document: ...
    @property
    def stored(self) -> Mapping[str, Any]: ...
    @property
    def arguments_type(self) -> DocumentType | None: ...
    @property
    def erased(self) -> frozenset[str]: ...
    @property
    def told_kept(self) -> Mapping[str, Any] | None: ...
    @property
    def former_subject(self) -> str | None: ...


def protect(
    ctx: KernelContext, change: ProtectedChange, event: Event
) -> tuple[Mapping[str, Any], Event, tuple[SubjectKey, ...]]:
    """Data and event as they are stored, and the key of the event's personal values where it tells some.

    Raises MasterKeyMissing, MasterKeyWrong, KmsUnavailable and their like; nothing is written then.
    """
    type, id = change.type.name, change.document.id
    data_key_id, data_key = active_key(ctx, "data")
    data = encrypt_fields(ctx, change.type, id, change.stored)
    told = {**event.payload, "diff": encrypt_told(change.type, id, event.payload["diff"], data_key_id, data_key)}
    payload, paths, values = take_out(told, _personal_paths(change))
    if not values:
        return data, replace(event, payload=payload), ()
    key = new_key()
    payload[SEALED] = seal_values(key, type, id, event.id, paths, values)
    return (
        data,
        replace(event, payload=payload),
        (wrap_subject_key(event.id, _subject(change), key, data_key_id, data_key),),
    )


def seal_cast(
    ctx: KernelContext, type: DocumentType, document_id: str, event_id: str, payload: Mapping[str, Any], subject: str
) -> tuple[Mapping[str, Any], SubjectKey | None]:
    """What the event of a cast tells, as it is stored, and the key of its personal values. Encrypted fields are none
    of what it tells.
    """
    personal = {field.path for field in type.personal} | paths_in(payload.get(KEPT), KEPT)
    told, paths, values = take_out(payload, personal)
    if not values:
        return payload, None
    data_key_id, data_key = active_key(ctx, "data")
    key = new_key()
    told[SEALED] = seal_values(key, type.name, document_id, event_id, paths, values)
    return told, wrap_subject_key(event_id, subject, key, data_key_id, data_key)


def encrypt_told(type: DocumentType, document_id: str, diff: Any, key_id: str, key: bytes) -> Any:
    """What an event tells of encrypted fields; those that are personal as well are sealed with the others. Nothing is
    looked for among events, so they hold no mark.
    """
    for field in type.encrypted:
        if not field.personal:
            place = place_of(type.name, field.path, document_id)
            diff = replace_at(diff, field.path.split("."), _encryption(key_id, key, lambda _: "", place))
    return diff


def encrypt_fields(
    ctx: KernelContext, type: DocumentType, document_id: str, data: Mapping[str, Any]
) -> Mapping[str, Any]:
    """A document's fields as they are stored, with the marks they are found by."""
    if not type.encrypted:
        return data
    key_id, key = active_key(ctx, "data")
    mark = blinder(ctx, type)
    stored: Any = data
    for field in type.encrypted:
        place = place_of(type.name, field.path, document_id)
        stored = replace_at(stored, field.path.split("."), _encryption(key_id, key, partial(mark, field.path), place))
    return dict(stored)


def _encryption(key_id: str, key: bytes, mark: Callable[[Any], str | None], place: bytes) -> Callable[[Any], str]:
    return lambda value: encrypted_text(key_id, key, mark(value) or "", value, place)


def blinder_of(ctx: KernelContext, type: DocumentType) -> Blinder | None:
    """Marks for its encrypted fields; None where the type has none."""
    return blinder(ctx, type) if type.encrypted else None


def _personal_paths(change: ProtectedChange) -> set[str]:
    paths = {field.path for field in change.type.personal} - change.erased
    if change.arguments_type is not None:
        # Encrypted arguments have no document to be encrypted in.
        fields = (*change.arguments_type.personal, *change.arguments_type.encrypted)
        paths |= {f"{ARGUMENTS}.{field.path}" for field in fields}
    if change.told_kept and (change.type.personal or change.former_subject):
        # Of fields this version does not know nobody can tell which were personal.
        paths |= paths_in(change.told_kept, KEPT)
    return paths


def _subject(change: ProtectedChange) -> str:
    """Whom the document is about; itself where the link is not set."""
    if change.former_subject:
        return change.former_subject
    linked = change.stored.get(change.type.subject) if change.type.subject != SELF else None
    return str(linked or change.document.id)
