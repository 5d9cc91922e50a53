"""What the tenant has saved about what goes: export templates, retention rules, own fields, settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from registry.checks.names import Going
from registry.checks.possessions import CUSTOM_FIELD, SETTING, Thing, names_in
from registry.checks.sides import Sides
from registry.plans.findings import Finding, Severity
from sdk.schema import read_input


def template_findings(going: Sequence[Going], templates: Sequence[Thing]) -> Iterator[Finding]:
    """Export templates of types that go, or with columns, filters or an order of fields that go."""
    for each in going:
        for thing in templates:
            if thing.about in each.things["type"]:
                yield _of_type(each, "template_lost", thing)
            elif lost := each.lost(thing.about, _names_of_template(thing)):
                told = f"the {thing.label} names {_of(thing, lost)}: it exports nothing then"
                yield Finding(each.severity, "template_lost", thing.subject, told, "change it", each.applet)


def retention_findings(going: Sequence[Going], rules: Sequence[Thing]) -> Iterator[Finding]:
    """Retention rules that could not be decided any more: they would keep nothing, or everything, unseen."""
    for each in going:
        for thing in rules:
            if thing.about in each.things["type"]:
                yield _of_type(each, "retention_lost", thing)
            elif lost := each.lost(thing.about, _names_of_rule(thing)):
                told = f"the {thing.label} names {_of(thing, lost)}: it could not be decided"
                yield Finding(each.strict, "retention_lost", thing.subject, told, "change it before", each.applet)


def custom_field_findings(going: Sequence[Going], definitions: Sequence[Thing]) -> Iterator[Finding]:
    """Fields of the tenant's own on types that go, or that link to them."""
    for each in going:
        for thing in definitions:
            if thing.about in each.things["type"]:
                yield _of_type(each, "custom_field_lost", thing)
            elif thing.data.get("target") in each.things["type"]:
                told = f"the {thing.label} links to {thing.data['target']}, which goes"
                yield Finding(each.severity, "custom_field_lost", thing.subject, told, _back(each), each.applet)


def settings_findings(sides: Iterable[Sides], settings: Sequence[Thing]) -> Iterator[Finding]:
    """Values that the settings of the version to come do not take."""
    given = {thing.data["applet"]: thing for thing in settings}
    for each in sides:
        applet = each.after.applet if each.after is not None else None
        thing = given.get(each.name)
        if applet is None or thing is None:
            continue
        severity = Severity.WARNS if each.is_rollback else Severity.BLOCKS
        if applet.settings is None:
            told = f"{each.name} {applet.version} has no settings: the tenant's are kept, and not read"
            yield Finding(Severity.WARNS, "settings_lost", f"{SETTING}:{each.name}", told, "", each.name)
            continue
        _, faults = read_input(applet.settings, {**applet.settings_defaults, **thing.data["values"]})
        if faults:
            first = faults[0]
            told = f"the settings of {each.name} do not fit {applet.version}: {first.pointer}: {first.message}"
            details = {"faults": [{"pointer": fault.pointer, "message": fault.message} for fault in faults]}
            subject = f"{SETTING}:{each.name}"
            yield Finding(severity, "settings_unfit", subject, told, "change them before", each.name, details=details)


def _names_of_template(thing: Thing) -> list[str]:
    data = thing.data
    columns = [column["path"] for column in data.get("columns", ())]
    sort = [name.removeprefix("-") for name in data.get("sort", ())]
    return [*columns, *sort, *filter(None, [data.get("lines")]), *names_in(data.get("filter") or "None")]


def _names_of_rule(thing: Thing) -> list[str]:
    data = thing.data
    return [data.get("from_field", ""), *data.get("with_links", ()), *names_in(data.get("condition") or "None")]


def _of(thing: Thing, names: Sequence[str]) -> str:
    return f"{', '.join(names)} of {thing.about}, which is no more"


def _of_type(going: Going, rule: str, thing: Thing) -> Finding:
    what = "is on" if thing.type == CUSTOM_FIELD else "is about"
    message = f"the {thing.label} {what} {thing.about}, which goes"
    return Finding(going.severity, rule, thing.subject, message, _back(going), going.applet)


def _back(going: Going) -> str:
    return "it holds again once the applet is enabled" if going.is_hidden else "delete it, or keep the applet"
