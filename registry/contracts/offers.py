"""What an applet gives others: types with fields, states, actions, events, registers, reports, roles, settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from registry.contracts.model import Offer
from registry.contracts.sources import Passed, measured, sources_of
from sdk.applet import Applet
from sdk.registers import Register
from sdk.reports import Report
from sdk.schema import DocumentType
from sdk.schema.fields import Field
from sdk.states import RESERVED_EVENTS, StateMachine

# What the payload of every change of a document may hold, as `sdk.event.Event` says.
CHANGE_PAYLOAD = ("company_id", "diff", "number", "revision", "schema_version", "state")
LIMITS = (
    "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "minItems", "maxItems",
)  # fmt: skip
# What stands in a schema for people or for the look of things: two schemas that differ in it alone are one.
_WORDS_FOR_PEOPLE = ("title", "description", "examples", "$comment", "deprecated")


def offer_of(
    applet: Applet,
    emitted: Mapping[str, Iterable[str]] | None = None,
    passed: Mapping[str, Mapping[str, Passed]] | None = None,
    filled: Mapping[str, Iterable[str]] | None = None,
    taken: Mapping[str, Iterable[str]] | None = None,
) -> Offer:
    """emitted: payload members of the events its code emits, by event. passed: what they and movements are made of.

    filled: fields of its types and parts of registers its code sets. taken: arguments of actions it reads.
    """
    machines = applet.machines
    return Offer(
        name=applet.name,
        version=str(applet.version),
        types={name: _describe_type(type, machines.get(name)) for name, type in sorted(applet.types.items())},
        states={name: sorted(machine.states) for name, machine in sorted(machines.items())},
        actions={name: _describe_actions(machine) for name, machine in sorted(machines.items())},
        events=_events(applet, emitted or {}),
        registers={name: _describe_register(register) for name, register in sorted(applet.registers.items())},
        reports={name: _describe_report(report) for name, report in sorted(applet.reports.items())},
        roles={name: {"inherits": sorted(role.inherits)} for name, role in sorted(applet.roles.items())},
        settings=describe_fields(applet.settings) if applet.settings else {},
        capabilities=tuple(sorted(str(capability) for capability in applet.manifest.capabilities)),
        lenses=read_lens_files(applet.folder, applet.name),
        sources=sources_of(applet.reports.values(), passed or {}),
        filled={target: sorted(names) for target, names in sorted((filled or {}).items())},
        taken={action: sorted(names) for action, names in sorted((taken or {}).items())},
    )


def _describe_type(type: DocumentType, machine: StateMachine | None) -> dict[str, Any]:
    return {
        **({"initial": machine.initial} if machine else {}),
        "digest": type.digest,
        "version": getattr(type, "version", 1),
        "company": type.company,
        "numbered": type.number is not None,
        "fields": describe_fields(type),
    }


def describe_fields(type: DocumentType) -> dict[str, Any]:
    """Each field by its path, as `describe_field` tells it."""
    return {path: describe_field(field) for path, field in sorted(type.fields.items())}


def describe_field(field: Field) -> dict[str, Any]:
    """kind, link, limits, and whether callers must give it, may give it, or leave it to an expression."""
    shown: dict[str, Any] = {"kind": field.kind}
    if field.required:
        shown["required"] = True
    if "default" in field.schema:
        shown["default"] = field.schema["default"]
    if field.read_only:
        shown["read_only"] = True
    if field.computed is not None:
        shown["computed"] = field.computed.source
    if field.link:
        shown["link"] = field.link
    if field.unique:
        shown["unique"] = field.unique
    limits = {key: field.schema[key] for key in LIMITS if key in field.schema}
    decimal = field.schema.get("x-decimal", {})
    limits |= {key: decimal[key] for key in ("scale", "min", "max") if key in decimal}
    items = field.schema.get("items", {})
    if "enum" in items:
        limits["enum"] = items["enum"]
    return shown | ({"limits": limits} if limits else {})


def _describe_actions(machine: StateMachine) -> dict[str, Any]:
    return {
        name: {
            "from": sorted(action.sources),
            "to": action.target,
            "event": action.event,
            "guard": action.guard.source if action.guard else "",
            "arguments": describe_fields(action.arguments) if action.arguments else {},
        }
        for name, action in sorted(machine.actions.items())
    }


def _events(applet: Applet, emitted: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    events = {f"{type}.{event}": list(CHANGE_PAYLOAD) for type in applet.types for event in RESERVED_EVENTS}
    for machine in applet.machines.values():
        events |= {event: list(CHANGE_PAYLOAD) for event in machine.event_types}
    for event, members in emitted.items():
        events[event] = sorted({*events.get(event, ()), *members})
    return dict(sorted(events.items()))


def _describe_register(register: Register) -> dict[str, Any]:
    return {
        "dimensions": {dimension.name: dimension.link or "" for dimension in register.dimensions},
        "resources": {resource.name: resource.scale for resource in register.resources},
    }


def _describe_report(report: Report) -> dict[str, Any]:
    return {
        "parameters": {
            parameter.name: {"type": parameter.type, "required": parameter.required, "choices": [*parameter.choices]}
            for parameter in report.parameters.values()
        },
        "columns": sorted([*report.columns, *report.measures]),
        "made_of": measured(report),
    }


def read_lens_files(folder: Path, applet: str) -> dict[str, Any]:
    """The declared steps between versions of each type, as they stand in `lenses/`; files that cannot be read none."""
    found: dict[str, Any] = {}
    for path in sorted((folder / "lenses").glob("*.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(data, Mapping) and isinstance(data.get("versions"), Mapping):
            found[str(data.get("type") or f"{applet}.{path.stem}")] = data["versions"]
    return found
