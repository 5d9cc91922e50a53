"""What methods of documents, dicts, lists and texts do: `.get("total")`, `.items()`, `.append(line)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from registry.contracts.following.comparing import compare_keys
from registry.contracts.following.items import items_of
from registry.contracts.following.machine import Machine
from registry.contracts.following.reading import read_item
from registry.contracts.following.state import DictCell, Frame, Given, ListCell
from registry.contracts.following.values import (
    NONE,
    NOTHING,
    OTHER,
    Arguments,
    Atom,
    Bound,
    Const,
    Doc,
    Many,
    Ref,
    Table,
    Text,
    Tuple,
    Value,
    join,
    one,
    texts_of,
)
from registry.contracts.following.writing import as_dict, merge, put, write_item

Method = Callable[[Machine, Atom, Given, Frame], Value]
# Methods of texts that can be worked out where everything is known.
_TEXT = frozenset({
    "upper", "lower", "strip", "lstrip", "rstrip", "title", "capitalize", "removeprefix", "removesuffix", "replace",
    "split", "rsplit", "partition", "rpartition", "format", "casefold",
})  # fmt: skip
TEXT_RESULT_MAX = 2_000


def call_method(machine: Machine, bound: Bound, given: Given, frame: Frame) -> Value:
    """A method of anything but the SDK's and the applet's own objects."""
    receiver = bound.receiver
    if isinstance(receiver, Const) and isinstance(receiver.value, str):
        return _text_method(machine, receiver.value, bound.name, given, frame)
    if bound.name in _METHODS:
        return _METHODS[bound.name](machine, receiver, given, frame)
    if isinstance(receiver, Doc) and not receiver.path and bound.name not in ("copy", "scope"):
        machine.recorder.leave_open(f"calls {bound.name} of a document", receiver.type)
    return one(receiver) if bound.name in ("copy", "scope", "__copy__") else OTHER


def _get(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    key, default = given.get(0, "key") or OTHER, given.get(1, "default")
    found = read_item(machine, receiver, key, frame)
    cell = machine.cell(receiver, frame)
    is_sure = isinstance(cell, DictCell) and len(key) == 1 and all(name in cell.sure for name in texts_of(key))
    return found if is_sure and texts_of(key) else join((found, default if default is not None else NONE))


def _pop(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    found = _get(machine, receiver, given, frame) if given.positional else _last(machine, receiver, frame)
    cell = machine.cell(receiver, frame)
    names = texts_of(given.positional[0]) if given.positional else []
    if isinstance(cell, DictCell) and names:
        known = {name: value for name, value in cell.known.items() if name not in names}
        machine.store(receiver, replace(cell, known=known, sure=cell.sure - set(names)), frame)
    return found


def _last(machine: Machine, receiver: Atom, frame: Frame) -> Value:
    return items_of(machine, one(receiver), frame)[1]


def _setdefault(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    key, value = given.get(0, "key") or OTHER, given.get(1, "default") or NONE
    found = read_item(machine, receiver, key, frame)
    cell = machine.cell(receiver, frame)
    if isinstance(cell, DictCell):
        names = texts_of(key)
        present = join(cell.known[name] for name in names if name in cell.known)
        machine.store(receiver, put(cell, key, join((present, value))), frame)
        if not cell.is_open and not cell.rest and not present:
            found = NOTHING
    else:
        write_item(machine, receiver, key, value, frame)
    return join((found, value))


def _update(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    added = as_dict(machine, given.positional[0], frame) if given.positional else DictCell()
    if given.positional and _is_pairs(machine, given.positional[0], frame):
        added = _from_pairs(machine, given.positional[0], frame)
    for name, value in given.keywords.items():
        added = put(added, one(Const(name)), value)
    cell = machine.cell(receiver, frame)
    if isinstance(cell, DictCell):
        machine.store(receiver, merge(cell, added), frame)
    elif isinstance(receiver, Doc):
        for name, value in added.known.items():
            write_item(machine, receiver, one(Const(name)), value, frame)
        if added.is_open or added.rest:
            machine.recorder.leave_open("sets fields whose names are computed", receiver.type, receiver.path)
    return NONE


def _is_pairs(machine: Machine, value: Value, frame: Frame) -> bool:
    return any(isinstance(atom, Tuple | Many) or isinstance(machine.cell(atom, frame), ListCell) for atom in value)


def _from_pairs(machine: Machine, value: Value, frame: Frame) -> DictCell:
    """A dict of pairs: `dict(zip(names, values))`, `dict([("a", 1)])`."""
    exact, every = items_of(machine, value, frame)
    cell = DictCell()
    for pair in exact if exact is not None else [every]:
        for atom in pair:
            items = items_of(machine, one(atom), frame)[0]
            if items is None or len(items) != 2:
                cell = replace(cell, is_open=True)
            else:
                cell = put(cell, items[0], items[1], is_sure=exact is not None)
    return cell


def dict_of(machine: Machine, value: Value, frame: Frame) -> DictCell:
    """What `dict(value)` holds."""
    return _from_pairs(machine, value, frame) if _is_pairs(machine, value, frame) else as_dict(machine, value, frame)


def _items(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    cell = machine.cell(receiver, frame)
    if isinstance(cell, DictCell):
        pairs = [one(Tuple((one(Const(name)), value))) for name, value in cell.known.items()]
        if cell.rest or cell.is_open or cell.copied:
            rest = join([cell.rest or OTHER, *(one(doc) for doc in cell.copied)])
            return one(Many(join([*pairs, one(Tuple((OTHER, rest)))])))
        if cell.sure >= set(cell.known):
            return one(Tuple(tuple(pairs)))
        return one(Many(join(pairs)))
    return one(Many(one(Tuple((OTHER, _all_values(machine, receiver, frame))))))


def _values(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    return one(Many(_all_values(machine, receiver, frame)))


def _all_values(machine: Machine, receiver: Atom, frame: Frame) -> Value:
    cell = machine.cell(receiver, frame)
    if isinstance(cell, DictCell):
        return join([*cell.known.values(), cell.rest, *(one(doc) for doc in cell.copied)]) or OTHER
    if isinstance(receiver, Table):
        return receiver.item
    if isinstance(receiver, Doc):
        machine.recorder.hand_over(receiver.type, receiver.path, "goes through all fields")
        return one(receiver) if receiver.path else OTHER
    return one(receiver) if isinstance(receiver, Arguments) else OTHER


def _keys(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    cell = machine.cell(receiver, frame)
    if isinstance(cell, DictCell):
        names = [one(Const(name)) for name in cell.known]
        if cell.rest or cell.is_open or cell.copied or not cell.sure >= set(cell.known):
            return one(Many(join([*names, OTHER])))
        return one(Tuple(tuple(names)))
    if isinstance(receiver, Doc):
        machine.recorder.hand_over(receiver.type, receiver.path, "goes through all fields")
    return one(Many(OTHER))


def _append(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    return _add(machine, receiver, given.positional[-1] if given.positional else OTHER, frame, is_one=True)


def _extend(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    added = items_of(machine, given.positional[0], frame)[1] if given.positional else OTHER
    return _add(machine, receiver, added, frame, is_one=False)


def _add(machine: Machine, receiver: Atom, value: Value, frame: Frame, *, is_one: bool) -> Value:
    cell = machine.cell(receiver, frame)
    if isinstance(cell, ListCell):
        if is_one and cell.items is not None and not cell.every:
            machine.store(receiver, ListCell((*cell.items, value)), frame)
        else:
            machine.store(receiver, ListCell(None, join((cell.any_item(), value))), frame)
    elif isinstance(receiver, Doc):
        write_item(machine, receiver, one(Const(0)), value, frame)
    return NONE


def _copy(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    cell = machine.cell(receiver, frame)
    return machine.new(cell, frame) if cell is not None else one(receiver)


def _same(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    return one(receiver)


def _contains(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    for key in given.positional[:1]:
        look_for(machine, receiver, key, frame)
    return OTHER


def look_for(machine: Machine, receiver: Atom, key: Value, frame: Frame) -> None:
    """`"field" in document`."""
    if isinstance(receiver, Doc):
        for atom in key:
            if isinstance(atom, Const) and isinstance(atom.value, str):
                # Of a list of texts it is a value that is looked for; only who knows the schema can tell.
                _look_for_text(machine, receiver, atom.value)
            elif not isinstance(atom, Const) and not receiver.path:
                prefix = atom.prefix if isinstance(atom, Text) else ""
                machine.recorder.leave_open("looks for a field whose name is computed", receiver.type, prefix)
    elif isinstance(receiver, Arguments):
        read_item(machine, receiver, key, frame)
    elif isinstance(receiver, Ref):
        cell = machine.cell(receiver, frame)
        if isinstance(cell, DictCell):
            for atom in key:
                compare_keys(machine, cell, atom)
                if isinstance(atom, Const) and isinstance(atom.value, str):
                    for doc in cell.copied:
                        look_for(machine, doc, one(atom), frame)


def _look_for_text(machine: Machine, doc: Doc, text: str) -> None:
    """A field of an object, or a text among those of a list: only who knows the schema can tell."""
    if not doc.path:
        machine.recorder.field(doc.type, text, "has")
    elif doc.type:
        machine.recorder.use("member", doc.type, doc.path, "has", {"value": text})


def _choice(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    return items_of(machine, given.positional[0], frame)[1] if given.positional else OTHER


def _sample(machine: Machine, receiver: Atom, given: Given, frame: Frame) -> Value:
    return one(Many(_choice(machine, receiver, given, frame)))


_METHODS: Mapping[str, Method] = {
    "get": _get,
    "pop": _pop,
    "setdefault": _setdefault,
    "update": _update,
    "items": _items,
    "values": _values,
    "keys": _keys,
    "append": _append,
    "add": _append,
    "insert": _append,
    "appendleft": _append,
    "extend": _extend,
    "copy": _copy,
    "union": lambda machine, receiver, given, frame: join((one(receiver), *given.positional)),
    "__contains__": _contains,
    "__getitem__": lambda machine, receiver, given, frame: read_item(
        machine, receiver, given.get(0, "key") or OTHER, frame
    ),
    "reversed": _same,
    "choice": _choice,
    "sample": _sample,
}


def _text_method(machine: Machine, text: str, name: str, given: Given, frame: Frame) -> Value:
    """Worked out where every argument is known."""
    if name == "join" and given.positional:
        return _join_text(machine, text, given.positional[0], frame)
    arguments = [next(iter(value)) for value in given.positional if len(value) == 1]
    keywords = {key: next(iter(value)) for key, value in given.keywords.items() if len(value) == 1}
    is_known = len(arguments) == len(given.positional) and len(keywords) == len(given.keywords) and not given.is_open
    literals = [atom.value for atom in arguments if isinstance(atom, Const)]
    named = {key: atom.value for key, atom in keywords.items() if isinstance(atom, Const)}
    if name not in _TEXT or not is_known or len(literals) < len(arguments) or len(named) < len(keywords):
        return one(Text(text.partition("{")[0])) if name == "format" else OTHER
    try:
        result = getattr(text, name)(*literals, **named)
    except (TypeError, ValueError, LookupError, AttributeError):
        return OTHER
    if isinstance(result, str):
        return one(Const(result)) if len(result) <= TEXT_RESULT_MAX else OTHER
    return one(Tuple(tuple(one(Const(item)) for item in result)))


def _join_text(machine: Machine, separator: str, value: Value, frame: Frame) -> Value:
    exact = items_of(machine, value, frame)[0]
    if exact is None or not all(len(item) == 1 for item in exact):
        return OTHER
    parts = [next(iter(item)) for item in exact]
    texts = [atom.value for atom in parts if isinstance(atom, Const) and isinstance(atom.value, str)]
    return one(Const(separator.join(texts))) if len(texts) == len(parts) else OTHER
