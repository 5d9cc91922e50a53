"""A document type: its schema normalized, its fields by path, its rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, cast

from sdk.definition import QUALIFIED_NAME
from sdk.errors import Invalid, Violation
from sdk.expressions import parse
from sdk.lenses import LensChain, Stored, cast_to_schema
from sdk.schema.fields import Field, Kind, check_names, order_computed
from sdk.schema.numbering import NumberRule, read_number
from sdk.schema.protection import SELF, check_protection, read_personal
from sdk.schema.vocabulary import SCOPE_NAMES, SYSTEM_FIELDS, check_schema, json_type, kind_of

# Tenants' own fields; kept across upgrades, so no applet may declare one.
CUSTOM_PATTERN = "^custom_[a-z0-9_]{1,56}$"
_TYPE_ONLY = ("$schema", "$id")


class InvalidDocumentType(Invalid):
    """The document type {type} cannot be used: {count} fault(s) in its schema."""


@dataclass(frozen=True, eq=False)
class DocumentType:
    """One kind of document. Compared by identity; `digest` says whether two have the same schema.

    name: `applet.noun`. schema: normalized JSON Schema of the data fields. fields: by path, nested ones too.
    computed: fields with an expression, in the order they can be evaluated in. is_cached: few, read by many writes and
    seldom changed, so that they are kept in memory. subject: the field that links to whom personal fields are about, or
    `id`: the document itself. demanded: fields of the tenant's own that callers must give; documents may be without.
    version: of the schema, which documents are stored with. lenses: how documents of other versions are read, None
    where all have this one. is_mixed: documents of other versions may be stored now.
    """

    name: str
    title: str
    description: str
    collection: str
    title_field: str | None
    number: NumberRule | None
    company: Literal["required", "none"]
    schema: Mapping[str, Any]
    digest: str
    fields: Mapping[str, Field]
    computed: tuple[Field, ...] = ()
    is_cached: bool = False
    subject: str = SELF
    demanded: frozenset[str] = frozenset()
    version: int = 1
    lenses: LensChain | None = None
    is_mixed: bool = False

    @property
    def applet(self) -> str:
        return self.name.partition(".")[0]

    @property
    def noun(self) -> str:
        return self.name.partition(".")[2]

    @cached_property
    def links(self) -> tuple[Field, ...]:
        """Fields that point to other documents."""
        return tuple(field for field in self.fields.values() if field.link)

    @cached_property
    def unique(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if field.unique)

    @cached_property
    def indexed(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if field.index)

    @cached_property
    def searchable(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if field.search)

    @cached_property
    def encrypted(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if field.encrypted)

    @cached_property
    def personal(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields.values() if field.personal)

    @cached_property
    def is_protected(self) -> bool:
        """Whether it has encrypted or personal fields, so that not all of it is stored as it is."""
        return bool(self.encrypted or self.personal)

    def cast(self, stored: Stored) -> Stored:
        """A stored document of any version as this one has it; the same object where it is of this version.

        What this version has no field for waits in the keep-box. Raises CastFailed.
        """
        if stored.version == self.version:
            return stored
        return cast_to_schema(self.name, self.lenses, stored, self.version, self.schema)

    @cached_property
    def input_schema(self) -> Mapping[str, Any]:
        """The schema for what a caller sends: what hooks and expressions fill in later is not required yet."""
        relaxed = _without_filled(self.schema)
        if self.demanded:
            relaxed["required"] = [*relaxed.get("required", ()), *sorted(self.demanded)]
        return cast(Mapping[str, Any], relaxed)

    def extended(self, properties: Mapping[str, Any], demanded: Iterable[str] = ()) -> DocumentType:
        """This type with a tenant's own fields beside its own.

        properties: by their names, `custom_…`, schemas in the words of this vocabulary; they are not checked again.
        """
        own = {name: _normalize_field(field) for name, field in properties.items()}
        schema = {**self.schema, "properties": {**self.schema.get("properties", {}), **own}}
        fields = {field.path: field for field in _walk_fields({"properties": own}, "", False)}
        return replace(
            self,
            schema=schema,
            digest=digest_of(schema),
            fields={**self.fields, **fields},
            demanded=frozenset(demanded),
        )

    @classmethod
    def from_schema(cls, name: str, schema: Any) -> DocumentType:
        """The type of a schema file's content; raises InvalidDocumentType with all faults at once."""
        faults = check_schema(schema)
        if not QUALIFIED_NAME.fullmatch(name):
            faults.append(Violation("", "name", f"{name[:120]} is not a type's name", "applet.noun"))
        if faults:
            raise InvalidDocumentType(type=name, violations=faults)
        normal = normalize(schema)
        fields = {field.path: field for field in _walk_fields(normal, "", False)}
        check_names(fields, frozenset((*SYSTEM_FIELDS, *SCOPE_NAMES)), faults)
        computed = order_computed(fields, faults)
        _check_company(schema, fields, faults)
        check_protection(schema, fields, faults)
        if faults:
            raise InvalidDocumentType(type=name, violations=faults)
        noun = name.partition(".")[2]
        return cls(
            name=name,
            title=schema.get("title") or noun.replace("_", " ").capitalize(),
            description=schema.get("description", ""),
            collection=schema.get("x-collection", f"{noun}s"),
            title_field=schema.get("x-title") or ("number" if "x-number" in schema else None),
            number=read_number(schema.get("x-number")),
            company=schema.get("x-company", "none"),
            schema=normal,
            digest=digest_of(normal),
            fields=fields,
            computed=computed,
            is_cached=schema.get("x-cached", False),
            subject=schema.get("x-subject", SELF),
            version=schema.get("x-version", 1),
        )


