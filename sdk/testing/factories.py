"""Valid documents made from their types: the same seed makes the same document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from sdk.document import Document
from sdk.schema import DocumentType
from sdk.testing.kernel import FakeKernel
from sdk.values import decimal_text, instant_text

FIRST_DAY = date(2026, 1, 15)
LINKS_DEPTH_MAX = 8
_FORMATS = {"email": "person{seed}@example.org", "currency": "EUR"}
# Tried in turn where a text must match a pattern.
_CANDIDATES = (
    "{word}{seed}", "{seed}", "{word}", "{WORD}", "DE", "EUR", "A", "a", "A{seed}", "a{seed}", "0{seed}", "DE{seed:09}",
    "{seed:04}", "{seed:06}", "{seed:08}", "{word}.{word}", "#0{seed:05}", "Europe/Berlin", "https://example.org/{seed}",
)  # fmt: skip

# Gives the id a link field should hold: of a document of this type.
LinkTo = Callable[[str], str]
Overrides = Mapping[str, Any]


class FactoryStuck(Exception):
    """The factory cannot think of a value; give it one, or write `examples` into the schema."""


def make(type: DocumentType, *, seed: int = 1, link: LinkTo | None = None, **overrides: Any) -> dict[str, Any]:
    """JSON data of a document with all that is required and nothing else, overrides laid over it.

    Texts of different seeds differ, so that unique fields do. link: without it links hold ids of nothing.
    """
    maker = _Maker(seed, link or _random_ids(seed))
    return maker.object(type.input_schema, overrides)


class Factory:
    """Makes and creates documents of a fake tenant, with the documents they link to.

    overrides: by type, what its documents must have beyond their schema; a function is given the factory.
    """

    def __init__(
        self, kernel: FakeKernel, overrides: Mapping[str, Overrides | Callable[[Factory], Overrides]] | None = None
    ) -> None:
        self.kernel = kernel
        self.overrides = overrides or {}
        self.count = 0
        self._depth = 0

    def make(self, type_name: str, **overrides: Any) -> dict[str, Any]:
        """Data whose links lead to documents created for them."""
        self.count += 1
        seed = self.count
        own = self.overrides.get(type_name, {})
        wanted = {**(own(self) if callable(own) else own), **overrides}
        return make(self.kernel.catalogue.type(type_name), seed=seed, link=self.link, **wanted)

    def create(self, type_name: str, **overrides: Any) -> Document:
        return self.kernel.documents.create(type_name, self.make(type_name, **overrides))

    def link(self, type_name: str) -> str:
        """The id of a document of this type: one there is, else a new one."""
        wanted = "kernel.company" if type_name == "*" else type_name
        for document in self.kernel.store.tables.documents.values():
            if document.type == wanted and not document.is_deleted:
                return document.id
        if self._depth >= LINKS_DEPTH_MAX:
            raise FactoryStuck(f"{type_name} needs itself to be created; give its link by overrides")
        self._depth += 1
        try:
            return self.create(wanted).id
        finally:
            self._depth -= 1


def _random_ids(seed: int) -> LinkTo:
    random = Random(seed)
    return lambda type_name: str(UUID(int=random.getrandbits(128), version=4))


class _Maker:
    def __init__(self, seed: int, link: LinkTo) -> None:
        self.seed = seed
        self.link = link

    def object(self, schema: Mapping[str, Any], given: Overrides) -> dict[str, Any]:
        made = dict(given)
        # Of alternatives the first is as good as any.
        choices = [branch for key in ("anyOf", "oneOf") for branch in schema.get(key, ())[:1]]
        wanted = [name for part in (schema, *choices) for name in part.get("required", ())]
        for name in wanted:
            if name not in made:
                made[name] = self.value(name, schema["properties"][name])
        return {name: value for name, value in made.items() if value is not None}

    def value(self, name: str, schema: Mapping[str, Any]) -> Any:
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        if "x-link" in schema:
            return [self.link(schema["x-link"])] if schema["type"] == "array" else self.link(schema["x-link"])
        return self._typed(name, schema)

    def _typed(self, name: str, schema: Mapping[str, Any]) -> Any:
        match schema["type"]:
            case "object":
                return self.object(schema, {})
            case "array":
                return [self.value(name, schema["items"]) for _ in range(max(1, schema.get("minItems", 0)))]
            case "integer":
                return self._integer(schema)
            case "boolean":
                return False
            case _:
                return self._formatted(name, schema)

    def _integer(self, schema: Mapping[str, Any]) -> int:
        low = min(1, schema.get("maximum", 1))
        if "minimum" in schema or "exclusiveMinimum" in schema:
            low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        step = schema.get("multipleOf", 1)
        return int(-(-low // step) * step)

    def _formatted(self, name: str, schema: Mapping[str, Any]) -> str:
        match schema.get("format"):
            case "decimal":
                return _decimal(schema.get("x-decimal", {}))
            case "date":
                return FIRST_DAY.isoformat()
            case "date-time":
                return instant_text(datetime(2026, 1, 15, 12, tzinfo=UTC) + timedelta(minutes=self.seed))
            case "uuid":
                return str(UUID(int=self.seed, version=4))
            case str() as format:
                return _FORMATS[format].format(seed=self.seed)
            case _:
                return self._text(name, schema)

    def _text(self, name: str, schema: Mapping[str, Any]) -> str:
        low, high = schema.get("minLength", 0), schema.get("maxLength", 10_000)
        if "pattern" not in schema:
            text = f"{schema.get('title', name)} {self.seed}"
            return (text if len(text) <= high else str(self.seed)[-high:]).ljust(low, "x")
        for candidate in _CANDIDATES:
            text = candidate.format(word=name.replace("_", ""), WORD=name.upper().replace("_", ""), seed=self.seed)
            if re.search(schema["pattern"], text) and low <= len(text) <= high:
                return text
        raise FactoryStuck(f"{name} must match {schema['pattern']}: write an example into the schema")


def _decimal(limits: Mapping[str, Any]) -> str:
    number = max(Decimal(1), Decimal(limits.get("min", 1)))
    return decimal_text(min(number, Decimal(limits.get("max", number))), limits.get("scale"))
