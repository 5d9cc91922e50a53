"""Encrypted and personal fields on their way into the database: the last step before a change is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from kernel.context import KernelContext
from kernel.secrets.blind import Blinder, blinder
from kernel.secrets.cipher import new_key
from kernel.secrets.subject_keys import SubjectKey, wrap_subject_key
from kernel.secrets.tenant_keys import active_key
from kernel.secrets.tokens import ARGUMENTS, encrypted_text, personal_text, place_of, replace_at
from sdk.document import Document
from sdk.event import Event
from sdk.schema import DocumentType
from sdk.schema.fields import Field
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


def protect(
    ctx: KernelContext, change: ProtectedChange, event: Event
) -> tuple[Mapping[str, Any], Event, tuple[SubjectKey, ...]]:
    """Data and event as they are stored, and the key of the event's personal values where it tells some.

    Raises MasterKeyMissing, MasterKeyWrong, KmsUnavailable and their like; nothing is written then.
    """
    sealer = _Sealer(change, event.id, *active_key(ctx, "data"))
    payload = {**event.payload, "diff": sealer.seal_told(change.type, event.payload["diff"], "")}
    if change.arguments_type is not None and ARGUMENTS in payload:
        payload[ARGUMENTS] = sealer.seal_told(change.arguments_type, payload[ARGUMENTS], f"{ARGUMENTS}.")
    data = encrypt_fields(ctx, change.type, change.document.id, change.stored)
    return data, replace(event, payload=payload), tuple(sealer.made_key())


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


class _Sealer:
    """Seals one change. The key for its personal values is made when there are some."""

    def __init__(self, change: ProtectedChange, event_id: str, key_id: str, key: bytes) -> None:
        self._change, self._event_id = change, event_id
        self._key_id, self._key = key_id, key
        self._personal_key: bytes | None = None

    def seal_told(self, type: DocumentType, told: Any, prefix: str) -> Any:
        """What the event tells: values of encrypted fields, and of persons under a key of their own."""
        for field in (field for field in type.encrypted if not field.personal):
            told = self._replace(told, field, prefix, self._encrypted)
        for field in type.personal:
            if prefix + field.path not in self._change.erased:
                told = self._replace(told, field, prefix, self._personal)
        return told

    def made_key(self) -> Iterator[SubjectKey]:
        """The key of the event, if it took one."""
        if self._personal_key is not None:
            yield wrap_subject_key(self._event_id, self._subject(), self._personal_key, self._key_id, self._key)

    def _replace(self, tree: Any, field: Field, prefix: str, seal: Callable[[Any, bytes], str]) -> Any:
        place = place_of(self._change.type.name, prefix + field.path, self._change.document.id)
        return replace_at(tree, field.path.split("."), lambda value: seal(value, place))

    def _encrypted(self, value: Any, place: bytes) -> str:
        # Nothing is looked for among events, so they hold no mark.
        return encrypted_text(self._key_id, self._key, "", value, place)

    def _personal(self, value: Any, place: bytes) -> str:
        if self._personal_key is None:
            self._personal_key = new_key()
        return personal_text(self._event_id, self._personal_key, value, place)

    def _subject(self) -> str:
        """Whom the document is about; itself where the link is not set."""
        subject, document = self._change.type.subject, self._change.document
        linked = self._change.stored.get(subject) if subject != SELF else None
        return str(linked or document.id)
