"""What an applet's data use of others: links, expressions of workflows and reports, roles, words of the SDK."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from registry.contracts.kernel import RESOURCES
from registry.contracts.model import Use
from registry.contracts.sources import PARAMETER, compared_names, source_path
from sdk.applet import Applet
from sdk.definition import QUALIFIED_NAME
from sdk.expressions import Expression
from sdk.expressions.nodes import BoolOp, Call, Compare, ListLiteral, Literal, Name, Node, walk
from sdk.reports import Report
from sdk.schema import DocumentType
from sdk.schema.vocabulary import SYSTEM_FIELDS

WORDS = "sdk.words"
# Names every expression may use; they lead to no field.
WORLD = frozenset({"actor", "today", "param", "arguments"})
REGISTER_NAMES = frozenset({"occurred_at", "company_id"})


def uses_of_data(applet: Applet) -> Iterator[Use]:
    """Every use in the JSON files and the manifest."""
    reading = _Data(applet)
    yield from reading.manifest()
    yield from reading.types()
    yield from reading.machines()
    yield from reading.registers()
    for report in applet.reports.values():
        yield from reading.report(report)
    yield from reading.roles()
    yield from reading.mentions()


class _Data:
    def __init__(self, applet: Applet) -> None:
        self.applet = applet
        self.lines: dict[str, list[str]] = {}

    def at(self, file: str, *texts: str) -> tuple[str, ...]:
        """The first line of a file that holds one of the texts, those that say more first."""
        if file not in self.lines:
            path = self.applet.folder / file
            self.lines[file] = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for text in texts:
            for number, line in enumerate(self.lines[file], 1):
                if text in line:
                    return (f"{file}:{number}",)
        return (f"{file}:1",)

    def manifest(self) -> Iterator[Use]:
        file = "applet.toml"
        for capability in self.applet.manifest.capabilities:
            what = f"{capability.resource}:{capability.verb}"
            where = self.at(file, str(capability))
            yield Use("word", f"{WORDS}.capabilities", what, "declared", where)
            if not capability.name.endswith("*"):
                # To ask for what there is none of hurts nobody.
                yield Use("mention", capability.name, "", "capability", where)
        for line in self.lines.get(file, ()):
            key = line.partition("=")[0].strip()
            if key.isidentifier() and key in ("trust", "hooks", "capabilities", "author", "license"):
                yield Use("word", f"{WORDS}.manifest_keys", key, "declared", self.at(file, f"{key} ", f"{key}="))

    def types(self) -> Iterator[Use]:
        for type in self.applet.types.values():
            yield from self.schema(type, f"schemas/{type.noun}.json")
        if self.applet.settings is not None:
            yield from self.schema(self.applet.settings, "settings.json")

    def schema(self, type: DocumentType, file: str) -> Iterator[Use]:
        data = _read(self.applet.folder / file)
        for key in sorted(data):
            if key.startswith("x-"):
                yield Use("word", f"{WORDS}.type_keys", key, "declared", self.at(file, f'"{key}"'))
        yield from self.fields(type, file, schema=True)

    def fields(self, type: DocumentType, file: str, *, schema: bool = False) -> Iterator[Use]:
        for field in type.fields.values():
            where = self.at(file, f'"{field.name}":')
            if field.link and field.link != "*":
                yield Use("type", field.link, "", "link", self.at(file, f'"{field.link}"'))
            for key in sorted(field.schema):
                if key.startswith("x-"):
                    yield Use("word", f"{WORDS}.field_keys", key, "declared", self.at(file, f'"{key}"'))
            if isinstance(field.schema.get("format"), str):
                yield Use("word", f"{WORDS}.formats", field.schema["format"], "declared", where)
            if field.computed is not None and schema:
                yield from self.functions(field.computed, where)
                if not field.parent:
                    yield from paths_of(field.computed, type.name, "computed", where)

    def machines(self) -> Iterator[Use]:
        for machine in self.applet.machines.values():
            file = f"workflows/{machine.type.partition('.')[2]}.json"
            for action in machine.actions.values():
                if action.guard is not None:
                    where = self.at(file, json.dumps(action.guard.source, ensure_ascii=False), f'"{action.name}"')
                    yield from self.functions(action.guard, where)
                    yield from paths_of(action.guard, machine.type, "guard", where)
                if action.arguments is not None:
                    yield from self.fields(action.arguments, file)

    def registers(self) -> Iterator[Use]:
        for register in self.applet.registers.values():
            file = f"registers/{register.name.partition('.')[2]}.json"
            for dimension in register.dimensions:
                if dimension.link and dimension.link != "*":
                    yield Use("type", dimension.link, "", "link", self.at(file, f'"{dimension.link}"'))

    def report(self, report: Report) -> Iterator[Use]:
        file = f"reports/{report.name.partition('.')[2]}.json"
        source = report.source
        for kind, name in (("register", source.register), ("type", source.documents), ("type", source.type)):
            if name:
                yield Use(kind, name, "", "read", self.at(file, f'"{name}"'))
        for expression in report.source_expressions().values():
            where = self.at(file, json.dumps(expression.source, ensure_ascii=False), f'"{expression.source}"')
            yield from self.functions(expression, where)
            yield from report_paths(report, expression, where)
        for measure in report.measures.values():
            if source.register and measure.resource:
                where = self.at(file, f'"{measure.resource}"')
                yield Use("resource", source.register, measure.resource, "read", where)
        links = [*(column.link for column in report.columns.values()), *(p.link for p in report.parameters.values())]
        for link in filter(None, links):
            if link != "*":
                yield Use("type", link, "", "link", self.at(file, f'"{link}"'))
        yield from self.parameters(report, file)
        for pattern in report.cache:
            yield Use("event", pattern, "", "awaited", self.at(file, f'"{pattern}"'))
        yield from self.drill_down(report, file)

    def parameters(self, report: Report, file: str) -> Iterator[Use]:
        """Choices and defaults are values of what the parameter filters by."""
        for parameter in report.parameters.values():
            default = parameter.default.root if parameter.default is not None else None
            values = [*parameter.choices, *(_literals(default) if default is not None else ())]
            names = compared_names(parameter.filter.root) if parameter.filter is not None else ()
            for path, name in names:
                for value in values if name == f"{PARAMETER}{parameter.name}" else ():
                    yield from value_at(report, path, value, self.at(file, f'"{value}"'))

    def drill_down(self, report: Report, file: str) -> Iterator[Use]:
        down = report.drill_down
        if down is None or down.target == "*":
            return
        where = self.at(file, f'"{down.target}"')
        yield Use("report" if down.kind == "report" else "type", down.target, "", "link", where)
        if down.kind == "report":
            for name, expression in down.parameters.items():
                place = self.at(file, f'"{name}":')
                yield Use("parameter", down.target, name, "given", place)
                for value in _literals(expression.root):
                    yield Use("passed", down.target, f"{PARAMETER}{name}", "compare", place, {"value": value})
        if down.filter is not None:
            yield from paths_of(down.filter, down.target, "filter", where)

    def roles(self) -> Iterator[Use]:
        file = "roles.json"
        for role in self.applet.roles.values():
            for name in role.inherits:
                yield Use("role", name, "", "inherited", self.at(file, f'"{name}"'))
            for permission in role.permissions:
                where = self.at(file, f'"{permission.resource}"')
                if permission.resource.endswith("*") or permission.resource in RESOURCES:
                    continue
                yield Use(permission.resource_kind, permission.resource, "", "granted", where)
                if permission.resource_kind != "type":
                    continue
                for action in sorted(permission.actions - VERBS):
                    yield Use("action", permission.resource, action, "granted", self.at(file, f'"{action}"'))
                for path in sorted(permission.mask):
                    yield Use("field", permission.resource, path, "mask", self.at(file, f'"{path}"'))
                if permission.condition is not None:
                    yield from paths_of(permission.condition, permission.resource, "condition", where)

    def functions(self, expression: Expression, where: tuple[str, ...]) -> Iterator[Use]:
        for node in walk(expression.root):
            if isinstance(node, Call):
                yield Use("word", f"{WORDS}.functions", node.function, "called", where)

    def mentions(self) -> Iterator[Use]:
        """Values of settings that look like a name of somebody's: a role to tell, a type to look at."""
        for text in _texts_of(self.applet.settings_defaults):
            if QUALIFIED_NAME.fullmatch(text):
                yield Use("mention", text, "", "default", self.at("settings.json", f'"{text}"'))


