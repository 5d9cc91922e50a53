"""What attributes, subscripts and loops give of each kind of thing, and what of it is a use."""

from __future__ import annotations

import ast

from registry.contracts.following.comparing import compare_keys
from registry.contracts.following.machine import Machine
from registry.contracts.following.state import DictCell, Frame, Given, ListCell, ObjectCell
from registry.contracts.following.values import (
    NONE,
    OTHER,
    Arguments,
    Atom,
    BalanceOf,
    Bound,
    Const,
    Doc,
    External,
    Function,
    Happening,
    Instance,
    Many,
    Number,
    OwnClass,
    OwnModule,
    PageOf,
    PartOf,
    Payload,
    Ref,
    Row,
    Settings,
    Slots,
    StateOf,
    Symbol,
    Table,
    Text,
    Tuple,
    TypeOf,
    Value,
    join,
    one,
    texts_of,
)
from registry.contracts.following.walking import class_members, sdk_bases_of
from registry.contracts.lookup import find_member, find_symbol
from registry.contracts.thing_rules import matches

DOCUMENT, EVENT, PAGE, BALANCE, CONTEXT = (
    "sdk.document.Document",
    "sdk.event.Event",
    "sdk.context.Page",
    "sdk.registers.Balance",
    "sdk.context.Context",
)
# Attributes of a document that hold the same fields as itself.
_SAME = frozenset({"fields"})


def read_attribute(machine: Machine, atom: Atom, name: str, frame: Frame) -> Value:
    """What `atom.name` may be."""
    match atom:
        case Doc(path=""):
            found = _document_attribute(machine, atom, name)
        case Happening():
            found = _event_attribute(machine, atom, name)
        case PageOf(type=type):
            machine.recorder.use("attribute", PAGE, name)
            found = one(Many(one(Doc(type)))) if name == "items" else OTHER
        case BalanceOf(register=register):
            machine.recorder.use("attribute", BALANCE, name)
            found = one(Slots(register, name)) if name in ("dimensions", "resources") else OTHER
        case Instance(cls=cls):
            found = _instance_attribute(machine, cls, name)
        case Symbol():
            found = _symbol_attribute(machine, atom, name)
        case External(name=dotted):
            found = one(External(f"{dotted}.{name}"))
        case Const() if name == "value":
            # Of a member of an enumeration.
            found = one(atom)
        case OwnModule(name=module):
            found = machine.module_name(module, name) or OTHER
        case OwnClass():
            found = _class_attribute(machine, atom, name, frame)
        case Ref():
            found = _ref_attribute(machine, atom, name, frame)
        case _:
            found = one(Bound(atom, name))
    return found


def _document_attribute(machine: Machine, doc: Doc, name: str) -> Value:
    machine.recorder.use("attribute", DOCUMENT, name)
    if name in _SAME:
        return one(doc)
    if name == "type":
        known = doc.type and not doc.type.endswith("*")
        return one(Const(doc.type)) if known else one(TypeOf(doc.type))
    if name == "state":
        return one(StateOf(doc.type)) | NONE
    if name == "number" and doc.type:
        machine.recorder.use("number", doc.type)
    member = find_member(machine.sdk, DOCUMENT, name)
    if member is not None and member["kind"] == "attribute":
        return OTHER
    return one(Bound(doc, name))


def _event_attribute(machine: Machine, event: Happening, name: str) -> Value:
    machine.recorder.use("attribute", EVENT, name)
    subject = subject_of(event.type)
    if name == "payload":
        return one(Payload(event.type))
    if name == "type":
        known = event.type and not event.type.endswith("*")
        return one(Const(event.type)) if known else one(Text(event.type.rstrip("*")))
    if name == "aggregate_type":
        known = subject and not subject.endswith("*")
        return one(Const(subject)) if known else one(TypeOf(subject))
    return OTHER


def subject_of(event: str) -> str:
    """The document type an event, or a pattern of events, is about."""
    parts = event.split(".")
    if event.endswith("*") and len(parts) < 3:
        return event
    return ".".join(parts[:2]) if len(parts) > 1 else ""


def _instance_attribute(machine: Machine, cls: str, name: str) -> Value:
    machine.recorder.use("attribute", cls, name)
    if cls == CONTEXT and name == "settings":
        return one(Settings())
    member = find_member(machine.sdk, cls, name)
    if member is None:
        return OTHER
    if member["kind"] == "attribute":
        return of_sdk_annotation(machine, member.get("returns", ""), cls.rpartition(".")[0])
    return one(Bound(Instance(cls), name))


def of_sdk_annotation(machine: Machine, text: str, module: str) -> Value:
    """The value an annotation in the SDK's source promises."""
    try:
        return machine.of_annotation(ast.parse(text, mode="eval").body, module) if text else OTHER
    except SyntaxError:
        return OTHER


