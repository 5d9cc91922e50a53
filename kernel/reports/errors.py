"""What can be wrong with running a report."""

from __future__ import annotations

from sdk.errors import Forbidden, Invalid, TooLarge


class ReportNotPermitted(Forbidden):
    """You may not {action} {resource}."""


class FieldMasked(Forbidden):
    """The report {report} shows {field} of {type}, which is hidden from you."""


class ReportParametersInvalid(Invalid):
    """The parameters of the report {report} break {count} rule(s)."""


class ReportUnusable(Invalid):
    """The report {report} cannot be compiled: {count} fault(s)."""


class ReportTooLarge(TooLarge):
    """The report {report} has more than {maximum} rows: narrow its parameters."""


class ReportTextTooLong(TooLarge):
    """A text of the report has {characters} characters, and a spreadsheet's cell at most {maximum}: take CSV."""


class ReportFormatUnknown(Invalid):
    """There is no format {format}; expected json, csv or xlsx."""
