"""Enum and StrEnum of applets: members are plain objects, never subclasses of text or numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.runtime.classes import AppletMeta, AppletObject

MEMBERS = "__bos_members__"
# What authors do with a member as with the text it stands for; `format` is not among them.
_TEXT_METHODS = (
    "capitalize", "casefold", "count", "endswith", "find", "isdigit", "join", "lower", "partition", "removeprefix",
    "removesuffix", "replace", "rpartition", "split", "startswith", "strip", "title", "upper",
)  # fmt: skip


class Auto:
    """The value of a member whose author leaves it to us."""

    __slots__ = ()


class EnumMeta(AppletMeta, type):
    """Members cannot be added, changed or called into being."""

    @staticmethod
    def __make_derived__(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> type:
        return _make_enum(name, bases, namespace)

    def __iter__(cls) -> Iterator[Any]:
        return iter(cls.__dict__[MEMBERS].values())

    def __len__(cls) -> int:
        return len(cls.__dict__[MEMBERS])

    def __contains__(cls, value: Any) -> bool:
        return type(value) is cls or any(member.value == value for member in cls)

    def __getitem__(cls, name: str) -> Any:
        return cls.__dict__[MEMBERS][name]

    def __call__(cls, value: Any, *others: Any) -> Any:
        for member in cls if not others else ():
            if member is value or member.value == value:
                return member
        raise ValueError(f"{value!r} is not a valid {cls.__name__}")


class Enum(AppletObject, metaclass=EnumMeta):
    """A set of named values."""

    __bos_members__: dict[str, Any] = {}  # noqa: RUF012
    name: str
    value: Any

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

    def __str__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return self is other


class TextEnum(Enum):
    """What `class Kind(str, Enum)` makes: equal to its texts, and one of them where documents are concerned."""

    __bos_members__: dict[str, Any] = {}  # noqa: RUF012

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        return self is other or (type(other) is str and self.value == other)

    def __len__(self) -> int:
        return len(self.value)

    def __contains__(self, part: str) -> bool:
        return part in self.value


class StrEnum(TextEnum):
    """As TextEnum, and its text is the value."""

    __bos_members__: dict[str, Any] = {}  # noqa: RUF012

    def __str__(self) -> str:
        return str(self.value)


def _passed_on(method: str) -> Any:
    def call(self: TextEnum, *arguments: Any) -> Any:
        return getattr(self.value, method)(*arguments)

    return call


for _method in _TEXT_METHODS:
    type.__setattr__(TextEnum, _method, _passed_on(_method))


def unique(cls: Any) -> Any:
    """Refuse two names for one value."""
    names = list(cls.__dict__[MEMBERS])
    if len({member.name for member in cls}) < len(names):
        raise ValueError(f"{cls.__name__} has two names for one value")
    return cls


def _make_enum(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> type:
    base = TextEnum if bases == (str, Enum) else bases[0]
    if len(bases) > (2 if base is TextEnum else 1) or not isinstance(base, EnumMeta):
        raise TypeError("an Enum derives from Enum, StrEnum, or str and Enum")
    if base.__dict__[MEMBERS]:
        raise TypeError(f"{base.__name__} has members, so nothing derives from it")
    if "__init__" in namespace:
        raise TypeError("an Enum has no __init__: its values are written down")
    values = {key: value for key, value in namespace.items() if _is_member(key, value)}
    body = {key: value for key, value in namespace.items() if key not in values}
    members: dict[str, Any] = {}
    made = type.__new__(EnumMeta, name, (base,), {**body, MEMBERS: members})
    for position, (key, value) in enumerate(values.items(), start=1):
        if type(value) is Auto:
            value = key.lower() if issubclass(base, StrEnum) else position  # noqa: PLW2901
        if issubclass(base, TextEnum) and type(value) is not str:
            raise TypeError(f"{name}.{key} is a text, not {value!r}")
        members[key] = _member(made, key, value, members)
        type.__setattr__(made, key, members[key])
    return made


def _is_member(key: str, value: Any) -> bool:
    return not key.startswith("_") and not hasattr(type(value), "__get__") and not isinstance(value, type)


def _member(cls: type, name: str, value: Any, members: dict[str, Any]) -> Any:
    for known in members.values():
        if known.value == value:
            return known
    member: Any = object.__new__(cls)
    member.name, member.value = name, value
    return member
