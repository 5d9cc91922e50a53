"""What values are passed on with events and movements, and which are asked of registers and reports."""

from __future__ import annotations

from collections.abc import Iterable

from registry.contracts.following.items import items_of
from registry.contracts.following.machine import Machine
from registry.contracts.following.state import DictCell, Frame
from registry.contracts.following.values import NOTHING, Const, Doc, Value, Written, join, texts_of


def pass_on(machine: Machine, targets: Iterable[str], value: Value | None, frame: Frame) -> None:
    """The fields and literals the members of a payload, or the dimensions of a movement, are made of."""
    for target in targets:
        for atom in value or NOTHING:
            cell = machine.cell(atom, frame)
            for name, given in cell.known.items() if isinstance(cell, DictCell) else ():
                _add(machine, target, name, given)


def _add(machine: Machine, target: str, name: str, value: Value) -> None:
    passed = machine.recorder.pass_on(target, name)
    for atom in value:
        if isinstance(atom, Doc) and atom.path and atom.type and not atom.type.endswith("*"):
            (passed.texts if isinstance(atom, Written) else passed.fields).add(f"{atom.type}.{atom.path}")
        elif isinstance(atom, Const):
            passed.words |= {atom.value} if isinstance(atom.value, str) else set()
        else:
            passed.is_open = True


def ask_of(machine: Machine, target: str, prefix: str, value: Value | None, frame: Frame) -> None:
    """Literals given as dimensions of a question or parameters of a report. prefix: of their names."""
    for atom in value or NOTHING:
        cell = machine.cell(atom, frame)
        for name, given in cell.known.items() if isinstance(cell, DictCell) else ():
            exact, every = items_of(machine, given, frame)
            for text in {*texts_of(given), *texts_of(join(exact) if exact is not None else every)}:
                machine.recorder.use("passed", target, prefix + name, "compare", {"value": text})
