"""What the caller gives, checked and cast: every fault at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from kernel.reports.errors import ReportParametersInvalid
from sdk.errors import Violation
from sdk.nearest import nearest_or_all
from sdk.reports import Parameter, Report
from sdk.values import to_date, to_decimal

TEXT_LENGTH_MAX = 1_000
# In a query string it stands beside the parameters.
FORMAT = "format"
COMPANY = Parameter("company_id", "uuid", "Company", link="kernel.company")


def parameters_of(report: Report) -> dict[str, Parameter]:
    """The declared ones and the one every report has."""
    return {**report.parameters, COMPANY.name: COMPANY}


def read_query(report: str, pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], str]:
    """The parameters of a query string, and the format it asks for. Raises ReportParametersInvalid."""
    given: dict[str, str] = {}
    for name, text in pairs:
        if name in given:
            fault = Violation(f"/{name}", "repeated", f"{name} is there twice", "one value")
            raise ReportParametersInvalid(report=report, violations=[fault])
        given[name] = text
    return given, given.pop(FORMAT, "json")


def read_parameters(report: Report, given: Mapping[str, Any], today: date) -> dict[str, Any]:
    """A value for each parameter, None where there is none. Texts are read, as URLs have nothing else.

    Raises ReportParametersInvalid.
    """
    known = parameters_of(report)
    faults = [
        Violation(f"/{name}", "unknown_parameter", f"there is no parameter {name[:80]}", nearest_or_all(name, known))
        for name in given
        if name not in known
    ]
    values = {name: _read(parameter, given.get(name), today, faults) for name, parameter in known.items()}
    if faults:
        raise ReportParametersInvalid(report=report.name, violations=faults)
    return values


def _read(parameter: Parameter, value: Any, today: date, faults: list[Violation]) -> Any:
    pointer = f"/{parameter.name}"
    if value is None or value == "":
        if parameter.required:
            faults.append(Violation(pointer, "required", f"{parameter.name} is missing", f"a {parameter.type}"))
        return parameter.default.evaluate({"today": today}) if parameter.default is not None else None
    try:
        read = _READERS[parameter.type](value)
    except ValueError:
        expected = _EXPECTED[parameter.type]
        faults.append(Violation(pointer, "type", f"{parameter.name} cannot be {str(value)[:80]}", expected))
        return None
    if parameter.choices and read not in parameter.choices:
        expected = ", ".join(parameter.choices)
        faults.append(Violation(pointer, "enum", f"{parameter.name} cannot be {str(value)[:80]}", expected))
    return read


def _date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return to_date(_text(value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX or "\0" in value:
        raise ValueError("not a text")
    return value


def _decimal(value: Any) -> Decimal:
    if not isinstance(value, str | int | Decimal):
        raise ValueError("not a decimal")
    return to_decimal(value)


def _integer(value: Any) -> Decimal:
    number = _decimal(value)
    if number != number.to_integral_value():
        raise ValueError("not a whole number")
    return number


def _uuid(value: Any) -> str:
    return str(uuid.UUID(_text(value)))


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    found = {"true": True, "false": False}.get(_text(value))
    if found is None:
        raise ValueError("neither true nor false")
    return found


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "date": _date, "text": _text, "decimal": _decimal, "integer": _integer, "uuid": _uuid, "boolean": _boolean,
}  # fmt: skip
_EXPECTED: Final[Mapping[str, str]] = {
    "date": "a date YYYY-MM-DD", "text": f"a text of at most {TEXT_LENGTH_MAX} characters", "uuid": "an id",
    "decimal": 'an exact number, e.g. "1250.00"', "integer": "a whole number", "boolean": "true or false",
}  # fmt: skip
