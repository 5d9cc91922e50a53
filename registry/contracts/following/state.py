"""Variables and the heap of lists, dicts and objects, as they stand at one point of the code."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from registry.contracts.following.values import NOTHING, Doc, Ref, Tuple, Value, join


@dataclass(frozen=True)
class ListCell:
    """items: each of them where their number is known, else None and `every` says what they may be."""

    items: tuple[Value, ...] | None
    every: Value = NOTHING

    def any_item(self) -> Value:
        return self.every if self.items is None else join((*self.items, self.every))


@dataclass(frozen=True)
class DictCell:
    """known: values by key. sure: keys that are there for certain. rest: values under keys that are not known.

    copied: documents of which all fields were copied in. is_open: there may be more keys.
    """

    known: Mapping[str, Value] = field(default_factory=dict)
    sure: frozenset[str] = frozenset()
    rest: Value = NOTHING
    copied: frozenset[Doc] = frozenset()
    is_open: bool = False


@dataclass(frozen=True)
class ObjectCell:
    """An object of a class of the applet's, by module and name."""

    module: str
    name: str
    members: Mapping[str, Value] = field(default_factory=dict)


Cell: TypeAlias = ListCell | DictCell | ObjectCell


class State:
    """What is known where code is being followed. is_dead: it never comes here, having returned or raised."""

    def __init__(self, names: dict[str, Value] | None = None, heap: dict[int, Cell] | None = None) -> None:
        self.names, self.heap = names or {}, heap or {}
        self.is_dead = False

    def copy(self) -> State:
        made = State(dict(self.names), dict(self.heap))
        made.is_dead = self.is_dead
        return made

    def become(self, other: State) -> None:
        """Go on as the other."""
        self.names, self.heap, self.is_dead = other.names, other.heap, other.is_dead


def join_states(first: State, second: State) -> State:
    """Where two ways meet; a way that ends counts for nothing."""
    if first.is_dead or second.is_dead:
        return (second if first.is_dead else first).copy()
    joined = State(dict(first.names), join_heaps(first.heap, second.heap))
    for name, value in second.names.items():
        known = joined.names.get(name)
        joined.names[name] = value if known is None or known == value else join((known, value))
    return joined


def join_heaps(first: dict[int, Cell], second: dict[int, Cell]) -> dict[int, Cell]:
    joined = dict(first)
    for cell, content in second.items():
        known = joined.get(cell)
        joined[cell] = content if known is None or known is content else join_cells(known, content)
    return joined


def join_cells(first: Cell, second: Cell) -> Cell:
    if isinstance(first, DictCell) and isinstance(second, DictCell):
        known = {key: join((first.known.get(key, NOTHING), second.known.get(key, NOTHING))) for key in
                 {**first.known, **second.known}}  # fmt: skip
        return DictCell(
            known,
            first.sure & second.sure,
            join((first.rest, second.rest)),
            first.copied | second.copied,
            first.is_open or second.is_open,
        )
    if isinstance(first, ListCell) and isinstance(second, ListCell):
        if first.items is not None and second.items is not None and len(first.items) == len(second.items):
            items = tuple(join(pair) for pair in zip(first.items, second.items, strict=True))
            return ListCell(items, join((first.every, second.every)))
        return ListCell(None, join((first.any_item(), second.any_item())))
    if isinstance(first, ObjectCell) and isinstance(second, ObjectCell):
        names = {**first.members, **second.members}
        members = {name: join((first.members.get(name, NOTHING), second.members.get(name, NOTHING))) for name in names}
        return replace(first, members=members)
    return first


@dataclass
class Frame:
    """One call being followed. stack: functions it was reached through. outer: variables of the function around it.

    exits: states at each `break` and `continue` of the loops being followed, the innermost last.
    """

    module: str
    state: State
    stack: tuple[tuple[str, str, int], ...] = ()
    outer: Mapping[str, Value] | None = None
    cls: str = ""
    returned: list[tuple[Value, State]] = field(default_factory=list)
    yielded: list[Value] = field(default_factory=list)
    exits: list[list[State]] = field(default_factory=list)
    is_module: bool = False


@dataclass(frozen=True)
class Given:
    """Arguments of a call. is_open: more may come by `*` or `**` of something not known."""

    positional: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    is_open: bool = False

    def get(self, index: int, name: str) -> Value | None:
        """By its name, else by its place."""
        if name in self.keywords:
            return self.keywords[name]
        return self.positional[index] if index < len(self.positional) else None

    def everything(self) -> tuple[Value, ...]:
        return (*self.positional, *self.keywords.values())


def has_refs(value: Value) -> bool:
    """Whether a value leads into the heap."""
    return any(isinstance(atom, Ref) or (isinstance(atom, Tuple) and any(map(has_refs, atom.items))) for atom in value)


def line_of(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 1))
