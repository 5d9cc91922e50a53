"""collections.namedtuple without `exec`."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from sandbox.policy.names import attribute_fault, is_guarded

NAMED_TUPLE_NAMES = frozenset({"_asdict", "_fields", "_make", "_replace"})


class NamedTupleMeta(type):
    """Of every named tuple an applet makes."""


def namedtuple(name: str, fields: str | Iterable[str], *, defaults: Iterable[Any] = ()) -> type:
    """A tuple whose items have names. Raises ValueError for a name that no attribute may have."""
    names = tuple(fields.replace(",", " ").split() if type(fields) is str else fields)
    for field in names:
        if type(field) is not str or not field.isidentifier() or attribute_fault(field) or is_guarded(field):
            raise ValueError(f"{field!r} is no name of a field")
    if type(name) is not str or not name.isidentifier() or len(set(names)) < len(names):
        raise ValueError("a named tuple has a name, and different names for its fields")
    given = tuple(defaults)
    missing = dict(zip(names[len(names) - len(given) :], given, strict=True))

    def make(cls: type, *values: Any, **named: Any) -> Any:
        return tuple.__new__(cls, _arranged(name, names, missing, values, named))

    def replace(self: Any, **changes: Any) -> Any:
        return type(self)(**{**dict(zip(names, self, strict=True)), **changes})

    def show(self: Any) -> str:
        return f"{name}({', '.join(f'{field}={value!r}' for field, value in zip(names, self, strict=True))})"

    namespace: dict[str, Any] = {field: property(itemgetter(index)) for index, field in enumerate(names)}
    namespace |= {"__slots__": (), "__match_args__": names, "__new__": make, "__repr__": show, "_fields": names}
    namespace |= {"_replace": replace, "_asdict": lambda self: dict(zip(names, self, strict=True))}
    namespace |= {"_make": classmethod(lambda cls, values: cls(*values))}
    return NamedTupleMeta(name, (tuple,), namespace)


def _arranged(
    name: str, names: tuple[str, ...], missing: dict[str, Any], values: tuple[Any, ...], named: dict[str, Any]
) -> list[Any]:
    if len(values) > len(names):
        raise TypeError(f"{name} takes {len(names)} values, not {len(values)}")
    items = {**missing, **dict(zip(names, values, strict=False))}
    for key, value in named.items():
        if key not in names or key in names[: len(values)]:
            raise TypeError(f"{name} takes no further {key}")
        items[key] = value
    absent = [field for field in names if field not in items]
    if absent:
        raise TypeError(f"{name} misses {', '.join(absent)}")
    return [items[field] for field in names]
