"""What calls of the SDK do: documents found, created and acted upon, registers, reports, events, questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from registry.contracts.data import paths_of
from registry.contracts.following.filling import fill_arguments
from registry.contracts.following.items import items_of
from registry.contracts.following.machine import Machine, Model
from registry.contracts.following.passing import ask_of, pass_on
from registry.contracts.following.state import DictCell, Frame, Given, ListCell
from registry.contracts.following.values import (
    NONE,
    NOTHING,
    OTHER,
    Arguments,
    BalanceOf,
    Const,
    Doc,
    Many,
    PageOf,
    Row,
    Table,
    Text,
    TypeOf,
    Value,
    is_certain,
    join,
    one,
    texts_of,
)
from registry.contracts.following.writing import give
from registry.contracts.sources import PARAMETER
from sdk.expressions import InvalidExpression, parse
from sdk.schema.vocabulary import SYSTEM_FIELDS

READ, WRITE = "documents:read", "documents:write"


def types_of(machine: Machine, value: Value | None, verb: str) -> list[str]:
    """Names of document types given as an argument; one that is computed is told, as far as it is known."""
    types = texts_of(value or NOTHING)
    for atom in value or OTHER:
        if isinstance(atom, Text):
            machine.recorder.leave_open(f"{verb} documents of a type that is computed", f"{atom.prefix}*")
            types.append(f"{atom.prefix}*")
        elif isinstance(atom, TypeOf) and atom.type:
            types.append(atom.type)
        elif not isinstance(atom, Const):
            machine.recorder.leave_open(f"{verb} documents of a type that is computed")
            types.append("")
    return types


def touch(machine: Machine, types: Iterable[str], capability: str) -> Value:
    """Documents of the types, and that they are used."""
    found = []
    for type in types:
        if type and not type.endswith("*"):
            machine.recorder.use("type", type, "", capability.rpartition(":")[2])
        machine.recorder.act(type, capability)
        found.append(one(Doc(type)))
    return join(found) if found else OTHER


def model_get(machine: Machine, given: Given, frame: Frame) -> Value:
    return touch(machine, types_of(machine, given.get(0, "type"), "reads"), READ)


def model_get_many(machine: Machine, given: Given, frame: Frame) -> Value:
    types: list[str] = []
    for atom in given.get(0, "wanted") or OTHER:
        cell = machine.cell(atom, frame)
        if isinstance(cell, DictCell):
            types += cell.known
        if not isinstance(cell, DictCell) or cell.is_open or cell.rest:
            machine.recorder.leave_open("reads documents of types that are computed")
            types.append("")
    return one(Table(touch(machine, types, READ)))


def model_find(machine: Machine, given: Given, frame: Frame) -> Value:
    return _find(machine, given, frame) | NONE


def model_find_all(machine: Machine, given: Given, frame: Frame) -> Value:
    return one(Many(_find(machine, given, frame)))


def _find(machine: Machine, given: Given, frame: Frame) -> Value:
    types = types_of(machine, given.get(0, "type"), "finds")
    for type in types:
        for name, value in given.keywords.items():
            if name == "state":
                for state in texts_of(value):
                    machine.recorder.use("state", type, state, "find")
            elif name != "type" and name not in SYSTEM_FIELDS:
                path = name.replace("__", ".")
                machine.recorder.field(type, path, "find")
                for text in texts_of(value):
                    machine.recorder.use("value", type, path, "compare", {"value": text})
        if given.is_open:
            machine.recorder.leave_open("finds by fields whose names are computed", type)
    return touch(machine, types, READ)


def model_query(machine: Machine, given: Given, frame: Frame) -> Value:
    types = types_of(machine, given.get(0, "type"), "finds")
    wanted = given.get(1, "filter")
    sort = given.get(4, "sort")
    for type in types:
        if wanted is not None:
            _filter(machine, type, wanted)
        if sort is not None:
            _sort(machine, type, sort, frame)
    touch(machine, types, READ)
    return join(one(PageOf(type)) for type in types) if types else OTHER


def _filter(machine: Machine, type: str, wanted: Value) -> None:
    for text in texts_of(wanted):
        try:
            expression = parse(text) if text else None
        except InvalidExpression:
            machine.recorder.leave_open("filters by what is no expression", type)
            continue
        if expression is not None and type:
            for use in paths_of(expression, type, "filter", (machine.recorder.where,)):
                machine.recorder.use(use.kind, use.target, use.name, use.mode, use.details)
    if not is_certain(wanted):
        machine.recorder.leave_open("filters by an expression that is computed", type)


def _sort(machine: Machine, type: str, sort: Value, frame: Frame) -> None:
    exact, every = items_of(machine, sort, frame)
    names = join(exact) if exact is not None else every
    for text in texts_of(names):
        if text.lstrip("-") not in SYSTEM_FIELDS:
            machine.recorder.field(type, text.lstrip("-"), "sort")
    if names and not is_certain(names) and exact != []:
        machine.recorder.leave_open("sorts by fields that are computed", type)


def model_create(machine: Machine, given: Given, frame: Frame) -> Value:
    types = types_of(machine, given.get(0, "type"), "creates")
    data = given.get(1, "data")
    for type in types:
        give(machine, Doc(type), data or OTHER, "give", frame, is_whole=True)
        if type and data is not None and not any(machine.cell(atom, frame) for atom in data):
            details = {"given": [], "maybe": [], "open": True}
            machine.recorder.use("given", type, "", "give", details)
            if not any(isinstance(atom, Doc) for atom in data):
                machine.recorder.leave_open("creates one of data that are computed", type)
        for action in texts_of(given.keywords.get("perform", NOTHING)):
            machine.recorder.use("action", type, action, "created")
            machine.recorder.use("argument", type, action, "give", {"given": []})
    return touch(machine, types, WRITE)


def model_update(machine: Machine, given: Given, frame: Frame) -> Value:
    types = types_of(machine, given.get(0, "type"), "changes")
    patch = given.get(2, "patch") or OTHER
    for type in types:
        give(machine, Doc(type), patch, "give", frame)
        _fill(machine, type, patch, frame)
        if type and not any(machine.cell(atom, frame) for atom in patch):
            machine.recorder.leave_open("changes one by data that are computed", type)
    return touch(machine, types, WRITE)


def model_write(machine: Machine, given: Given, frame: Frame) -> Value:
    return touch(machine, types_of(machine, given.get(0, "type"), "changes"), WRITE)


def model_perform(machine: Machine, given: Given, frame: Frame) -> Value:
    types = types_of(machine, given.get(0, "type"), "acts upon")
    actions = given.get(2, "action") or OTHER
    for type in types:
        for action in texts_of(actions) if type else ():
            machine.recorder.use("action", type, action, "perform")
            _give_arguments(machine, type, action, given.get(3, "arguments"), frame)
        if not is_certain(actions):
            machine.recorder.leave_open("performs an action whose name is computed", type)
    return touch(machine, types, WRITE)


def _give_arguments(machine: Machine, type: str, action: str, arguments: Value | None, frame: Frame) -> None:
    for atom in arguments or NONE:
        cell = machine.cell(atom, frame)
        if isinstance(cell, DictCell):
            details: dict[str, object] = {"given": sorted(cell.sure), "maybe": sorted(set(cell.known) - cell.sure)}
            details |= {"open": True} if cell.is_open or cell.rest else {}
            details["given"] = sorted({*cell.sure, *_nested(machine, cell, frame)})
            fill_arguments(machine, type, action, cell, frame)
        elif isinstance(atom, Const):
            details = {"given": []}
        else:
            details = {"given": [], "open": True}
            if not isinstance(atom, Arguments):
                machine.recorder.leave_open("gives arguments that are computed", type)
        machine.recorder.use("argument", type, action, "give", details)


def _nested(machine: Machine, cell: DictCell, frame: Frame) -> list[str]:
    """Paths of arguments below the first level: `allocations.invoice`."""
    found = []
    for name, value in cell.known.items():
        for atom in value:
            inner = machine.cell(atom, frame)
            items = inner.any_item() if isinstance(inner, ListCell) else one(atom)
            cells = (machine.cell(item, frame) for item in items)
            found += [f"{name}.{key}" for one_of in cells if isinstance(one_of, DictCell) for key in one_of.sure]
    return found


def model_coming_number(machine: Machine, given: Given, frame: Frame) -> Value:
    return OTHER


def model_record(machine: Machine, given: Given, frame: Frame) -> Value:
    for register in _registers(machine, given.get(1, "register")):
        for kind, name in (("dimension", "dimensions"), ("resource", "resources")):
            _slots(machine, register, kind, given.get(9, name), frame)
            _fill(machine, register, given.get(9, name), frame)
        pass_on(machine, [register], given.get(9, "dimensions"), frame)
    return NONE


def _registers(machine: Machine, value: Value | None) -> list[str]:
    names = texts_of(value or NOTHING)
    for name in names:
        machine.recorder.use("register", name, "", "read")
        if name.partition(".")[0] != machine.applet:
            machine.recorder.use("capability", name, "", "registers:read")
    if value is None or not is_certain(value):
        machine.recorder.leave_open("uses a register whose name is computed")
    return names


def _slots(machine: Machine, register: str, kind: str, value: Value | None, frame: Frame) -> None:
    for atom in value or NOTHING:
        cell = machine.cell(atom, frame)
        for name in cell.known if isinstance(cell, DictCell) else ():
            machine.recorder.use(kind, register, name, "give")


def _fill(machine: Machine, target: str, value: Value | None, frame: Frame) -> None:
    """What a movement has, or what is changed of a document, as far as it can be seen."""
    for atom in value or NOTHING:
        cell = machine.cell(atom, frame)
        known = isinstance(cell, DictCell) and not (cell.is_open or cell.rest)
        machine.recorder.fills(target, [*(cell.known if isinstance(cell, DictCell) else ()), *([] if known else "*")])


def model_reverse(machine: Machine, given: Given, frame: Frame) -> Value:
    return NONE


def model_balance(machine: Machine, given: Given, frame: Frame) -> Value:
    registers = _registers(machine, given.get(0, "register"))
    for register in registers:
        _slots(machine, register, "dimension", given.keywords.get("where"), frame)
        ask_of(machine, register, "", given.keywords.get("where"), frame)
        _grouped(machine, register, given.keywords.get("group_by"), frame)
    return one(Many(join(one(BalanceOf(register)) for register in registers) or OTHER))


def model_question(machine: Machine, given: Given, frame: Frame) -> Value:
    """What `balances` is asked: as `balance`."""
    registers = _registers(machine, given.get(0, "register"))
    for register in registers:
        _slots(machine, register, "dimension", given.get(2, "where"), frame)
        ask_of(machine, register, "", given.get(2, "where"), frame)
        _grouped(machine, register, given.get(3, "group_by"), frame)
    return join(one(BalanceOf(register)) for register in registers) or OTHER


def _grouped(machine: Machine, register: str, group_by: Value | None, frame: Frame) -> None:
    if group_by is not None:
        exact, every = items_of(machine, group_by, frame)
        for name in texts_of(join(exact) if exact is not None else every):
            machine.recorder.use("dimension", register, name, "give")


def model_balances(machine: Machine, given: Given, frame: Frame) -> Value:
    return one(Many(one(Many(join(given.positional) or OTHER))))


def model_run(machine: Machine, given: Given, frame: Frame) -> Value:
    names = texts_of(given.get(0, "name") or NOTHING)
    for name in names:
        machine.recorder.use("report", name, "", "run")
        if name.partition(".")[0] != machine.applet:
            machine.recorder.use("capability", name, "", "reports:run")
        _parameters(machine, name, given.get(1, "parameters"), frame)
        ask_of(machine, name, PARAMETER, given.get(1, "parameters"), frame)
    if not names:
        machine.recorder.leave_open("runs a report whose name is computed")
    return one(Many(join(one(Row(name)) for name in names) or OTHER))


def _parameters(machine: Machine, report: str, value: Value | None, frame: Frame) -> None:
    for atom in value or NONE:
        cell = machine.cell(atom, frame)
        known = cell.known if isinstance(cell, DictCell) else {}
        is_open = not isinstance(cell, DictCell) and not isinstance(atom, Const)
        for name in known:
            machine.recorder.use("parameter", report, name, "given")
        is_open = is_open or (isinstance(cell, DictCell) and cell.is_open)
        details = {"given": sorted(known), **({"open": True} if is_open else {})}
        machine.recorder.use("parameter", report, "", "given", details)


def model_emit(machine: Machine, given: Given, frame: Frame) -> Value:
    names = texts_of(given.get(0, "type") or NOTHING)
    members: list[str] = []
    for atom in given.get(2, "payload") or NOTHING:
        cell = machine.cell(atom, frame)
        members += cell.known if isinstance(cell, DictCell) else ()
    for name in names:
        machine.recorder.emit(name, members)
    pass_on(machine, names, given.get(2, "payload"), frame)
    if not names:
        machine.recorder.leave_open("emits an event whose name is computed")
    return OTHER


def model_resolve(machine: Machine, given: Given, frame: Frame) -> Value:
    for question in texts_of(given.get(0, "question") or NOTHING):
        details = {"keywords": sorted(name for name in given.keywords if name != "question")}
        machine.recorder.use("question", question, "", "", details | ({"open": True} if given.is_open else {}))
    return OTHER


MODELS: Mapping[tuple[str, str], Model] = {
    ("sdk.context.Documents", "get"): model_get,
    ("sdk.context.Documents", "get_many"): model_get_many,
    ("sdk.context.Documents", "find"): model_find,
    ("sdk.context.Documents", "find_all"): model_find_all,
    ("sdk.context.Documents", "query"): model_query,
    ("sdk.context.Documents", "create"): model_create,
    ("sdk.context.Documents", "update"): model_update,
    ("sdk.context.Documents", "delete"): model_write,
    ("sdk.context.Documents", "restore"): model_write,
    ("sdk.context.Documents", "archive"): model_write,
    ("sdk.context.Documents", "unarchive"): model_write,
    ("sdk.context.Documents", "perform"): model_perform,
    ("sdk.context.Documents", "coming_number"): model_coming_number,
    ("sdk.context.Registers", "record"): model_record,
    ("sdk.context.Registers", "reverse"): model_reverse,
    ("sdk.context.Registers", "balance"): model_balance,
    ("sdk.context.Registers", "turnover"): model_balance,
    ("sdk.context.Registers", "balances"): model_balances,
    ("sdk.registers.Question", "__init__"): model_question,
    ("sdk.context.Reports", "run"): model_run,
    ("sdk.context.Events", "emit"): model_emit,
    ("sdk.context.Context", "resolve"): model_resolve,
}
