"""What code compares with literals: fields, states, actions, and what events, registers and reports pass on."""

from __future__ import annotations

from registry.contracts.following.machine import Machine
from registry.contracts.following.state import DictCell
from registry.contracts.following.values import ActionOf, Atom, Doc, PartOf, Payload, StateOf


def compare_keys(machine: Machine, cell: DictCell, atom: Atom) -> None:
    """`TABLE[document["kind"]]` compares the field with every key of the table."""
    for name in cell.known:
        compare(machine, atom, name)


def compare(machine: Machine, atom: Atom, value: object) -> None:
    """That something is compared with a literal."""
    if not isinstance(value, str):
        return
    match atom:
        case Doc(type=type, path=path) if path and type:
            machine.recorder.use("value", type, path, "compare", {"value": value})
        case StateOf(type=type) if type and value:
            machine.recorder.use("state", type, value, "compare")
        case ActionOf(type=type) if type:
            machine.recorder.use("action", type, value, "compare")
        case Payload(event=target, path=name) | PartOf(target=target, name=name) if target and name and value:
            machine.recorder.use("passed", target, name, "compare", {"value": value})
