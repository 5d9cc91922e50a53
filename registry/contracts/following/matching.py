"""Follows the patterns of `match`: what they compare, which fields they look for, what they bind."""

from __future__ import annotations

import ast

from registry.contracts.following.comparing import compare
from registry.contracts.following.items import items_of
from registry.contracts.following.machine import Machine
from registry.contracts.following.method_models import look_for
from registry.contracts.following.state import Frame
from registry.contracts.following.values import OTHER, Const, Value


def match_pattern(machine: Machine, pattern: ast.pattern, subject: Value, frame: Frame) -> None:
    """One pattern against what the subject may be."""
    match pattern:
        case ast.MatchValue(value=value):
            _match_value(machine, machine.evaluate(value, frame), subject)
        case ast.MatchOr(patterns=patterns):
            for inner in patterns:
                match_pattern(machine, inner, subject, frame)
        case ast.MatchAs(pattern=wrapped, name=name):
            if wrapped is not None:
                match_pattern(machine, wrapped, subject, frame)
            if name is not None:
                frame.state.names[name] = subject
        case ast.MatchMapping():
            _match_mapping(machine, pattern, subject, frame)
        case ast.MatchSequence(patterns=patterns):
            exact, every = items_of(machine, subject, frame)
            items = exact if exact is not None and len(exact) == len(patterns) else [every] * len(patterns)
            for inner, item in zip(patterns, items, strict=True):
                match_pattern(machine, inner, item, frame)
        case ast.MatchClass(kwd_attrs=names, kwd_patterns=patterns):
            for attr, inner in zip(names, patterns, strict=True):
                match_pattern(machine, inner, machine.attribute(subject, attr, frame), frame)


def _match_value(machine: Machine, value: Value, subject: Value) -> None:
    for atom in value:
        for wanted in subject if isinstance(atom, Const) else ():
            compare(machine, wanted, atom.value if isinstance(atom, Const) else None)


def _match_mapping(machine: Machine, pattern: ast.MatchMapping, subject: Value, frame: Frame) -> None:
    for key, inner in zip(pattern.keys, pattern.patterns, strict=True):
        name = machine.evaluate(key, frame)
        with machine.among(subject):
            for atom in subject:
                look_for(machine, atom, name, frame)
        match_pattern(machine, inner, machine.subscript(subject, name, frame), frame)
    if pattern.rest is not None:
        frame.state.names[pattern.rest] = OTHER
