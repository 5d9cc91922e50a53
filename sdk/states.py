"""State machines as data: `workflows/<noun>.json`. The workflow engine proper builds on the same definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sdk.definition import NAME, QUALIFIED_NAME, Reader
from sdk.errors import Conflict, Invalid, NotFound, Violation
from sdk.expressions import Expression
from sdk.nearest import nearest_or_all
from sdk.schema import DocumentType, read_input

MACHINE_KEYS = ("type", "initial", "states", "actions")
STATE_KEYS = ("title", "editable", "deletable", "final")
ACTION_KEYS = ("title", "description", "from", "to", "event", "guard", "guard_message", "arguments")
# Verbs the documents room has endpoints for itself.
RESERVED_ACTIONS = (
    "create", "read", "update", "delete", "restore", "archive", "unarchive", "bulk", "revisions", "links",
)  # fmt: skip
RESERVED_EVENTS = ("created", "updated", "deleted", "restored", "archived", "unarchived")


class InvalidStateMachine(Invalid):
    """The state machine of {type} cannot be used: {count} fault(s)."""


class ActionUnknown(NotFound):
    """There is no action {action} of {type}; expected {expected}."""


class ActionNotAllowed(Conflict):
    """{action} is not possible in state {state}; it is in {allowed}."""


class GuardRefused(Conflict):
    """{action} is not possible now: its condition does not hold."""


@dataclass(frozen=True, slots=True)
class State:
    """editable: may be updated; deletable: may be deleted; final: nothing follows, on purpose."""

    name: str
    title: str
    editable: bool = False
    deletable: bool = False
    final: bool = False


@dataclass(frozen=True)
class Action:
    """sources: states it is allowed in. target: the state it leads to, None keeps the state.

    event: past participle; the event is `<type>.<event>`. arguments: a document type of what the caller gives.
    """

    name: str
    title: str
    sources: frozenset[str]
    target: str | None = None
    event: str = ""
    guard: Expression | None = None
    guard_message: str = ""
    arguments: DocumentType | None = None
    description: str = ""

    def read_arguments(self, data: Mapping[str, Any] | None) -> tuple[dict[str, Any], list[Violation]]:
        """Python values of the caller's arguments, and all that is wrong with them."""
        if self.arguments is not None:
            return read_input(self.arguments, data or {})
        return {}, [Violation(f"/{name}", "unknown_argument", f"{self.name} takes no arguments") for name in data or {}]


@dataclass(frozen=True)
class StateMachine:
    """The states and actions of one document type."""

    type: str
    initial: str
    states: Mapping[str, State] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)

    @cached_property
    def event_types(self) -> frozenset[str]:
        """The events its actions emit."""
        return frozenset(f"{self.type}.{action.event}" for action in self.actions.values())

    def action(self, name: str) -> Action:
        """Raises ActionUnknown."""
        found = self.actions.get(name)
        if found is None:
            raise ActionUnknown(action=name, type=self.type, expected=nearest_or_all(name, self.actions))
        return found

    def is_editable(self, state: str | None) -> bool:
        found = self.states.get(state or "")
        return found is not None and found.editable

    def is_deletable(self, state: str | None) -> bool:
        found = self.states.get(state or "")
        return found is not None and found.deletable

    def actions_from(self, state: str | None) -> list[Action]:
        """The actions a document in this state may be asked for, guards not looked at."""
        return [action for action in self.actions.values() if state in action.sources]

    def check(self, scope: Mapping[str, Any], state: str | None, action: str) -> str | None:
        """The state an action leads to. Raises ActionUnknown, ActionNotAllowed, GuardRefused.

        scope: what the guard may name: the document's fields and system values, `arguments`, `actor`, `today`.
        """
        wanted = self.action(action)
        if state not in wanted.sources:
            allowed = ", ".join(sorted(wanted.sources))
            raise ActionNotAllowed(action=action, type=self.type, state=state, allowed=allowed)
        if wanted.guard is not None and not wanted.guard.holds(scope):
            raise GuardRefused(wanted.guard_message or None, action=action, type=self.type, guard=wanted.guard.source)
        return wanted.target or state

    @classmethod
    def from_data(cls, data: Any) -> StateMachine:
        """The machine of a file's content; raises InvalidStateMachine with all faults."""
        faults: list[Violation] = []
        machine = read_machine(data, faults)
        if faults:
            raise InvalidStateMachine(type=machine.type, violations=faults)
        return machine