def digest_of(schema: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON text."""
    text = json.dumps(schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def normalize(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A checked schema with everything said that its keywords imply: types, formats, closed objects."""
    normal = {**_normalize_object(schema), "additionalProperties": False, "patternProperties": {CUSTOM_PATTERN: {}}}
    return {key: value for key, value in normal.items() if key not in _TYPE_ONLY}


def _normalize_object(schema: Mapping[str, Any]) -> dict[str, Any]:
    normal = {**schema, "type": "object"}
    if "properties" in schema:
        normal["properties"] = {name: _normalize_field(field) for name, field in schema["properties"].items()}
        normal.setdefault("additionalProperties", False)
    return normal


def _normalize_field(schema: Mapping[str, Any]) -> dict[str, Any]:
    kind = kind_of(schema) or "object"
    if kind == "object":
        return _normalize_object(schema)
    normal = {**schema, "type": json_type(kind)}
    if kind == "array":
        normal["items"] = _normalize_field(schema["items"])
    elif kind in ("uuid", "decimal"):
        normal["format"] = kind
    return normal


def _walk_fields(schema: Mapping[str, Any], prefix: str, in_array: bool) -> Iterator[Field]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        yield _read_field(path, field, name in required, in_array)
        if field["type"] == "object":
            yield from _walk_fields(field, f"{path}.", in_array)
        elif field["type"] == "array":
            yield from _walk_fields(field["items"], f"{path}.", True)


def _read_field(path: str, schema: Mapping[str, Any], required: bool, in_array: bool) -> Field:
    limits = schema.get("x-decimal", {})
    computed = schema.get("x-computed")
    unique = schema.get("x-unique")
    return Field(
        path=path,
        kind=cast(Kind, kind_of(schema)),
        schema=schema,
        scale=limits.get("scale"),
        minimum=Decimal(limits["min"]) if "min" in limits else None,
        maximum=Decimal(limits["max"]) if "max" in limits else None,
        link=schema.get("x-link") or schema.get("items", {}).get("x-link"),
        index=schema.get("x-index", False),
        unique="company" if unique == "company" else "tenant" if unique else None,
        search=schema.get("x-search", False),
        computed=parse(computed) if computed is not None else None,
        read_only=schema.get("readOnly", False) or computed is not None,
        required=required,
        in_array=in_array,
        encrypted=schema.get("x-encrypted", False),
        personal=read_personal(schema),
    )


def _check_company(schema: Mapping[str, Any], fields: Mapping[str, Field], faults: list[Violation]) -> None:
    for field in fields.values():
        if field.unique == "company" and schema.get("x-company") != "required":
            where = f"/properties/{field.path}/x-unique"
            faults.append(Violation(where, "company", "the type has no company to be unique in", "x-company: required"))


def _without_filled(schema: Mapping[str, Any]) -> dict[str, Any]:
    relaxed = dict(schema)
    properties: Mapping[str, Any] = schema.get("properties", {})
    if properties:
        relaxed["properties"] = {name: _without_filled(field) for name, field in properties.items()}
    if "required" in schema:
        relaxed["required"] = [name for name in schema["required"] if not _is_filled(properties[name])]
        # OpenAPI 3.0 takes no empty list.
        if not relaxed["required"]:
            del relaxed["required"]
    if isinstance(schema.get("items"), Mapping):
        relaxed["items"] = _without_filled(schema["items"])
    return relaxed


def _is_filled(field: Mapping[str, Any]) -> bool:
    return "x-computed" in field or field.get("readOnly") is True
