"""Reports as data: `reports/*.json`. The definition and its checks; docs/reports.md says what each key means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdk.definition import NAME, QUALIFIED_NAME, Reader
from sdk.errors import Invalid, Violation
from sdk.expressions import Expression, parse

REPORT_KEYS = (
    "name", "title", "description", "source", "shape", "parameters", "filter", "at", "since", "until", "columns",
    "measures", "having", "sort", "limit", "totals", "sections", "results", "grand_total", "drill_down", "cache",
)  # fmt: skip
SOURCE_KEYS = ("register", "documents", "type", "each")
PARAMETER_KEYS = ("type", "title", "description", "required", "default", "choices", "link", "filter")
COLUMN_KEYS = ("title", "value", "type", "link", "hidden")
SECTION_KEYS = ("by", "title", "titles", "order")
RESULT_KEYS = ("name", "title", "sections")
DRILL_DOWN_KEYS = ("report", "list", "document", "type", "filter", "parameters")
MEASURE_OPTIONS = ("title", "scale", "when", "sign")

# One event type, all of a document type, all of an applet.
EVENT_PATTERN = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*\.([a-z][a-z0-9_]*|\*)|\.\*)")

PARAMETER_TYPES = ("date", "text", "decimal", "integer", "uuid", "boolean")
COLUMN_TYPES = ("text", "date", "instant", "decimal", "integer", "uuid", "boolean")
REGISTER_SUMMARY = ("balance", "opening", "turnover", "debit", "credit")
REGISTER_LISTING = ("movement", "debit", "credit", "running")
DOCUMENT_SUMMARY = ("sum", "count", "min", "max", "avg")
DOCUMENT_LISTING = ("value",)
# Functions that need a first or last day to mean something.
PERIOD_KEYS = ("at", "since", "until")
LIMIT_MAX = 10_000
SCALE_MAX = 12
SECTIONS_MAX = 3
FACTOR_MAX = 1_000_000


class InvalidReport(Invalid):
    """The report {report} cannot be used: {count} fault(s) in its definition."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from: a register, or documents of a type, or the elements of one of their arrays (`each`).

    documents: of a register, the type of the documents that make its movements.
    """

    register: str | None = None
    documents: str | None = None
    type: str | None = None
    each: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """What the caller gives, as `param.<name>`. filter: applied only when the parameter has a value."""

    name: str
    type: str
    title: str
    description: str = ""
    required: bool = False
    default: Expression | None = None
    choices: tuple[str, ...] = ()
    link: str | None = None
    filter: Expression | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """What rows are grouped by (summary) or show (listing). type: None = that of the field `value` names."""

    name: str
    title: str
    value: Expression
    type: str | None = None
    link: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """One number. function: see docs/reports.md. resource: of registers; value: of documents and `calculate`."""

    name: str
    title: str
    function: str
    resource: str | None = None
    value: Expression | None = None
    when: Expression | None = None
    sign: Expression | None = None
    scale: int | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one value of the column `by`, with a heading and totals."""

    by: str
    title: Expression | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A line computed from totals of the outermost sections, each times a factor."""

    name: str
    title: str
    sections: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DrillDown:
    """Where a row leads: kind `report`, `list` or `document`; target: the report's or the document type's name."""

    kind: str
    target: str
    parameters: Mapping[str, Expression] = field(default_factory=dict)
    filter: Expression | None = None
    document: Expression | None = None


@dataclass(frozen=True)
class Report:
    """A report's definition. cache: an answer may be given again until an event of these types; empty: never."""

    name: str
    title: str
    source: Source
    shape: str = "summary"
    description: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    filter: Expression | None = None
    at: Expression | None = None
    since: Expression | None = None
    until: Expression | None = None
    having: Expression | None = None
    sort: tuple[str, ...] = ()
    limit: int | None = None
    totals: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    results: tuple[Result, ...] = ()
    grand_total: bool = True
    drill_down: DrillDown | None = None
    cache: tuple[str, ...] = ()

    @property
    def applet(self) -> str:
        return self.name.partition(".")[0]

    @property
    def is_listing(self) -> bool:
        return self.shape == "listing"

    def source_expressions(self) -> dict[str, Expression]:
        """The expressions over source rows, by the pointer to where they stand."""
        found = {"/filter": self.filter}
        found |= {f"/parameters/{p.name}/filter": p.filter for p in self.parameters.values()}
        found |= {f"/columns/{c.name}/value": c.value for c in self.columns.values()}
        for measure in self.measures.values():
            where = f"/measures/{measure.name}"
            found |= {f"{where}/when": measure.when, f"{where}/sign": measure.sign}
            if measure.function != "calculate":
                found[f"{where}/{measure.function}"] = measure.value
        return {pointer: expression for pointer, expression in found.items() if expression is not None}

    @classmethod
    def from_data(cls, data: Any) -> Report:
        """The report of a file's content; raises InvalidReport with all faults."""
        faults: list[Violation] = []
        report = read_report(data, faults)
        if faults:
            raise InvalidReport(report=report.name or "?", violations=faults)
        return report


