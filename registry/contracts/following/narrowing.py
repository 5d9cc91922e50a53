"""What a condition says of the variables it is about, where it held and where it did not."""

from __future__ import annotations

import ast

from registry.contracts.following.items import items_of
from registry.contracts.following.machine import Machine
from registry.contracts.following.state import Frame
from registry.contracts.following.values import Atom, Const, Doc, Happening, Value, is_certain, join, one
from registry.contracts.thing_rules import matches


def narrow(machine: Machine, test: ast.expr, frame: Frame, *, holds: bool) -> None:
    """Change the variables of the frame to what they are where the test held, or did not."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            narrow(machine, inner, frame, holds=not holds)
        case ast.BoolOp(op=ast.And(), values=values) if holds:
            for value in values:
                narrow(machine, value, frame, holds=True)
        case ast.BoolOp(op=ast.Or(), values=values) if not holds:
            for value in values:
                narrow(machine, value, frame, holds=False)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            _narrow_comparison(machine, left, operator, right, frame, holds)
        case ast.Name(id=name) if name in frame.state.names and holds:
            present = frame.state.names[name]
            frame.state.names[name] = frozenset(a for a in present if a != Const(None)) or present


def _narrow_comparison(
    machine: Machine, left: ast.expr, operator: ast.cmpop, right: ast.expr, frame: Frame, holds: bool
) -> None:
    if isinstance(operator, ast.NotEq | ast.NotIn | ast.IsNot):
        holds = not holds
    subject = left.target if isinstance(left, ast.NamedExpr) else left
    allowed = _allowed(machine, operator, right, frame)
    if allowed is None:
        return
    if isinstance(subject, ast.Name) and subject.id in frame.state.names:
        present = frame.state.names[subject.id]
        kept = _keep_equal(present, allowed) if holds else frozenset(a for a in present if a not in allowed)
        frame.state.names[subject.id] = kept or present
    elif isinstance(subject, ast.Attribute) and isinstance(subject.value, ast.Name):
        name = subject.value.id
        if subject.attr in ("type", "aggregate_type") and name in frame.state.names:
            frame.state.names[name] = _keep_types(frame.state.names[name], allowed, holds)


def _allowed(machine: Machine, operator: ast.cmpop, right: ast.expr, frame: Frame) -> Value | None:
    """The literals on the right; None where it is not they alone."""
    value = machine.evaluate(right, frame)
    if isinstance(operator, ast.In | ast.NotIn):
        if any(isinstance(atom, Doc) for atom in value):
            return None
        exact, _ = items_of(machine, value, frame)
        if exact is None:
            return None
        value = join(exact)
    return value if is_certain(value) else None


def _keep_equal(present: Value, allowed: Value) -> Value:
    """Literals that are allowed; anything unknown is now one of those allowed."""
    known = frozenset(atom for atom in present if isinstance(atom, Const) and atom in allowed)
    return known if all(isinstance(atom, Const) for atom in present) else known | allowed


def _keep_types(present: Value, allowed: Value, holds: bool) -> Value:
    names = [atom.value for atom in allowed if isinstance(atom, Const) and isinstance(atom.value, str)]
    kept: list[Value] = []
    for atom in present:
        kept += [one(item) for item in _narrowed(atom, names, holds)]
    return join(kept) if kept else present


def _narrowed(atom: Atom, names: list[str], holds: bool) -> list[Atom]:
    if isinstance(atom, Doc) and not atom.path:
        is_open = not atom.type or atom.type.endswith("*")
        if holds and is_open:
            return [Doc(name) for name in names if not atom.type or matches(atom.type, name)]
        return [atom] if is_open or (atom.type in names) is holds else []
    if isinstance(atom, Happening) and atom.type and not atom.type.endswith("*"):
        return [atom] if (atom.type in names or atom.type.rpartition(".")[0] in names) is holds else []
    if isinstance(atom, Happening) and holds:
        return [Happening(name if name.count(".") > 1 else f"{name}.*") for name in names]
    return [atom]