def _symbol_attribute(machine: Machine, symbol: Symbol, name: str) -> Value:
    if not symbol.name:
        machine.recorder.use("symbol", symbol.module, name, "read")
        return symbol_value(machine, symbol.module, name)
    machine.recorder.use("attribute", f"{symbol.module}.{symbol.name}", name)
    return one(Bound(symbol, name))


def symbol_value(machine: Machine, module: str, name: str) -> Value:
    """What a name of an SDK module stands for."""
    found = find_symbol(machine.sdk, module, name)
    if found is None:
        return OTHER
    if found[1]["kind"] == "module":
        return one(Symbol(found[0]))
    return one(Symbol(found[0], name))


def _class_attribute(machine: Machine, cls: OwnClass, name: str, frame: Frame) -> Value:
    found = class_members(machine.modules, cls.module, cls.name).get(name)
    if found is None:
        return one(Bound(cls, name))
    module, node = found
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        is_bound = any("classmethod" in ast.unparse(decorator) for decorator in node.decorator_list)
        function = Function(module, node.name, node, node.lineno, cls=cls.name)
        return one(Bound(cls, name)) if is_bound else one(function)
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        inner = Frame(module, frame.state, frame.stack)
        return machine.evaluate(node.value, inner)
    return OTHER


def _ref_attribute(machine: Machine, ref: Ref, name: str, frame: Frame) -> Value:
    cell = machine.cell(ref, frame)
    if not isinstance(cell, ObjectCell):
        return one(Bound(ref, name))
    if name in cell.members:
        return cell.members[name]
    found = class_members(machine.modules, cell.module, cell.name).get(name)
    if found is None:
        return _inherited_attribute(machine, cell, ref, name)
    module, node = found
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return _class_attribute(machine, OwnClass(cell.module, cell.name), name, frame)
    if any("property" in ast.unparse(decorator) for decorator in node.decorator_list):
        function = Function(module, node.name, node, node.lineno, cls=cell.name)
        return machine.call_function(function, Given((one(ref),)), frame)
    return one(Bound(ref, name))


def _inherited_attribute(machine: Machine, cell: ObjectCell, ref: Ref, name: str) -> Value:
    """Of a class of the SDK the object's own is made from."""
    for base in sdk_bases_of(machine.modules, machine.sdk, cell.module, cell.name):
        member = find_member(machine.sdk, base, name)
        if member is not None:
            machine.recorder.use("attribute", base, name)
            return one(Bound(ref, name)) if member["kind"] == "function" else OTHER
    return OTHER


def read_item(machine: Machine, atom: Atom, key: Value, frame: Frame) -> Value:
    """What `atom[key]` may be."""
    found = OTHER
    match atom:
        case Doc():
            found = _field(machine, atom, key)
        case Tuple(items=items):
            found = _tuple_item(items, key)
        case Many(item=item):
            found = item if not _is_slice(key) else one(atom)
        case Table(item=item):
            found = _linked(machine, item, key)
        case Ref():
            found = _cell_item(machine, atom, key, frame)
        case Settings():
            found = _setting(machine, key)
        case Payload():
            found = _payload(machine, atom, key)
        case Arguments():
            found = _argument(machine, atom, key)
        case Slots(register=register, kind=kind):
            found = _name_parts(machine, "dimension" if kind == "dimensions" else "resource", register, key)
        case Row(report=report):
            found = _name_parts(machine, "column", report, key)
    return found


def _name_parts(machine: Machine, kind: str, target: str, key: Value) -> Value:
    names = texts_of(key)
    for name in names:
        machine.recorder.use(kind, target, name, "read")
    if any(not isinstance(atom, Const) for atom in key):
        machine.recorder.leave_open(f"reads a {kind} of {target} whose name is computed")
    return join(one(PartOf(target, name)) for name in names) or OTHER


def _linked(machine: Machine, item: Value, key: Value) -> Value:
    """Of documents of several types by id, those a link field of an own type leads to, where that is the key."""
    links = {machine.links.get((atom.type, atom.path), "") for atom in key if isinstance(atom, Doc)}
    if not links or "" in links or "*" in links:
        return item
    return frozenset(atom for atom in item if not isinstance(atom, Doc) or atom.path or atom.type in links) or item


SLICE: Value = one(Const("\0slice"))


def _is_slice(key: Value) -> bool:
    return key == SLICE


def _field(machine: Machine, doc: Doc, key: Value, mode: str = "read") -> Value:
    """Fields by the keys that are known; an index stays where it is; what is not known is left open."""
    if _is_slice(key):
        return one(doc)
    found: list[Value] = []
    for atom in key:
        if isinstance(atom, Const) and isinstance(atom.value, str):
            machine.recorder.field(doc.type, doc.at(atom.value).path, mode)
            found.append(one(doc.at(atom.value)))
        elif isinstance(atom, Const | Number) and doc.path:
            found.append(one(doc))
        elif not isinstance(atom, Const):
            leave_open(machine, doc, atom, "sets" if mode == "write" else "reads")
            found.append(OTHER if not doc.path else one(doc))
    return join(found) if found else OTHER


