"""A report's definition as those see it who may run it."""

from __future__ import annotations

from typing import Any

from kernel.reports.parameters import parameters_of
from sdk.reports import Parameter, Report


def report_json(report: Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "title": report.title,
        "description": report.description,
        "applet": report.applet,
        "shape": report.shape,
        "parameters": [_parameter_json(parameter) for parameter in parameters_of(report).values()],
    }


def _parameter_json(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "type": parameter.type,
        "title": parameter.title,
        "description": parameter.description,
        "required": parameter.required,
        "default": parameter.default.source if parameter.default else None,
        "choices": list(parameter.choices),
        "link": parameter.link,
    }