def read_machine(data: Any, faults: list[Violation]) -> StateMachine:
    """The machine as far as it can be read; what is wrong goes to `faults`."""
    reader = Reader(data, faults)
    reader.keys(MACHINE_KEYS, ("type", "initial", "states"))
    type = reader.name("type", QUALIFIED_NAME, "applet.noun")
    states = {name: _read_state(name, child) for name, child in reader.named_children("states")}
    actions = {name: _read_action(type, name, child, states) for name, child in reader.named_children("actions")}
    machine = StateMachine(type, reader.choice("initial", list(states)), states, actions)
    _check_paths(machine, reader)
    return machine


def _read_state(name: str, reader: Reader) -> State:
    reader.keys(STATE_KEYS)
    title = reader.text("title", name.replace("_", " ").capitalize())
    return State(name, title, reader.flag("editable"), reader.flag("deletable"), reader.flag("final"))


def _read_action(type: str, name: str, reader: Reader, states: Mapping[str, State]) -> Action:
    reader.keys(ACTION_KEYS, ("from", "event"))
    if name in RESERVED_ACTIONS:
        reader.fault("", "reserved_name", f"{name} is something every type can do", "another verb")
    if reader.data.get("event") in RESERVED_EVENTS:
        reader.fault("event", "reserved_name", "every document has this event already", "another past participle")
    if "guard_message" in reader.data and "guard" not in reader.data:
        reader.fault("guard_message", "guard", "there is no guard to speak for", "a guard")
    return Action(
        name=name,
        title=reader.text("title", name.replace("_", " ").capitalize()),
        description=reader.text("description"),
        sources=_read_sources(reader, states),
        target=reader.choice("to", list(states)) or None,
        event=reader.name("event", NAME, "a past participle such as posted"),
        guard=reader.expression("guard"),
        guard_message=reader.text("guard_message"),
        arguments=_read_arguments(type, name, reader),
    )


def _read_sources(reader: Reader, states: Mapping[str, State]) -> frozenset[str]:
    sources = reader.texts("from")
    for state in sources:
        if state not in states:
            expected = nearest_or_all(state, states)
            reader.fault("from", "unknown_state", f"there is no state {state}", expected)
    if "from" in reader.data and not sources:
        reader.fault("from", "minItems", "the action is allowed in no state", "at least one state")
    return frozenset(sources)


def _read_arguments(type: str, action: str, reader: Reader) -> DocumentType | None:
    if "arguments" not in reader.data:
        return None
    try:
        return DocumentType.from_schema(f"{type.partition('.')[0] or 'unknown'}.{action}", reader.data["arguments"])
    except Invalid as error:
        prefix = reader.at("arguments")
        reader.faults += [Violation(f"{prefix}{v.pointer}", v.rule, v.message, v.expected) for v in error.violations]
        return None


def _check_paths(machine: StateMachine, reader: Reader) -> None:
    """Every state can be reached, and only a final one cannot be left."""
    reached = _reachable(machine)
    for name, state in machine.states.items():
        where = f"{reader.pointer}/states/{name}"
        if machine.initial and name not in reached:
            reader.faults.append(Violation(where, "unreachable", f"no action leads to {name}"))
        leaving = [action for action in machine.actions.values() if name in action.sources]
        if not leaving and not state.final:
            message = f"{name} is a dead end"
            reader.faults.append(Violation(where, "dead_end", message, '"final": true if that is meant'))
        if state.final and any(action.target not in (None, name) for action in leaving):
            reader.faults.append(Violation(where, "final", f"{name} is final, but an action leads on from it"))


def _reachable(machine: StateMachine) -> set[str]:
    reached: set[str] = set()
    waiting = [machine.initial]
    while waiting:
        state = waiting.pop()
        if state in reached:
            continue
        reached.add(state)
        waiting += [action.target for action in machine.actions.values() if action.target and state in action.sources]
    return reached


__all__ = [
    "Action", "ActionNotAllowed", "ActionUnknown", "GuardRefused", "InvalidStateMachine", "State", "StateMachine",
    "read_machine",
]  # fmt: skip
