"""What Python's own functions do with documents: `sorted`, `next`, `zip`, `getattr`, `replace` and the like."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import replace as replace_fields

from registry.contracts.following.items import items_of
from registry.contracts.following.machine import Machine, Model
from registry.contracts.following.method_models import dict_of
from registry.contracts.following.state import DictCell, Frame, Given, ListCell, ObjectCell
from registry.contracts.following.values import (
    NONE,
    NOTHING,
    NUMBER,
    OTHER,
    Const,
    Doc,
    Getter,
    Many,
    Partial,
    Text,
    Tuple,
    Value,
    Written,
    is_certain,
    join,
    one,
    texts_of,
)
from registry.contracts.following.writing import put

# What looks at the document without reading its fields.
_HARMLESS = frozenset({
    "len", "bool", "isinstance", "issubclass", "id", "type", "print", "repr", "hash", "callable", "iter", "cast",
    "typing.cast", "str", "int", "float", "abs", "round", "format", "decimal.Decimal", "sum", "any", "all", "hasattr",
    "TypeError", "ValueError", "KeyError", "RuntimeError", "AssertionError", "LookupError", "Exception",
    "NotImplementedError", "logging.getLogger", "datetime.date", "datetime.timedelta", "uuid.UUID",
})  # fmt: skip
_BUILTINS = frozenset(dir(builtins))


def is_builtin(name: str) -> bool:
    return name in _BUILTINS


def call_external(machine: Machine, name: str, given: Given, frame: Frame) -> Value:
    """A function that is neither the SDK's nor the applet's."""
    model = MODELS.get(name) or MODELS.get(name.rpartition(".")[2] if name.partition(".")[0] in _LIBRARIES else name)
    if model is not None:
        return model(machine, given, frame)
    for value in given.everything():
        hand_over(machine, value, name, frame)
    return NUMBER if name in ("len", "int", "abs", "round") else OTHER


_LIBRARIES = frozenset(
    {"functools", "itertools", "operator", "copy", "dataclasses", "collections", "typing", "builtins"}
)


def hand_over(machine: Machine, value: Value, name: str, frame: Frame, depth: int = 0) -> None:
    """A document given to somebody who may read anything of it."""
    if name in _HARMLESS or depth > 2:
        return
    for atom in value:
        if isinstance(atom, Doc):
            machine.recorder.hand_over(atom.type, atom.path, f"hands it over to {name}")
        elif isinstance(atom, Many):
            hand_over(machine, atom.item, name, frame, depth + 1)
        else:
            cell = machine.cell(atom, frame)
            if isinstance(cell, ListCell):
                hand_over(machine, cell.any_item(), name, frame, depth + 1)
            elif isinstance(cell, DictCell):
                hand_over(machine, join(cell.known.values()), name, frame, depth + 1)


def _first(given: Given) -> Value:
    return given.positional[0] if given.positional else OTHER


def _elements(machine: Machine, value: Value, frame: Frame) -> Value:
    return items_of(machine, value, frame)[1]


def _by_key(machine: Machine, given: Given, frame: Frame, item: Value) -> None:
    key = given.keywords.get("key")
    if key is not None and item:
        machine.call(key, Given((item,)), frame)


def model_list(machine: Machine, given: Given, frame: Frame) -> Value:
    """list, tuple, set, sorted, reversed: the same items again."""
    if not given.positional:
        return machine.new(ListCell(()), frame)
    exact, every = items_of(machine, given.positional[0], frame)
    _by_key(machine, given, frame, every)
    return machine.new(ListCell(tuple(exact)) if exact is not None else ListCell(None, every), frame)


def model_item(machine: Machine, given: Given, frame: Frame) -> Value:
    """next, min, max, choice: one of the items, or what is said instead."""
    if len(given.positional) > 1 and not _is_list(machine, given.positional[1], frame):
        items = [_elements(machine, given.positional[0], frame), *given.positional[1:]]
        found = join([*items, given.positional[0]]) if items[0] == OTHER else join(items)
    else:
        found = _elements(machine, _first(given), frame)
    _by_key(machine, given, frame, found)
    return join((found, given.keywords.get("default", NOTHING)))


def _is_list(machine: Machine, value: Value, frame: Frame) -> bool:
    return any(isinstance(machine.cell(atom, frame), ListCell) for atom in value)


def model_map(machine: Machine, given: Given, frame: Frame) -> Value:
    if len(given.positional) < 2:
        return OTHER
    items = tuple(_elements(machine, value, frame) for value in given.positional[1:])
    return one(Many(machine.call(given.positional[0], Given(items), frame)))


def model_filter(machine: Machine, given: Given, frame: Frame) -> Value:
    if len(given.positional) < 2:
        return OTHER
    item = _elements(machine, given.positional[1], frame)
    if given.positional[0] != NONE:
        machine.call(given.positional[0], Given((item,)), frame)
    return one(Many(frozenset(atom for atom in item if atom != Const(None)) or OTHER))


def model_reduce(machine: Machine, given: Given, frame: Frame) -> Value:
    if len(given.positional) < 2:
        return OTHER
    item = _elements(machine, given.positional[1], frame)
    start = given.positional[2] if len(given.positional) > 2 else item
    first = machine.call(given.positional[0], Given((start, item)), frame)
    return join((start, machine.call(given.positional[0], Given((join((start, first)), item)), frame)))


def model_zip(machine: Machine, given: Given, frame: Frame) -> Value:
    read = [items_of(machine, value, frame) for value in given.positional]
    exact = [items for items, _ in read if items is not None]
    if len(exact) == len(read) and exact:
        return one(Tuple(tuple(one(Tuple(pair)) for pair in zip(*exact, strict=False))))
    return one(Many(one(Tuple(tuple(every for _, every in read)))))


def model_enumerate(machine: Machine, given: Given, frame: Frame) -> Value:
    exact, every = items_of(machine, _first(given), frame)
    if exact is not None:
        return one(Tuple(tuple(one(Tuple((NUMBER, item))) for item in exact)))
    return one(Many(one(Tuple((NUMBER, every)))))


def model_range(machine: Machine, given: Given, frame: Frame) -> Value:
    return one(Many(NUMBER))


def model_chain(machine: Machine, given: Given, frame: Frame) -> Value:
    return one(Many(join(_elements(machine, value, frame) for value in given.positional)))


def model_flatten(machine: Machine, given: Given, frame: Frame) -> Value:
    return one(Many(_elements(machine, _elements(machine, _first(given), frame), frame)))


def model_groupby(machine: Machine, given: Given, frame: Frame) -> Value:
    item = _elements(machine, _first(given), frame)
    key = given.get(1, "key")
    found = machine.call(key, Given((item,)), frame) if key is not None else item
    return one(Many(one(Tuple((found, one(Many(item)))))))


def model_dict(machine: Machine, given: Given, frame: Frame) -> Value:
    cell = dict_of(machine, given.positional[0], frame) if given.positional else DictCell()
    for name, value in given.keywords.items():
        cell = put(cell, one(Const(name)), value)
    if given.is_open:
        cell = replace_fields(cell, is_open=True)
    return machine.new(cell, frame)


def model_fromkeys(machine: Machine, given: Given, frame: Frame) -> Value:
    exact, _ = items_of(machine, _first(given), frame)
    value = given.positional[1] if len(given.positional) > 1 else NONE
    cell = DictCell(is_open=exact is None)
    for item in exact or ():
        cell = put(cell, item, value)
    return machine.new(cell, frame)


def model_defaultdict(machine: Machine, given: Given, frame: Frame) -> Value:
    made = machine.call(given.positional[0], Given(), frame) if given.positional else NOTHING
    return machine.new(DictCell(rest=made, is_open=True), frame)


def model_getattr(machine: Machine, given: Given, frame: Frame) -> Value:
    if len(given.positional) < 2:
        return OTHER
    receiver, names = given.positional[0], given.positional[1]
    found = [machine.attribute(receiver, name, frame) for name in texts_of(names)]
    if not is_certain(names):
        for atom in receiver:
            if isinstance(atom, Doc) and not atom.path:
                machine.recorder.leave_open("reads an attribute whose name is computed", atom.type)
        found.append(OTHER)
    return join([*found, *given.positional[2:]])


def model_copy(machine: Machine, given: Given, frame: Frame) -> Value:
    found = []
    for atom in _first(given):
        cell = machine.cell(atom, frame)
        found.append(machine.new(cell, frame) if cell is not None else one(atom))
    return join(found) if found else OTHER


def model_replace(machine: Machine, given: Given, frame: Frame) -> Value:
    """`dataclasses.replace(posting, amount=…)`."""
    found = []
    for atom in _first(given):
        cell = machine.cell(atom, frame)
        if isinstance(cell, ObjectCell):
            members = {**cell.members, **given.keywords}
            found.append(machine.new(ObjectCell(cell.module, cell.name, members), frame))
        else:
            found.append(one(atom))
    return join(found) if found else OTHER


def model_asdict(machine: Machine, given: Given, frame: Frame) -> Value:
    found = []
    for atom in _first(given):
        cell = machine.cell(atom, frame)
        if isinstance(cell, ObjectCell):
            known = {name: value for name, value in cell.members.items() if name != "[]"}
            found.append(machine.new(DictCell(known, frozenset(known)), frame))
    return join(found) if found else machine.new(DictCell(is_open=True), frame)


def model_partial(machine: Machine, given: Given, frame: Frame) -> Value:
    keywords = tuple(sorted(given.keywords.items()))
    return one(Partial(_first(given), given.positional[1:], keywords))


def model_itemgetter(machine: Machine, given: Given, frame: Frame) -> Value:
    return one(Getter("item", tuple(text for value in given.positional for text in texts_of(value))))


def model_attrgetter(machine: Machine, given: Given, frame: Frame) -> Value:
    return one(Getter("attribute", tuple(text for value in given.positional for text in texts_of(value))))


def model_str(machine: Machine, given: Given, frame: Frame) -> Value:
    value = _first(given)
    if is_certain(value):
        return join(one(Const(str(atom.value))) for atom in value if isinstance(atom, Const))
    known = any(isinstance(atom, Text | Doc) for atom in value)
    return frozenset(Written(a.type, a.path) if isinstance(a, Doc) else a for a in value) if known else OTHER


def model_same(machine: Machine, given: Given, frame: Frame) -> Value:
    """cast, iter, reversed, MappingProxyType: the argument itself."""
    return given.positional[-1] if given.positional else OTHER


def model_first(machine: Machine, given: Given, frame: Frame) -> Value:
    return _first(given)


def call_getter(machine: Machine, getter: Getter, given: Given, frame: Frame) -> Value:
    """`itemgetter("code")(product)`."""
    value = _first(given)
    if getter.kind == "attribute":
        found = []
        for name in getter.names:
            present = value
            for part in name.split("."):
                present = machine.attribute(present, part, frame)
            found.append(present)
    else:
        found = [machine.subscript(value, one(Const(name)), frame) for name in getter.names]
    if len(found) == 1:
        return found[0]
    return one(Tuple(tuple(found))) if found else OTHER


MODELS: Mapping[str, Model] = {
    "list": model_list, "tuple": model_list, "set": model_list, "frozenset": model_list, "sorted": model_list,
    "deque": model_list, "reversed": model_list, "next": model_item, "min": model_item, "max": model_item,
    "map": model_map, "filter": model_filter, "reduce": model_reduce, "zip": model_zip, "enumerate": model_enumerate,
    "range": model_range, "chain": model_chain, "from_iterable": model_flatten, "groupby": model_groupby,
    "dict": model_dict, "OrderedDict": model_dict, "fromkeys": model_fromkeys, "dict.fromkeys": model_fromkeys,
    "defaultdict": model_defaultdict, "getattr": model_getattr, "copy": model_copy, "deepcopy": model_copy,
    "replace": model_replace, "asdict": model_asdict, "partial": model_partial, "itemgetter": model_itemgetter,
    "attrgetter": model_attrgetter, "str": model_str, "cast": model_same, "iter": model_first,
    "islice": model_first, "types.MappingProxyType": model_first, "MappingProxyType": model_first,
    "random.choice": model_item, "property": model_first, "cache": model_first, "lru_cache": model_first,
    "wraps": model_first,
}  # fmt: skip