def read_report(data: Any, faults: list[Violation]) -> Report:
    """The report as far as it can be read; what is wrong goes to `faults`. Sources are checked by report_checks."""
    reader = Reader(data, faults)
    reader.keys(REPORT_KEYS, ("name", "title", "source", "columns"))
    source = _read_source(reader)
    shape = reader.choice("shape", ("summary", "listing"), "summary")
    return Report(
        name=reader.name("name", QUALIFIED_NAME, "applet.report"),
        title=reader.text("title"),
        source=source,
        shape=shape,
        description=reader.text("description"),
        parameters={name: _read_parameter(name, child) for name, child in reader.named_children("parameters")},
        columns={name: _read_column(name, child) for name, child in reader.named_children("columns")},
        measures={name: _read_measure(name, child, source, shape) for name, child in reader.named_children("measures")},
        filter=reader.expression("filter"),
        at=reader.expression("at"),
        since=reader.expression("since"),
        until=reader.expression("until"),
        having=reader.expression("having"),
        sort=reader.texts("sort"),
        limit=reader.integer("limit", 1, LIMIT_MAX),
        totals=reader.texts("totals"),
        sections=tuple(_read_section(item) for item in reader.items("sections")),
        results=tuple(_read_result(item) for item in reader.items("results")),
        grand_total=reader.flag("grand_total", True),
        drill_down=_read_drill_down(reader),
        cache=_read_cache(reader),
    )


def _title(reader: Reader, name: str) -> str:
    return reader.text("title", name.replace("_", " ").capitalize())


def _type_name(reader: Reader, key: str) -> str | None:
    name = reader.text(key)
    if name and name != "*" and not QUALIFIED_NAME.fullmatch(name):
        reader.fault(key, "name", f"{name[:80]} is not a name of the form applet.noun", "applet.noun")
    return name or None


def _read_source(reader: Reader) -> Source:
    source = reader.child("source")
    if source is None:
        return Source()
    source.keys(SOURCE_KEYS)
    if ("register" in source.data) == ("type" in source.data):
        source.fault("", "source", "a report has one source", "register or type")
    for key, beside in (("documents", "register"), ("each", "type")):
        if key in source.data and beside not in source.data:
            source.fault(key, "misplaced_key", f"{key} goes with {beside} only", beside)
    each = source.name("each", NAME, "an array of the document")
    names = {key: _type_name(source, key) for key in ("register", "documents", "type")}
    return Source(**names, each=each or None)


def _read_parameter(name: str, reader: Reader) -> Parameter:
    reader.keys(PARAMETER_KEYS, ("type",))
    type = reader.choice("type", PARAMETER_TYPES)
    if name in ("company_id", "format"):
        reader.fault("", "reserved_name", f"every report has the parameter {name} already", "another name")
    if "required" in reader.data and "default" in reader.data:
        reader.fault("default", "two_meanings", "a required parameter has no default", "one of the two")
    for key, wanted in (("link", "uuid"), ("choices", "text")):
        if key in reader.data and type != wanted:
            reader.fault(key, "misplaced_key", f"{key} is for parameters of type {wanted}", wanted)
    return Parameter(
        name=name,
        type=type,
        title=_title(reader, name),
        description=reader.text("description"),
        required=reader.flag("required"),
        default=reader.expression("default"),
        choices=reader.texts("choices"),
        link=_type_name(reader, "link"),
        filter=reader.expression("filter"),
    )


