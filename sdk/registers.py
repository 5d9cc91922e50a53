"""Accumulation registers: their definition, movements, and the pure rules movements keep to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sdk.definition import QUALIFIED_NAME, Reader
from sdk.document_errors import DimensionNotText, DimensionTooLong
from sdk.errors import Conflict, Invalid, Violation
from sdk.nearest import nearest_or_all
from sdk.values import decimal_text

DIMENSIONS_MAX = 8
RESOURCES_MAX = 4
# Totals are kept by all dimensions together, and a key of PostgreSQL's holds 2,700 bytes.
DIMENSION_BYTES_MAX = 250
SCALE_MAX = 12
REGISTER_KEYS = ("name", "title", "description", "dimensions", "resources", "balanced", "non_negative")
DIMENSION_KEYS = ("name", "title", "link")
RESOURCE_KEYS = ("name", "title", "scale")
# What reports and queries call a movement's own columns.
RESERVED_NAMES = ("document", "occurred_at", "company_id", "param", "actor", "today")


class InvalidRegister(Invalid):
    """The register {register} cannot be used: {count} fault(s) in its definition."""


class UnknownDimension(Invalid):
    """The register {register} has no dimension {dimension}; expected {expected}."""


class UnknownResource(Invalid):
    """The register {register} has no resource {resource}; expected {expected}."""


class ForeignMovement(Invalid):
    """A movement of register {actual} was given to register {register}."""


class RegisterUnbalanced(Conflict):
    """The movements in register {register} do not balance: {difference} of {resource} is left."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """What movements are told apart by. link: document type its values are ids of."""

    name: str
    title: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """What is summed. scale: digits after the point, None = any."""

    name: str
    title: str
    scale: int | None = None


@dataclass(frozen=True)
class Register:
    """A register's definition. balanced / non_negative: the name of the first resource, where that rule holds."""

    name: str
    title: str
    dimensions: tuple[Dimension, ...]
    resources: tuple[Resource, ...]
    description: str = ""
    balanced: str | None = None
    non_negative: str | None = None

    @property
    def applet(self) -> str:
        return self.name.partition(".")[0]

    def slot_of_dimension(self, name: str) -> str:
        """The column a dimension is stored in: d1 to d8. Raises UnknownDimension."""
        return f"d{_position(self, name, self.dimensions, UnknownDimension, 'dimension')}"

    def slot_of_resource(self, name: str) -> str:
        """The column a resource is stored in: r1 to r4. Raises UnknownResource."""
        return f"r{_position(self, name, self.resources, UnknownResource, 'resource')}"

    def dimension(self, name: str) -> Dimension:
        """Raises UnknownDimension."""
        return self.dimensions[_position(self, name, self.dimensions, UnknownDimension, "dimension") - 1]

    def check_dimension(self, name: str, value: Any) -> None:
        """Whether a movement may have this value. Raises UnknownDimension, DimensionNotText, DimensionTooLong."""
        self.dimension(name)
        if not isinstance(value, str):
            raise DimensionNotText(register=self.name, dimension=name)
        if len(value.encode(errors="replace")) > DIMENSION_BYTES_MAX:
            raise DimensionTooLong(register=self.name, dimension=name, maximum=DIMENSION_BYTES_MAX)

    def resource(self, name: str) -> Resource:
        """Raises UnknownResource."""
        return self.resources[_position(self, name, self.resources, UnknownResource, "resource") - 1]

    @classmethod
    def from_data(cls, data: Any) -> Register:
        """The register of a file's content; raises InvalidRegister with all faults."""
        faults: list[Violation] = []
        register = read_register(data, faults)
        if faults:
            raise InvalidRegister(register=register.name, violations=faults)
        return register


