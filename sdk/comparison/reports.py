"""Reports: what they are asked with and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdk.comparison.changes import Changes, SchemaChange, said
from sdk.reports import Column, Measure, Parameter, Report

_COMPARED = frozenset({"name", "title", "description", "parameters", "columns", "measures", "shape"})


def compare_reports(old: Report, new: Report) -> list[SchemaChange]:
    """Every change of a report. Other rows or other sums under the same names break nobody."""
    changes = Changes("report", new.name)
    if old.shape != new.shape:
        changes.breaking("shape_changed", "shape", f"{new.name} is a {new.shape} instead of a {old.shape}")
    _compare_parameters(old.parameters, new.parameters, changes)
    _compare_answer(old.columns, new.columns, "column", changes)
    _compare_answer(old.measures, new.measures, "measure", changes)
    if _rest(old) != _rest(new):
        changes.compatible("content_changed", "", f"{new.name} finds or arranges its rows otherwise")
    if (old.title, old.description) != (new.title, new.description):
        changes.compatible("title_changed", "", f"the title of {new.name} is another one")
    return changes.found


def _rest(report: Report) -> dict[str, Any]:
    return {name: value for name, value in vars(report).items() if name not in _COMPARED}


def _compare_parameters(old: Mapping[str, Parameter], new: Mapping[str, Parameter], changes: Changes) -> None:
    for name, before in old.items():
        path = f"parameters.{name}"
        after = new.get(name)
        if after is None:
            changes.breaking("parameter_removed", path, f"there is no parameter {name} any more")
            continue
        if before.type != after.type:
            changes.breaking("parameter_changed", path, f"{name} is {after.type} instead of {before.type}")
        if after.required and after.default is None and not (before.required and before.default is None):
            changes.breaking("parameter_required", path, f"{name} must be given", "a default")
        if after.choices and (lost := set(before.choices or ("other values",)) - set(after.choices)):
            changes.breaking("choice_removed", path, f"{name} can no more be {said(lost)}")
    for name in new.keys() - old.keys():
        if new[name].required and new[name].default is None:
            changes.breaking("parameter_required", f"parameters.{name}", f"{name} must be given", "a default")
        else:
            changes.compatible("parameter_added", f"parameters.{name}", f"there is a parameter {name}")


def _compare_answer(
    old: Mapping[str, Column] | Mapping[str, Measure],
    new: Mapping[str, Column] | Mapping[str, Measure],
    what: str,
    changes: Changes,
) -> None:
    for name, before in old.items():
        path, after = f"{what}s.{name}", new.get(name)
        if after is None:
            changes.breaking(f"{what}_removed", path, f"there is no {what} {name} any more")
        elif isinstance(before, Column) and isinstance(after, Column) and before.type != after.type:
            message = f"{name} is {after.type or 'as its field'} instead of {before.type or 'as its field'}"
            changes.breaking("column_changed", path, message)
        elif before != after:
            changes.compatible("content_changed", path, f"{name} is computed or shown otherwise")
    for name in new.keys() - old.keys():
        changes.compatible(f"{what}_added", f"{what}s.{name}", f"there is a {what} {name}")
