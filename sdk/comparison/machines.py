"""State machines: states documents are in, and actions callers ask for."""

from __future__ import annotations

from collections.abc import Mapping

from sdk.comparison.changes import Changes, SchemaChange, said
from sdk.comparison.types import compare_arguments
from sdk.expressions import Expression, InvalidExpression, parse, rename_names
from sdk.lenses import LensChain
from sdk.schema import DocumentType
from sdk.states import Action, State, StateMachine


def compare_machines(
    old: StateMachine | None,
    new: StateMachine | None,
    chain: LensChain | None = None,
    versions: tuple[int, int] = (1, 1),
) -> list[SchemaChange]:
    """Every change of a type's machine. versions: of the type, old and new, which the chain leads between."""
    changes = Changes("machine", (old or new or StateMachine("", "")).type)
    if old is None and new is not None:
        changes.breaking("machine_added", "", f"documents of {new.type} have no state, and now need one")
    elif old is not None and new is None:
        changes.breaking("machine_removed", "", f"{old.type} has no states and actions any more")
    elif old is not None and new is not None:
        is_known = chain is not None and max(versions) <= chain.latest and versions[0] != versions[1]
        _Comparison(old, new, changes, chain if is_known else None, versions).compare()
    return changes.found


class _Comparison:
    def __init__(
        self, old: StateMachine, new: StateMachine, changes: Changes, chain: LensChain | None, versions: tuple[int, int]
    ) -> None:
        self.old, self.new, self.changes = old, new, changes
        at, now = versions
        self.states: Mapping[str, str] = (chain.state_source(at=at, now=now) if chain else None) or {}
        self.names: Mapping[str, str] = chain.renames(at, now) if chain else {}

    def compare(self) -> None:
        for name, state in self.old.states.items():
            target = self.new.states.get(self.states.get(name, name))
            if target is None:
                fix = f'{{"map_state": {{"{name}": …}}}} to one of {said(self.new.states)}'
                self.changes.breaking("state_removed", f"states.{name}", f"there is no state {name} any more", fix)
            else:
                self._compare_state(state, target)
        reached = {self.states.get(name, name) for name in self.old.states}
        for name in self.new.states.keys() - reached:
            self.changes.compatible("state_added", f"states.{name}", f"there is a state {name}")
        if self.states.get(self.old.initial, self.old.initial) != self.new.initial:
            message = f"documents begin as {self.new.initial} instead of {self.old.initial}"
            self.changes.compatible("initial_changed", "initial", message)
        for name, action in self.old.actions.items():
            other = self.new.actions.get(name)
            if other is None:
                self.changes.breaking("action_removed", f"actions.{name}", f"there is no action {name} any more")
            else:
                self._compare_action(action, other)
        for name in self.new.actions.keys() - self.old.actions.keys():
            self.changes.compatible("action_added", f"actions.{name}", f"there is an action {name}")

    def _compare_state(self, old: State, new: State) -> None:
        path = f"states.{old.name}"
        if old.name != new.name:
            self.changes.cast_needed("state_renamed", path, f"documents that are {old.name} become {new.name}")
        for word in ("editable", "deletable"):
            if getattr(old, word) and not getattr(new, word):
                self.changes.breaking("state_closed", path, f"documents that are {new.name} are not {word} any more")
            elif getattr(new, word) and not getattr(old, word):
                self.changes.compatible("state_opened", path, f"documents that are {new.name} are {word}")
        if old.title != new.title:
            self.changes.compatible("title_changed", path, f"the title of {new.name} is another one")

    def _compare_action(self, old: Action, new: Action) -> None:
        path, name = f"actions.{old.name}", old.name
        before = {self.states.get(state, state) for state in old.sources} & set(self.new.states)
        if lost := before - new.sources:
            self.changes.breaking("action_source_removed", path, f"{name} is not possible any more in {said(lost)}")
        if gained := new.sources - before:
            self.changes.compatible("action_source_added", path, f"{name} is possible in {said(gained)}")
        target = self.states.get(old.target, old.target) if old.target is not None else None
        if target != new.target:
            message = f"{name} leads to {new.target or 'no other state'} instead of {target or 'no other state'}"
            self.changes.breaking("action_target_changed", path, message)
        if old.event != new.event:
            message = f"{name} emits {self.new.type}.{new.event} instead of {self.old.type}.{old.event}"
            self.changes.breaking("event_changed", path, message)
        self._compare_guard(old, new, path)
        self._compare_arguments(old, new, f"{path}.arguments")
        if (old.title, old.description, old.guard_message) != (new.title, new.description, new.guard_message):
            self.changes.compatible("title_changed", path, f"what people read about {name} is another text")

    def _compare_guard(self, old: Action, new: Action, path: str) -> None:
        if renamed_source(old.guard, self.names) == renamed_source(new.guard, {}):
            return
        if new.guard is None:
            self.changes.compatible("guard_removed", path, f"{old.name} has no condition any more")
        else:
            message = f"{old.name} has the condition {new.guard.source}, which may refuse what was allowed"
            self.changes.breaking("guard_changed", path, message)

    def _compare_arguments(self, old: Action, new: Action, path: str) -> None:
        if old.arguments is None and new.arguments is None:
            return
        empty = DocumentType.from_schema(f"{self.new.type.partition('.')[0]}.{old.name}", {})
        compare_arguments(old.arguments or empty, new.arguments or empty, self.changes, f"{path}.")


def renamed_source(expression: Expression | None, names: Mapping[str, str]) -> Expression | str | None:
    """An expression after fields got other names, to be compared with another one."""
    if expression is None:
        return None
    try:
        return parse(rename_names(expression.source, names))
    except InvalidExpression:
        return expression.source
