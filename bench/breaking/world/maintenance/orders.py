"""Inspections as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sdk import Document

SEVERITIES = ("low", "mid", "high")


def inspection_of(item: Document, day: date, *, passed: bool) -> dict[str, Any]:
    data = {"inspected": item.id, "inspector": "maintenance", "inspected_on": day}
    data["passed"] = passed
    if not passed:
        cost = item.get("deposit") or 0
        data["findings"] = [{"part": item["caption"], "severity": "mid", "repair_cost": cost}]
    return data


def worst(findings: Iterable[Mapping[str, Any]]) -> str | None:
    found = {finding["severity"] for finding in findings}
    return next((severity for severity in reversed(SEVERITIES) if severity in found), None)
