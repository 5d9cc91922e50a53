"""What the parts of a report must agree on: among each other, and with the register or document type it reads."""

from __future__ import annotations

from collections.abc import Iterable

from sdk.definition import roots
from sdk.errors import Violation
from sdk.expressions import Expression
from sdk.nearest import nearest_or_all
from sdk.registers import Register
from sdk.reports import PERIOD_KEYS, SECTIONS_MAX, Report
from sdk.schema import DocumentType
from sdk.schema.vocabulary import SYSTEM_FIELDS

WORLD = frozenset({"param", "today", "actor"})
MOVEMENT_NAMES = frozenset({"document", "occurred_at", "company_id"})


def check_report(report: Report, faults: list[Violation]) -> None:
    """The parts of a report among each other: names mentioned are declared, keys fit the shape."""
    shown = {**report.columns, **report.measures}
    _check_parameters_named(report, faults)
    _check_periods(report, faults)
    for where, names in (("/totals", report.totals), ("/sort", [name.removeprefix("-") for name in report.sort])):
        known = report.measures if where == "/totals" else shown
        _check_known(where, names, known, faults)
    if double := sorted(set(report.columns) & set(report.measures)):
        faults.append(Violation("/measures", "duplicate_name", f"{double[0]} is a column and a measure"))
    if not report.measures and not report.is_listing:
        faults.append(Violation("/measures", "required", "a summary measures something", "at least one measure"))
    _check_calculated(report, faults)
    _check_sections(report, faults)
    _check_shown_expressions(report, faults)


def check_source(report: Report, register: Register | None, type: DocumentType | None, faults: list[Violation]) -> None:
    """Names of source rows against the register or the document type; None = not known here, not checked.

    type: that of `source.type`. Paths into linked documents are the compiler's to check: their types are elsewhere.
    """
    if register is not None:
        _check_register(report, register, faults)
    if type is not None:
        _check_type(report, type, faults)


def _check_known(where: str, names: Iterable[str], known: Iterable[str], faults: list[Violation]) -> None:
    names_known = set(known)
    for name in names:
        if name not in names_known:
            message = f"there is no {name[:80]}"
            faults.append(Violation(where, "unknown_name", message, nearest_or_all(name, names_known)))


def _all_expressions(report: Report) -> dict[str, Expression]:
    found: dict[str, Expression | None] = {**report.source_expressions(), "/having": report.having}
    found |= {f"/{key}": getattr(report, key) for key in PERIOD_KEYS}
    found |= {f"/parameters/{p.name}/default": p.default for p in report.parameters.values()}
    found |= {f"/measures/{m.name}/calculate": m.value for m in report.measures.values() if m.function == "calculate"}
    found |= {f"/sections/{index}/title": section.title for index, section in enumerate(report.sections)}
    if report.drill_down is not None:
        down = report.drill_down
        found["/drill_down/document"] = down.document
        found |= {f"/drill_down/parameters/{name}": value for name, value in down.parameters.items()}
    return {where: expression for where, expression in found.items() if expression is not None}


def _check_parameters_named(report: Report, faults: list[Violation]) -> None:
    known = {*report.parameters, "company_id"}
    for where, expression in _all_expressions(report).items():
        named = {name.split(".")[1] for name in expression.names if name.startswith("param.")}
        _check_known(where, sorted(named), known, faults)
    for parameter in report.parameters.values():
        if parameter.default is not None:
            names = roots(parameter.default) - {"today"}
            _check_known(f"/parameters/{parameter.name}/default", sorted(names), ("today",), faults)


def _check_periods(report: Report, faults: list[Violation]) -> None:
    for key in PERIOD_KEYS:
        expression: Expression | None = getattr(report, key)
        if expression is None:
            continue
        if not report.source.register:
            faults.append(Violation(f"/{key}", "misplaced_key", f"{key} is for registers", "filter"))
        _check_known(f"/{key}", sorted(roots(expression) - WORLD), WORLD, faults)
    has_running = any(measure.function == "running" for measure in report.measures.values())
    if has_running and report.sort:
        faults.append(Violation("/sort", "misplaced_key", "a running balance is in order of time", "no sort"))
    if has_running and report.limit:
        faults.append(Violation("/limit", "misplaced_key", "a running balance shows all rows", "no limit"))


def _check_calculated(report: Report, faults: list[Violation]) -> None:
    known = {*report.columns, *WORLD}
    for measure in report.measures.values():
        if measure.function == "calculate" and measure.value is not None:
            _check_known(f"/measures/{measure.name}/calculate", sorted(roots(measure.value) - known), known, faults)
        known.add(measure.name)


def _check_sections(report: Report, faults: list[Violation]) -> None:
    if len(report.sections) > SECTIONS_MAX:
        faults.append(Violation("/sections", "maxItems", "too many levels of sections", f"at most {SECTIONS_MAX}"))
    for index, section in enumerate(report.sections):
        _check_known(f"/sections/{index}/by", [section.by], report.columns, faults)
    if report.results and not (report.sections and report.totals):
        faults.append(Violation("/results", "results", "results are made of totals of sections", "sections and totals"))
    names = [result.name for result in report.results]
    if len(set(names)) < len(names):
        faults.append(Violation("/results", "duplicate_name", "two results have one name", "different names"))


def _check_shown_expressions(report: Report, faults: list[Violation]) -> None:
    columns = {*report.columns, *WORLD}
    if report.having is not None:
        shown = columns | set(report.measures)
        _check_known("/having", sorted(roots(report.having) - shown), shown, faults)
    for where, expression in _all_expressions(report).items():
        if where.startswith(("/drill_down", "/sections")):
            _check_known(where, sorted(roots(expression) - columns), columns, faults)


def _check_register(report: Report, register: Register, faults: list[Violation]) -> None:
    resources = [resource.name for resource in register.resources]
    dimensions = {dimension.name: dimension.link for dimension in register.dimensions}
    known = {*dimensions, *resources, *MOVEMENT_NAMES, *WORLD}
    for where, expression in report.source_expressions().items():
        _check_known(where, sorted(roots(expression) - known), known, faults)
        for name in sorted(expression.names):
            root, _, rest = name.partition(".")
            if rest and root in dimensions and dimensions[root] is None:
                faults.append(Violation(where, "no_link", f"{root} links to nothing, so there is no {name}", root))
    for measure in report.measures.values():
        if measure.resource is not None:
            _check_known(f"/measures/{measure.name}/{measure.function}", [measure.resource], resources, faults)


def _check_type(report: Report, type: DocumentType, faults: list[Violation]) -> None:
    each = report.source.each
    if each is not None and (each not in type.fields or type.fields[each].kind != "array"):
        arrays = [field.path for field in type.fields.values() if field.kind == "array"]
        expected = nearest_or_all(each, arrays)
        faults.append(Violation("/source/each", "unknown_name", f"there is no array {each}", expected))
        return
    prefix = f"{each}." if each else ""
    fields = {path.removeprefix(prefix).split(".")[0] for path in type.fields if path.startswith(prefix)}
    known = {*fields, *WORLD, *({"document"} if each else SYSTEM_FIELDS)}
    for where, expression in report.source_expressions().items():
        # custom_ fields are the tenant's, and known only there.
        named = {name for name in roots(expression) if not name.startswith("custom_")}
        _check_known(where, sorted(named - known), known, faults)
