"""What the lenses of an applet must agree on with its schemas, machines and functions.

Only the newest schema is at hand, so fields of older versions are found by going back from it, step by step.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sdk.applet_files import read_text
from sdk.errors import Violation
from sdk.lenses import LensChain
from sdk.lenses.functions import names_of, touches_path
from sdk.lenses.places import is_under, relocate
from sdk.lenses.steps import MapState, MapValue, SetDefault, Split, Step
from sdk.nearest import nearest_or_all
from sdk.schema import DocumentType, Field
from sdk.states import StateMachine

FUNCTIONS_FILE = "lenses.py"
_FUNCTION = re.compile(r"(up|down)_([a-z][a-z0-9_]*)_([0-9]+)_to_([0-9]+)")


def read_functions(folder: Path, faults: list[Violation]) -> frozenset[str]:
    """The names of the functions in `lenses.py` that cast documents; the file is read, not run."""
    path = folder / FUNCTIONS_FILE
    if not path.exists():
        return frozenset()
    found: list[Violation] = []
    text = read_text(path, found)
    try:
        tree = ast.parse(text or "")
    except (SyntaxError, ValueError) as error:
        tree = ast.Module([], [])
        found.append(Violation("", "python", f"the file cannot be parsed: {error}"))
    faults += [Violation(f"{FUNCTIONS_FILE}#{v.pointer}", v.rule, v.message, v.expected) for v in found]
    names = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return frozenset(name for name in names if _FUNCTION.fullmatch(name))


def complete_chain(type: DocumentType, chain: LensChain | None, functions: frozenset[str]) -> LensChain:
    """The chain up to the type's version, with the functions there are for it, not loaded yet."""
    own = chain or LensChain(type.name)
    pairs = {
        version: None
        for version in range(2, type.version + 1)
        if any(name in functions for name in names_of(type.noun, version))
    }
    return LensChain(type.name, max(type.version, own.latest), own.steps, pairs, own.touches)


def check_functions(functions: frozenset[str], types: Mapping[str, DocumentType], faults: list[Violation]) -> None:
    """Functions nothing would ever call, and those whose opposite is missing."""
    wanted = {
        name: pair
        for type in types.values()
        for version in range(2, type.version + 1)
        for pair in [names_of(type.noun, version)]
        for name in pair
    }
    for name in sorted(functions):
        where = f"{FUNCTIONS_FILE}#/{name}"
        if name not in wanted:
            message = f"{name} leads to no version of a type of the applet"
            faults.append(Violation(where, "unknown_function", message, nearest_or_all(name, wanted)))
        else:
            for other in wanted[name]:
                if other not in functions:
                    message = f"there is no {other}, so that there is no way back"
                    faults.append(Violation(where, "function_missing", message, f"def {other}(document)"))


def check_chain(type: DocumentType, chain: LensChain, machine: StateMachine | None, faults: list[Violation]) -> None:
    """Every fault of a chain that is right in itself; pointers begin with the file."""
    _Walk(type, chain, machine, faults).check()


