"""Fields of document types, and the order in which computed ones depend on each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sdk.errors import Violation
from sdk.expressions import Expression
from sdk.nearest import nearest_or_all

Kind = Literal["text", "decimal", "integer", "boolean", "date", "instant", "uuid", "object", "array"]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field, at any depth. path: `total`, `address.city`, `lines.amount` (an array's own name, no index).

    scale: digits after the point of a decimal, None = any. link: document type an id points to, `*` = any; on an
    array of ids it stands on the array. unique: among the tenant's or the company's documents of the type.
    in_array: an array is on the way to it, so that a document has several of it. personal: the category of a person's
    data it is. schema: its normalized JSON Schema.
    """

    path: str
    kind: Kind
    schema: Mapping[str, Any]
    scale: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    link: str | None = None
    index: bool = False
    unique: Literal["tenant", "company"] | None = None
    search: bool = False
    computed: Expression | None = None
    read_only: bool = False
    required: bool = False
    in_array: bool = False
    encrypted: bool = False
    personal: str | None = None

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def parent(self) -> str:
        """The path of the object or array it is in, empty at the top."""
        return self.path.rpartition(".")[0]


def pointer_of(path: str) -> str:
    """Where a field is declared in its schema, for faults of the schema."""
    return "".join(f"/properties/{part}" for part in path.split("."))


def mentioned_paths(field: Field) -> frozenset[str]:
    """The field paths a computed field's expression names: siblings by name, the document's by `document.`"""
    if field.computed is None:
        return frozenset()
    if not field.parent:
        return frozenset(field.computed.names)
    return frozenset(
        name.removeprefix("document.") if name.startswith("document.") else f"{field.parent}.{name}"
        for name in field.computed.names
    )


def check_names(fields: Mapping[str, Field], known: frozenset[str], faults: list[Violation]) -> None:
    """Computed fields name only what there is. known: what else expressions may name: system fields, the world."""
    top = {path.partition(".")[0] for path in fields} | known
    for field in fields.values():
        prefix = f"{field.parent}." if field.parent else ""
        beside = {path.removeprefix(prefix).partition(".")[0] for path in fields if path.startswith(prefix)}
        for name in field.computed.names if field.computed is not None else ():
            root, _, rest = name.partition(".")
            if field.parent and root == "document" and rest:
                root, allowed = rest.partition(".")[0], top
            else:
                allowed = beside | known | ({"document"} if field.parent else set())
            if root not in allowed and not root.startswith("custom_"):
                where = f"{pointer_of(field.path)}/x-computed"
                faults.append(Violation(where, "unknown_field", f"there is no {name}", nearest_or_all(root, allowed)))


def order_computed(fields: Mapping[str, Field], faults: list[Violation]) -> tuple[Field, ...]:
    """Computed fields, each after those it needs; a circle is a fault of the field that closes it."""
    computed = {path: field for path, field in fields.items() if field.computed is not None}
    needs = {path: _needed(field, computed) for path, field in computed.items()}
    ordered: dict[str, Field] = {}

    def visit(path: str, trail: tuple[str, ...]) -> None:
        if path in trail:
            circle = " → ".join((*trail[trail.index(path) :], path))
            faults.append(Violation(f"{pointer_of(path)}/x-computed", "computed_circle", f"{circle} is a circle"))
            return
        if path in ordered:
            return
        for needed in needs[path]:
            visit(needed, (*trail, path))
        ordered.setdefault(path, computed[path])

    for path in computed:
        visit(path, ())
    return tuple(ordered.values())


def _needed(field: Field, computed: Mapping[str, Field]) -> list[str]:
    named = mentioned_paths(field)
    # `sum(line.amount for line in lines)` names `lines` and `lines.amount`, and needs only the latter.
    precise = [name for name in named if not any(other.startswith(f"{name}.") for other in named)]
    return [path for path in computed if any(_overlap(path, name) for name in precise)]


def _overlap(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.") or name.startswith(f"{path}.")