def _own_name(name: str) -> Expression:
    try:
        return parse(name)
    except Invalid:
        # A word of Python, such as `from`: only an explicit value can say what is meant.
        return parse("None")


def _read_column(name: str, reader: Reader) -> Column:
    reader.keys(COLUMN_KEYS)
    if name in ("param", "actor", "today"):
        reader.fault("", "reserved_name", f"{name} means something else in expressions", "another name")
    return Column(
        name=name,
        title=_title(reader, name),
        value=reader.expression("value") or _own_name(name),
        type=reader.choice("type", COLUMN_TYPES) or None,
        link=_type_name(reader, "link"),
        hidden=reader.flag("hidden"),
    )


def functions_of(source: Source, shape: str) -> tuple[str, ...]:
    """The measures' functions there are for a source and a shape."""
    if source.register:
        return (*(REGISTER_LISTING if shape == "listing" else REGISTER_SUMMARY), "calculate")
    return (*(DOCUMENT_LISTING if shape == "listing" else DOCUMENT_SUMMARY), "calculate")


def _read_measure(name: str, reader: Reader, source: Source, shape: str) -> Measure:
    known = functions_of(source, shape)
    reader.keys((*MEASURE_OPTIONS, *known))
    given = [key for key in known if key in reader.data]
    if len(given) != 1:
        reader.fault("", "function", "a measure has one function", ", ".join(known))
    function = given[0] if given else "calculate"
    if function in ("calculate", "running"):
        for key in ("when", "sign"):
            if key in reader.data:
                reader.fault(key, "misplaced_key", f"{key} does not go with {function}", "no such key")
    from_register = bool(source.register) and function != "calculate"
    if function == "count" and reader.data.get("count") is not True:
        reader.fault("count", "type", "count has no argument", "true")
    return Measure(
        name=name,
        title=_title(reader, name),
        function=function,
        resource=reader.name(function, NAME, "a resource of the register") or None if from_register else None,
        value=None if from_register or function == "count" else reader.expression(function),
        when=reader.expression("when"),
        sign=reader.expression("sign"),
        scale=reader.integer("scale", 0, SCALE_MAX),
    )


def _read_cache(reader: Reader) -> tuple[str, ...]:
    cache = reader.child("cache")
    if cache is None:
        return ()
    cache.keys(("until",), ("until",))
    declared = cache.texts("until")
    for pattern in declared:
        if not EVENT_PATTERN.fullmatch(pattern):
            cache.fault(
                "until", "event", f"{pattern[:80]} is no event type", "applet.noun.verb, applet.noun.* or applet.*"
            )
    return declared


def _read_section(reader: Reader) -> Section:
    reader.keys(SECTION_KEYS, ("by",))
    titles = reader.child("titles")
    named = {} if titles is None else {key: titles.text(key) for key in titles.data}
    return Section(reader.text("by"), reader.expression("title"), named, reader.texts("order"))


def _read_result(reader: Reader) -> Result:
    reader.keys(RESULT_KEYS, ("name", "sections"))
    sections = reader.child("sections")
    factors = {} if sections is None else {key: sections.integer(key, -FACTOR_MAX, FACTOR_MAX) for key in sections.data}
    name = reader.name("name")
    return Result(name, _title(reader, name), {key: factor for key, factor in factors.items() if factor is not None})


def _read_drill_down(reader: Reader) -> DrillDown | None:
    down = reader.child("drill_down")
    if down is None:
        return None
    down.keys(DRILL_DOWN_KEYS)
    kinds = [kind for kind in ("report", "list", "document") if kind in down.data]
    if len(kinds) != 1:
        down.fault("", "drill_down", "a row leads to one place", "one of report, list, document")
        return None
    kind = kinds[0]
    for key, of in (("type", "document"), ("filter", "list")):
        if key in down.data and of != kind:
            down.fault(key, "misplaced_key", f"{key} goes with {of} only", of)
    parameters = down.child("parameters")
    given = {} if parameters is None else {key: parameters.expression(key) for key in parameters.data}
    return DrillDown(
        kind=kind,
        target=(_type_name(down, "type" if kind == "document" else kind) or "*"),
        parameters={key: expression for key, expression in given.items() if expression is not None},
        filter=down.expression("filter"),
        document=down.expression("document") if kind == "document" else None,
    )