VERBS = frozenset({"read", "create", "update", "delete", "restore", "archive", "unarchive", "*"})


def _texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts_of(item)


def _read(path: Path) -> dict[str, Any]:
    data = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return data if isinstance(data, dict) else {}


def paths_of(expression: Expression, type: str, mode: str, where: tuple[str, ...], prefix: str = "") -> Iterator[Use]:
    """The fields of a document an expression names, and the values it compares them with."""
    for path in sorted(expression.names):
        if path.partition(".")[0] not in WORLD and path not in SYSTEM_FIELDS:
            yield Use("path", type, f"{prefix}{path}", mode, where)
    for path, value in compared(expression.root):
        if path == "state" and not prefix:
            yield Use("state", type, value, mode, where)
        elif path in expression.names and path.partition(".")[0] not in {*WORLD, *SYSTEM_FIELDS}:
            yield Use("value", type, f"{prefix}{path}", "compare", where, {"value": value})


def report_paths(report: Report, expression: Expression, where: tuple[str, ...]) -> Iterator[Use]:
    """As `paths_of`, in the scope of the report's source."""
    source = report.source
    if source.register:
        yield from _register_paths(report, expression, where)
    elif source.type and not source.each:
        yield from paths_of(expression, source.type, "report", where)
    elif source.type:
        for path in sorted(expression.names):
            root, _, rest = path.partition(".")
            if root == "document" and rest.partition(".")[0] not in SYSTEM_FIELDS and rest:
                yield Use("path", source.type, rest, "report", where)
            elif root not in {*WORLD, "document"}:
                yield Use("path", source.type, f"{source.each}.{path}", "report", where)
        yield from _values_in(report, expression, where)


