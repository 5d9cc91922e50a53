"""The methods of dataclasses, generated once for each shape, as fast as those of the standard library.

Their text is made of names the policy has checked, and compiled here: fresh globals for every call would else compile
them anew every time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

# Shapes kept; an applet has far fewer dataclasses.
SHAPES_MAX = 1_000
MISSING = dataclasses.MISSING
_SET = object.__setattr__


class RecordShape(NamedTuple):
    """What decides the text. fields: name, kind of default, init, repr, compare, keyword only."""

    fields: tuple[tuple[str, str, bool, bool, bool, bool], ...]
    frozen: bool
    has_post_init: bool


def methods_of(shape: RecordShape, specs: Mapping[str, Any]) -> dict[str, Any]:
    """The methods by their names without underscores, for these defaults."""
    defaults = [s.default if s.default is not MISSING else s.default_factory for s in specs.values()]
    made: dict[str, Any] = _factory(shape)(defaults)
    return made


@lru_cache(SHAPES_MAX)
def _factory(shape: RecordShape) -> Callable[[list[Any]], dict[str, Any]]:
    lines = ["def make(__defaults):", *_init_lines(shape), *_other_lines(shape)]
    namespace: dict[str, Any] = {
        "__missing": MISSING, "__set": _SET, "__hash_of": hash, "__frozen": _refuse_write,
        "__frozen_del": _refuse_delete,
    }  # fmt: skip
    exec("\n".join(lines), namespace)
    factory: Callable[[list[Any]], dict[str, Any]] = namespace["make"]
    return factory


def _init_lines(shape: RecordShape) -> list[str]:
    positional = [_parameter(index, each) for index, each in enumerate(shape.fields) if each[2] and not each[5]]
    keyword = [_parameter(index, each) for index, each in enumerate(shape.fields) if each[2] and each[5]]
    parameters = ", ".join(["__self, /", *positional, *(["*", *keyword] if keyword else [])])
    lines = [f"  def init({parameters}):"]
    for index, (name, kind, is_init, *_) in enumerate(shape.fields):
        if kind == "factory":
            made = f"__defaults[{index}]()"
            value = f"{made} if {name} is __missing else {name}" if is_init else made
        elif is_init:
            value = name
        else:
            # Its default is an attribute of the class.
            continue
        lines.append(f"    __set(__self, {name!r}, {value})" if shape.frozen else f"    __self.{name} = {value}")
    lines.append("    __self.__post_init__()" if shape.has_post_init else "    return None")
    return lines


def _parameter(index: int, field: tuple[str, str, bool, bool, bool, bool]) -> str:
    name, kind = field[0], field[1]
    default = {"none": "", "default": f"=__defaults[{index}]", "factory": "=__missing"}[kind]
    return name + default


def _other_lines(shape: RecordShape) -> list[str]:
    shown = ", ".join(f"{each[0]}={{__self.{each[0]}!r}}" for each in shape.fields if each[3])
    own, other = (_tuple_of(shape, owner) for owner in ("__self", "__other"))
    lines = [f"  def repr(__self): return f'{{type(__self).__name__}}({shown})'"]
    for name, sign in (("eq", "=="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
        lines.append(f"  def {name}(__self, __other):")
        lines.append(f"    return {own} {sign} {other} if type(__self) is type(__other) else NotImplemented")
    lines.append(f"  def hash(__self): return __hash_of({own})")
    lines.append("  return {'init': init, 'repr': repr, 'eq': eq, 'lt': lt, 'le': le, 'gt': gt, 'ge': ge,")
    lines.append("    'hash': hash, 'setattr': __frozen, 'delattr': __frozen_del}")
    return lines


def _tuple_of(shape: RecordShape, owner: str) -> str:
    return "(" + "".join(f"{owner}.{each[0]}, " for each in shape.fields if each[4]) + ")"


def _refuse_write(self: Any, name: str, value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