class _Walk:
    """Goes back from the newest version. fields: those of the version it stands at, None where no more is known."""

    def __init__(
        self, type: DocumentType, chain: LensChain, machine: StateMachine | None, faults: list[Violation]
    ) -> None:
        self.type, self.chain, self.machine, self.faults = type, chain, machine, faults
        self.fields: dict[str, Field | None] = dict(type.fields)
        self.states: set[str] | None = set(machine.states) if machine else set()
        # Below these, and in what functions change, anything may have been.
        self.unknown: set[str] = set()
        self.mapped: set[str] = set()
        self.file = f"lenses/{type.noun}.json#"

    def check(self) -> None:
        self._check_versions()
        for version in range(self.type.version, 1, -1):
            if self.chain.has_functions(version) and not self._pass_functions(version):
                return
            steps = self.chain.steps.get(version, ())
            for index in range(len(steps) - 1, -1, -1):
                self._pass(steps[index], f"{self.file}/versions/{version}/{index}")

    def _fault(self, where: str, rule: str, message: str, expected: str | None = None) -> None:
        self.faults.append(Violation(where, rule, message, expected))

    def _check_versions(self) -> None:
        newest = self.type.version
        for version in sorted(number for number in self.chain.steps if number > newest):
            message = f"{self.type.name} has the version {newest}, so no steps lead to {version}"
            self._fault(f"{self.file}/versions/{version}", "version", message, f'"x-version": {version}')
        for version in self.chain.missing:
            names = " or ".join(names_of(self.type.noun, version)[:1])
            message = f"nothing leads from version {version - 1} of {self.type.name} to {version}"
            self._fault(f"{self.file}/versions", "version_missing", message, f'"{version}": [steps], or {names}')
        for version, names_touched in self.chain.touches.items():
            if not self.chain.has_functions(version):
                message = f"there are no functions that lead to version {version}"
                self._fault(f"{self.file}/touches/{version}", "function_missing", message)
            for field in self.type.encrypted:
                if field.path.partition(".")[0] in names_touched:
                    self._refuse_encrypted(f"{self.file}/touches/{version}", field.path)

    def _pass_functions(self, version: int) -> bool:
        touched = self.chain.touches.get(version)
        self.unknown |= touched or set()
        return touched is not None

    def _is_unknown(self, path: str) -> bool:
        return any(is_under(path, other) for other in self.unknown) or touches_path(frozenset(self.unknown), path)

    def _pass(self, step: Step, where: str) -> None:
        if isinstance(step, MapState):
            self._pass_states(step, where)
            return
        there = [path for path in step.paths if path not in step.gone]
        for path in there:
            if path not in self.fields and not self._is_unknown(path):
                message = f"{self.type.name} has no field {path} after this step"
                self._fault(where, "unknown_field", message, nearest_or_all(path, self.fields))
        for path in step.gone:
            if path in self.fields and not self._is_unknown(path):
                message = f"{path} is a field after this step too"
                self._fault(where, "name_taken", message, f"another name, or add_field {path} after it")
        self._check_encrypted(step, where)
        self._check_values(step, where)
        self._go_back(step)
        self._check_arrays(step, where)

    def _go_back(self, step: Step) -> None:
        moved = [(old, new, path) for old, new in step.moved for path in self.fields if is_under(path, new)]
        for old, new, path in moved:
            self._add(relocate(path, new, old), self.fields[path])
        for path in [path for path in self.fields if any(is_under(path, come) for come in step.come)]:
            del self.fields[path]
        for path in step.gone:
            if path not in self.fields:
                self._add(path, None)
                self.unknown |= {path} if not isinstance(step, Split) else set()
        self.mapped -= set(step.come)

    def _add(self, path: str, field: Field | None) -> None:
        above = path.rpartition(".")[0]
        while above:
            self.fields.setdefault(above, None)
            above = above.rpartition(".")[0]
        self.fields[path] = field

    def _check_encrypted(self, step: Step, where: str) -> None:
        for path, field in self.fields.items():
            is_touched = any(is_under(path, other) or is_under(other, path) for other in step.paths)
            if is_touched and field is not None and field.encrypted:
                self._refuse_encrypted(where, path)

    def _refuse_encrypted(self, where: str, path: str) -> None:
        message = f"{path} is encrypted, and no step can read or move it"
        self._fault(where, "encrypted_field", message, "leave it where it is")

    def _check_arrays(self, step: Step, where: str) -> None:
        """Asked of the fields before the step, those after it being there too where they were moved."""
        for path in step.paths:
            parts = path.split(".")
            for count in range(1, len(parts)):
                above = ".".join(parts[:count])
                field = self.fields.get(above) or self.type.fields.get(above)
                if field is not None and field.kind == "array" and tuple(parts[:count]) != step.prefix[:count]:
                    message = f"{above} is an array, and a step stays in one item of it"
                    self._fault(where, "crosses_array", message, "a function in lenses.py")

    def _check_values(self, step: Step, where: str) -> None:
        field = self.fields.get(step.paths[0])
        if field is None or step.paths[0] in self.mapped:
            return
        schema = field.schema.get("items", field.schema)
        if isinstance(step, MapValue):
            self._check_map(step, schema, where)
        elif isinstance(step, SetDefault) and not field.in_array and "enum" in schema:
            self._check_known([step.value], schema["enum"], where, "unknown_value", "value")

    def _check_map(self, step: MapValue, schema: Mapping[str, Any], where: str) -> None:
        self.mapped.add(step.paths[0])
        if schema.get("type") != "string":
            self._fault(where, "type", f"{step.paths[0]} holds no texts", "a text, or an array of texts")
        elif "enum" in schema:
            self._check_known((step.values or {}).values(), schema["enum"], where, "unknown_value", "value")

    def _pass_states(self, step: MapState, where: str) -> None:
        values = step.values or {}
        if self.machine is None:
            self._fault(where, "unknown_state", f"{self.type.name} has no state machine")
        elif self.states is not None:
            self._check_known(values.values(), self.states, where, "unknown_state", "state")
            # What the states before were called is known of those named here only.
            self.states = None

    def _check_known(self, found: Iterable[Any], known: Iterable[Any], where: str, rule: str, what: str) -> None:
        names = list(known)
        for value in found:
            if value not in names:
                expected = nearest_or_all(str(value), [str(name) for name in names])
                self._fault(where, rule, f"there is no {what} {value}", expected)
