"""What was protected, in the clear again: documents for their readers, events as long as their keys are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, Self, TypeVar

from kernel.context import KernelContext
from kernel.secrets.cipher import DoesNotOpen
from kernel.secrets.errors import SecretUnreadable
from kernel.secrets.sealed import key_id_of, put_back
from kernel.secrets.subject_keys import read_subject_keys
from kernel.secrets.tenant_keys import data_keys, find_keys
from kernel.secrets.tokens import Token, find_tokens, place_of, read_token, replace_at, replace_each
from sdk.event import Event
from sdk.schema import DocumentType, find_values

# What people see where a value was that was erased.
ERASED = "[erased]"


class DocumentRow(Protocol):
    """A stored document: `kernel.documents.rows.Row`."""

    @property
    def id(self) -> str: ...
    @property
    def data(self) -> dict[str, Any]: ...
    def _replace(self, *, data: dict[str, Any]) -> Self: ...


AnyRow = TypeVar("AnyRow", bound=DocumentRow)

# Aggregate type, aggregate id and payload of an event.
Told = tuple[str, str, Mapping[str, Any]]


def reveal(ctx: KernelContext, type: DocumentType, document_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """A stored document's fields in the clear. Raises SecretUnreadable."""
    if not type.encrypted:
        return data
    tokens = {field.path: token for field in type.encrypted if (token := _token_at(data, field.path))}
    keys = data_keys(ctx, (token.key_id for token in tokens.values()))
    for path, token in tokens.items():
        value = _open(keys[token.key_id], token, type.name, path, document_id)
        data = replace_at(data, path.split("."), _constant(value))
    return data


def reveal_each(ctx: KernelContext, type: DocumentType, rows: list[AnyRow]) -> list[AnyRow]:
    """Rows of one type with their fields in the clear; as they are where the type has no encrypted ones."""
    if not type.encrypted:
        return rows
    return [row._replace(data=reveal(ctx, type, row.id, row.data)) for row in rows]


def reveal_payloads(
    ctx: KernelContext, events: Sequence[Told], *, erased: str | None = None
) -> list[Mapping[str, Any]]:
    """Payloads of events in the clear, with two statements at most.

    erased: what stands for values whose key was destroyed; None is no value. Raises SecretUnreadable.
    """
    found = [_key_ids(payload) for _, _, payload in events]
    if not any(found):
        return [payload for _, _, payload in events]
    keys = _keys_of(ctx, events, {id for ids in found for id in ids})
    return [_reveal(ctx, event, keys, erased) if ids else event[2] for event, ids in zip(events, found, strict=True)]


def reveal_events(ctx: KernelContext, events: Sequence[Event], *, erased: str | None = None) -> list[Event]:
    """The same for whole events."""
    told = [(event.aggregate_type, event.aggregate_id, event.payload) for event in events]
    shown = zip(events, reveal_payloads(ctx, told, erased=erased), strict=True)
    return [event if event.payload is payload else replace(event, payload=payload) for event, payload in shown]


def _reveal(ctx: KernelContext, event: Told, keys: Mapping[str, bytes], erased: str | None) -> Mapping[str, Any]:
    type_name, id, payload = event
    if key_id := key_id_of(payload):
        try:
            payload = put_back(payload, keys.get(key_id), type_name, id, erased)
        except (DoesNotOpen, ValueError):
            raise SecretUnreadable(what=f"what an event tells of a {type_name}") from None
    type = ctx.runtime.catalogue.types.get(type_name)
    declared = {field.path for field in type.encrypted} if type else set()

    def value(path: str, stored: Any) -> Any:
        token = read_token(stored)
        if token is None:
            return stored
        try:
            return _open(keys.get(token.key_id, b""), token, type_name, path, id)
        except SecretUnreadable:
            # Anybody may write a text that looks like one into a field that is not protected.
            if path in declared:
                raise
            return token.text

    return {**payload, "diff": replace_each(payload["diff"], value)} if "diff" in payload else payload


def _key_ids(payload: Mapping[str, Any]) -> set[str]:
    ids = {token.key_id for token in find_tokens(payload.get("diff"))}
    sealed = key_id_of(payload)
    return ids | {sealed} if sealed else ids


def _keys_of(ctx: KernelContext, events: Sequence[Told], ids: set[str]) -> dict[str, bytes]:
    """By id. Those of persons are not kept: what was destroyed shall be unreadable at once, everywhere."""
    sealed = [id for _, _, payload in events if (id := key_id_of(payload))]
    personal = read_subject_keys(ctx.uow, sealed)
    keys = find_keys(ctx, (ids - set(sealed)) | {key.wrapped_by for key in personal})
    try:
        return keys | {key.id: key.unwrap(keys[key.wrapped_by]) for key in personal}
    except (DoesNotOpen, KeyError):
        raise SecretUnreadable(what="the key of an event") from None


def _token_at(data: Mapping[str, Any], path: str) -> Token | None:
    return next((read_token(value) for _, value in find_values(data, path)), None)


def _constant(value: Any) -> Any:
    return lambda _: value


def _open(key: bytes, token: Token, type: str, path: str, document_id: str) -> Any:
    try:
        return token.open(key, place_of(type, path, document_id))
    except (DoesNotOpen, ValueError):
        raise SecretUnreadable(what=f"{type}.{path}") from None