def _register_paths(report: Report, expression: Expression, where: tuple[str, ...]) -> Iterator[Use]:
    register, documents = report.source.register or "", report.source.documents
    for path in sorted(expression.names):
        root, _, rest = path.partition(".")
        if root == "document":
            if documents and rest and rest.partition(".")[0] not in SYSTEM_FIELDS:
                yield Use("path", documents, rest, "report", where)
        elif root not in WORLD and root not in REGISTER_NAMES:
            yield Use("slot", register, path, "report", where)
    yield from _values_in(report, expression, where)


def _values_in(report: Report, expression: Expression, where: tuple[str, ...]) -> Iterator[Use]:
    """Values that dimensions, documents of movements and elements of lists are compared with."""
    for path, value in compared(expression.root):
        yield from value_at(report, path, value, where)
        if path == "document.state" and (report.source.documents or report.source.type):
            yield Use("state", report.source.documents or report.source.type or "", value, "report", where)


def value_at(report: Report, path: str, value: str, where: tuple[str, ...]) -> Iterator[Use]:
    """A value looked for where a path of a report's expression leads to."""
    qualified = source_path(report, path)
    if not qualified:
        return
    owner, noun, inner = qualified.split(".", 2)
    target = f"{owner}.{noun}"
    kind = "passed" if target == report.source.register else "value"
    yield Use(kind, target, inner, "compare", where, {"value": value})


def compared(root: Node) -> Iterator[tuple[str, str]]:
    """Each path with each text it is compared with: `state == 'draft'`, `kind in ('a', 'b')`."""
    for node in walk(root):
        if not isinstance(node, Compare):
            continue
        for left, right in zip(node.operands, node.operands[1:], strict=False):
            for name, other in ((left, right), (right, left)):
                if isinstance(name, Name):
                    yield from ((".".join(name.path), text) for text in _literals(other))


def _literals(node: Node) -> Iterable[str]:
    if isinstance(node, Literal) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ListLiteral):
        return [text for item in node.items for text in _literals(item)]
    if isinstance(node, BoolOp):
        return [text for item in node.operands for text in _literals(item)]
    return []