@dataclass(frozen=True, slots=True)
class Movement:
    """One signed line of a register. dimensions: text values, a missing one is ""; resources: amounts by name."""

    register: str
    occurred_at: date | datetime
    dimensions: Mapping[str, str]
    resources: Mapping[str, Decimal]
    company_id: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """A sum: of the resources, for these values of the dimensions it was grouped by."""

    dimensions: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What `ctx.registers.balances` is asked: the arguments of `balance`."""

    register: str
    at: date | datetime | None = None
    where: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    group_by: Sequence[str] = ()
    company_id: str | None = None


def _position(
    register: Register,
    name: str,
    items: Sequence[Dimension | Resource],
    error: type[Invalid],
    what: str,
) -> int:
    for position, item in enumerate(items, 1):
        if item.name == name:
            return position
    expected = nearest_or_all(name, (item.name for item in items))
    details: dict[str, Any] = {"register": register.name, "expected": expected, what: name}
    raise error(**details)


def check_movements(register: Register, movements: Iterable[Movement]) -> None:
    """The rules the movements one document makes at once keep to.

    Raises UnknownDimension, UnknownResource, ForeignMovement; RegisterUnbalanced where debit is not credit.
    """
    rests: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for movement in movements:
        if movement.register != register.name:
            raise ForeignMovement(register=register.name, actual=movement.register)
        for dimension in movement.dimensions:
            register.dimension(dimension)
        for resource in movement.resources:
            register.resource(resource)
        if register.balanced:
            rests[movement.company_id] += movement.resources.get(register.balanced, Decimal(0))
    for company_id, rest in rests.items():
        if rest:
            raise RegisterUnbalanced(
                register=register.name, resource=register.balanced, company_id=company_id, difference=decimal_text(rest)
            )


def reverse(movements: Iterable[Movement], occurred_at: date | datetime | None = None) -> list[Movement]:
    """The opposite movements, at their own moments unless one is given."""
    return [
        replace(
            movement,
            occurred_at=occurred_at or movement.occurred_at,
            resources={name: -amount for name, amount in movement.resources.items()},
        )
        for movement in movements
    ]


def read_register(data: Any, faults: list[Violation]) -> Register:
    """The register as far as it can be read; what is wrong goes to `faults`."""
    reader = Reader(data, faults)
    reader.keys(REGISTER_KEYS, ("name", "title", "dimensions", "resources"))
    register = Register(
        name=reader.name("name", QUALIFIED_NAME, "applet.register"),
        title=reader.text("title"),
        description=reader.text("description"),
        dimensions=tuple(_read_dimension(item) for item in reader.items("dimensions")),
        resources=tuple(_read_resource(item) for item in reader.items("resources")),
        balanced=_rule(reader, "balanced"),
        non_negative=_rule(reader, "non_negative"),
    )
    _check_counts(register, reader)
    _check_rules(register, reader)
    return register


def _rule(reader: Reader, key: str) -> str | None:
    return reader.name(key) or None if reader.data.get(key) is not None else None


def _read_name(reader: Reader) -> tuple[str, str]:
    name = reader.name("name")
    if name in RESERVED_NAMES:
        reader.fault("name", "reserved_name", f"{name} is reserved", "another name")
    return name, reader.text("title", name.replace("_", " ").capitalize())


def _read_dimension(reader: Reader) -> Dimension:
    reader.keys(DIMENSION_KEYS, ("name",))
    name, title = _read_name(reader)
    link = reader.text("link")
    if link and link != "*" and not QUALIFIED_NAME.fullmatch(link):
        reader.fault("link", "link", "not a document type", "applet.noun, or * for any")
    return Dimension(name, title, link or None)


def _read_resource(reader: Reader) -> Resource:
    reader.keys(RESOURCE_KEYS, ("name",))
    name, title = _read_name(reader)
    return Resource(name, title, reader.integer("scale", 0, SCALE_MAX))


def _check_counts(register: Register, reader: Reader) -> None:
    if not 1 <= len(register.dimensions) <= DIMENSIONS_MAX:
        reader.fault("dimensions", "count", "too few or too many dimensions", f"1 to {DIMENSIONS_MAX}")
    if not 1 <= len(register.resources) <= RESOURCES_MAX:
        reader.fault("resources", "count", "too few or too many resources", f"1 to {RESOURCES_MAX}")
    items: list[Dimension | Resource] = [*register.dimensions, *register.resources]
    names = [item.name for item in items if item.name]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.fault("", "duplicate_name", f"{name} is there twice", "different names")


def _check_rules(register: Register, reader: Reader) -> None:
    first = register.resources[0].name if register.resources else ""
    for key, resource in (("balanced", register.balanced), ("non_negative", register.non_negative)):
        # The database holds these rules on the first slot only.
        if resource is not None and resource != first:
            reader.fault(key, "first_resource", f"{key} must be the first resource", first)
