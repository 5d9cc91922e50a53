"""What a variable may hold while code is followed: a set of atoms, each one thing it may be."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

# A value of more alternatives than this is as good as unknown.
ALTERNATIVES_MAX = 60


class Atom:
    """One thing a value may be; atoms are compared by what they say."""

    __slots__ = ()


Value: TypeAlias = frozenset[Atom]


@dataclass(frozen=True, slots=True)
class Other(Atom):
    """Something that is no document's, as far as can be seen."""


@dataclass(frozen=True, slots=True)
class Number(Atom):
    """A number, such as an index; it names no field."""


@dataclass(frozen=True)
class Const(Atom):
    """A literal. Compared with its kind, as `True == 1` in Python."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and type(other.value) is type(self.value) and other.value == self.value

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, slots=True)
class Text(Atom):
    """A text of which only the beginning is known."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Doc(Atom):
    """A document (path empty) or what it holds at a path. type: a name, a pattern such as `sales.*`, or empty."""

    type: str
    path: str = ""

    def at(self, name: str) -> Doc:
        return Doc(self.type, f"{self.path}.{name}" if self.path else name)


@dataclass(frozen=True, slots=True)
class Written(Doc):
    """The text `str` makes of a field: of the same values, whatever its kind."""


@dataclass(frozen=True, slots=True)
class StateOf(Atom):
    """The state of a document of a type."""

    type: str


@dataclass(frozen=True, slots=True)
class ActionOf(Atom):
    """The name of an action of a type, where a hook is called for all of them."""

    type: str


@dataclass(frozen=True, slots=True)
class TypeOf(Atom):
    """The type's name of a document whose type is a pattern or not known."""

    type: str


@dataclass(frozen=True, slots=True)
class Happening(Atom):
    """An event of a type, or of a pattern of types."""

    type: str


@dataclass(frozen=True, slots=True)
class Payload(Atom):
    """What an event tells, or a member of it."""

    event: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Arguments(Atom):
    """The arguments of an action, or one of them."""

    type: str
    action: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Settings(Atom):
    """The applet's own settings."""


@dataclass(frozen=True, slots=True)
class PageOf(Atom):
    """A page of documents of a type."""

    type: str


@dataclass(frozen=True, slots=True)
class BalanceOf(Atom):
    """A sum of a register."""

    register: str


@dataclass(frozen=True, slots=True)
class Slots(Atom):
    """The dimensions or resources (kind) of a sum of a register."""

    register: str
    kind: str


@dataclass(frozen=True, slots=True)
class Row(Atom):
    """A row of a report."""

    report: str


@dataclass(frozen=True, slots=True)
class PartOf(Atom):
    """What a sum of a register holds under a dimension or resource, or a report's row in a column."""

    target: str
    name: str


@dataclass(frozen=True, slots=True)
class Instance(Atom):
    """An object of a class of the SDK, by its dotted name."""

    cls: str


@dataclass(frozen=True, slots=True)
class Symbol(Atom):
    """A name of a module of the SDK; name empty: the module."""

    module: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class External(Atom):
    """Something of Python's or another library's, by its dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class OwnModule(Atom):
    name: str


@dataclass(frozen=True)
class Function(Atom):
    """A function or lambda of the applet's. outer: the variables around it. cls: the class it stands in."""

    module: str
    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda = field(compare=False)
    line: int = 0
    outer: Any = field(default=None, compare=False)
    cls: str = ""


@dataclass(frozen=True, slots=True)
class OwnClass(Atom):
    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Bound(Atom):
    """A method: of what, and its name."""

    receiver: Atom
    name: str


@dataclass(frozen=True, slots=True)
class Partial(Atom):
    """`functools.partial` and the like: what is called, with what before."""

    function: Value
    positional: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Getter(Atom):
    """`operator.itemgetter` (kind item) or `attrgetter`."""

    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HookMark(Atom):
    """A decorator that makes a hook; subjects as written."""

    hook: str
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tuple(Atom):
    """A tuple of known length."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Many(Atom):
    """Any number of something."""

    item: Value


@dataclass(frozen=True, slots=True)
class Table(Atom):
    """A mapping whose values are something, by keys that do not matter."""

    item: Value


@dataclass(frozen=True, slots=True)
class Ref(Atom):
    """A list, dict or object that may change: its cell in the heap."""

    cell: int


OTHER: Value = frozenset({Other()})
NUMBER: Value = frozenset({Number()})
NONE: Value = frozenset({Const(None)})
NOTHING: Value = frozenset()


def one(atom: Atom) -> Value:
    return frozenset({atom})


def join(values: Iterable[Value]) -> Value:
    """Any of these."""
    joined: Value = frozenset().union(*values)
    if len(joined) <= ALTERNATIVES_MAX:
        return joined
    kept = frozenset(atom for atom in joined if not isinstance(atom, Const | Text))
    return (kept if len(kept) <= ALTERNATIVES_MAX else frozenset(sorted(kept, key=repr)[:ALTERNATIVES_MAX])) | OTHER


def texts_of(value: Value) -> list[str]:
    """The texts among the alternatives."""
    return sorted(atom.value for atom in value if isinstance(atom, Const) and isinstance(atom.value, str))


def is_certain(value: Value) -> bool:
    """Whether every alternative is a literal."""
    return bool(value) and all(isinstance(atom, Const) for atom in value)


def docs_of(value: Value) -> list[Doc]:
    return sorted((atom for atom in value if isinstance(atom, Doc)), key=lambda doc: (doc.type, doc.path))