def leave_open(machine: Machine, doc: Doc, key: Atom, verb: str) -> None:
    """A field of a computed name."""
    prefix = key.prefix if isinstance(key, Text) else ""
    if doc.path and not prefix:
        machine.recorder.hand_over(doc.type, doc.path, f"{verb} a field whose name is computed")
        return
    known = f" beginning with {prefix}" if prefix else ""
    name = doc.at(prefix).path if prefix else ""
    machine.recorder.leave_open(f"{verb} a field whose name is computed{known}", doc.type, name)


def _tuple_item(items: tuple[Value, ...], key: Value) -> Value:
    if _is_slice(key):
        return one(Many(join(items)))
    places = [atom.value for atom in key if isinstance(atom, Const) and isinstance(atom.value, int)]
    if len(places) == len(key) and all(-len(items) <= place < len(items) for place in places):
        return join(items[place] for place in places)
    return join(items) or OTHER


def _cell_item(machine: Machine, ref: Ref, key: Value, frame: Frame) -> Value:
    cell = machine.cell(ref, frame)
    if isinstance(cell, ListCell):
        return one(ref) if _is_slice(key) else _tuple_item(cell.items or (cell.any_item(),), key)
    if isinstance(cell, DictCell):
        return read_dict(machine, cell, key)
    if isinstance(cell, ObjectCell):
        found = class_members(machine.modules, cell.module, cell.name).get("__getitem__")
        if found is not None and isinstance(found[1], ast.FunctionDef):
            function = Function(found[0], "__getitem__", found[1], found[1].lineno, cls=cell.name)
            return machine.call_function(function, Given((one(ref), key)), frame)
        return _tuple_item(tuple(cell.members.values()), key) if cell.members else OTHER
    return OTHER


def read_dict(machine: Machine, cell: DictCell, key: Value) -> Value:
    """Values by key; of documents copied into it, the fields. A table looked into by a field names its values."""
    found: list[Value] = []
    for atom in key:
        if isinstance(atom, Const) and isinstance(atom.value, str | int):
            name = str(atom.value)
            if name in cell.known:
                found.append(cell.known[name])
            if name not in cell.sure:
                found += [_field(machine, doc, one(atom)) for doc in cell.copied]
                found.append(cell.rest)
        else:
            compare_keys(machine, cell, atom)
            found += [*cell.known.values(), cell.rest, *(_field(machine, doc, one(atom)) for doc in cell.copied)]
    return join(found) or OTHER


def _setting(machine: Machine, key: Value) -> Value:
    for atom in key:
        if isinstance(atom, Const) and isinstance(atom.value, str):
            machine.recorder.use("setting", machine.applet, atom.value, "read")
        elif not isinstance(atom, Const):
            machine.recorder.leave_open("reads a setting whose name is computed", f"{machine.applet}.settings")
    return OTHER


def _payload(machine: Machine, payload: Payload, key: Value) -> Value:
    found: list[Value] = []
    for name in texts_of(key):
        if payload.path:
            continue
        machine.recorder.use("payload", payload.event or "*", name, "read")
        subject = subject_of(payload.event)
        if name in ("diff", "kept"):
            found.append(one(Doc(subject)))
        elif name == "state" and subject:
            found.append(one(StateOf(subject)))
        else:
            found.append(one(Payload(payload.event, name)))
    if not payload.path and any(not isinstance(atom, Const) for atom in key):
        machine.recorder.leave_open("reads of an event's payload by a name that is computed", subject_of(payload.event))
    return join(found) if found else OTHER


def _argument(machine: Machine, arguments: Arguments, key: Value) -> Value:
    found: list[Value] = []
    for atom in key:
        if isinstance(atom, Const) and isinstance(atom.value, str):
            path = f"{arguments.path}.{atom.value}" if arguments.path else atom.value
            machine.recorder.use("argument", arguments.type, arguments.action, "read", {"given": [path]})
            found.append(one(Arguments(arguments.type, arguments.action, path)))
        elif arguments.path:
            found.append(one(arguments))
        elif not isinstance(atom, Const):
            machine.recorder.leave_open("reads an argument whose name is computed", arguments.type)
    return join(found) if found else OTHER


def types_matching(machine: Machine, type: str) -> list[str]:
    """The applet's own types a pattern is about, and the pattern for all others."""
    if not type.endswith("*"):
        return [type]
    own = [name for name in machine.types if matches(type, name)]
    return own if own and type.partition(".")[0] == machine.applet else [*own, type]
