"""What the tenant has saved follows the fields it names: roles, export templates and retention rules.

A lens that renames a field says what it was called; that is all that is changed in them. They are written as anybody
would write them, with an event and a new version; on the way back the names come back too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kernel.context import KernelContext
from kernel.documents.service import update
from kernel.permissions import Permissions
from kernel.telemetry.logs import get_logger
from registry.checks.names import Going, going_names, renamed_path
from registry.checks.possessions import ROLE, RULE, TEMPLATE, Thing, read_possessions
from registry.plans.findings import Finding, Severity
from registry.plans.situation import Situation
from sdk.errors import BosError
from sdk.expressions import InvalidExpression, parse
from sdk.expressions.rename import rename_names

_log = get_logger()
Names = Mapping[str, str]


@dataclass(frozen=True)
class Rewrite:
    """patch: what is changed of it; fault: why it cannot be, empty where it can."""

    thing: Thing
    applet: str
    patch: Mapping[str, Any]
    names: Names
    fault: str = ""


def rewriting_findings(situation: Situation) -> Iterator[Finding]:
    """What will be rewritten, and what would have to be and cannot."""
    for rewrite in find_rewrites(situation.ctx, situation):
        label, told = rewrite.thing.label, ", ".join(f"{old} as {new}" for old, new in sorted(rewrite.names.items()))
        subject = rewrite.thing.subject
        if rewrite.fault:
            message = f"the {label} names fields that are renamed ({told}), and cannot follow: {rewrite.fault}"
            yield Finding(Severity.WARNS, "not_rewritten", subject, message, "change it by hand", rewrite.applet)
        else:
            message = f"the {label} is rewritten to name {told}"
            yield Finding(Severity.INFORMS, "rewritten", subject, message, "", rewrite.applet)


def rewrite_saved(ctx: KernelContext, situation: Situation) -> None:
    """Write what is renamed, in the transaction and with the types as they are from now on."""
    # Whoever may move applets may have what follows from it: nobody gains a right by a field's new name.
    acting = replace(ctx, permissions=Permissions.unrestricted(), identity=None)
    for rewrite in find_rewrites(ctx, situation):
        if rewrite.fault:
            continue
        try:
            with ctx.uow.savepoint():
                update(acting, rewrite.thing.type, rewrite.thing.id, rewrite.patch)
        except BosError as error:
            # It was wrong before, for another reason, and that must not hold up the move.
            _log.warning("rewriting.refused", document=rewrite.thing.id, code=error.code, message=error.message)


def find_rewrites(ctx: KernelContext, situation: Situation) -> list[Rewrite]:
    """Of everything saved that names a renamed field; nothing is read where none is renamed."""
    going = [each for each in going_names(replace(situation, ctx=ctx)) if each.renamed]
    if not going:
        return []
    things = read_possessions(ctx, ROLE, TEMPLATE, RULE)
    found = [*_of_roles(things.get(ROLE, ()), going)]
    for type, change in ((TEMPLATE, _template), (RULE, _rule)):
        for thing in things.get(type, ()):
            for each in going:
                names = each.renamed.get(thing.about, {})
                if names and (made := _try(thing, each.applet, names, change)) is not None:
                    found.append(made)
    return found


def _try(
    thing: Thing, applet: str, names: Names, change: Callable[[Mapping[str, Any], Names], dict[str, Any]]
) -> Rewrite | None:
    try:
        patch = {key: value for key, value in change(thing.data, names).items() if value != thing.data.get(key)}
    except InvalidExpression as error:
        return Rewrite(thing, applet, {}, names, error.message)
    return Rewrite(thing, applet, patch, names) if patch else None


def _of_roles(roles: Any, going: list[Going]) -> Iterator[Rewrite]:
    """A role may speak of several types: its permissions are changed together."""
    for thing in roles:
        names = {
            old: new
            for each in going
            for type, renamed in each.renamed.items()
            if any(_is_about(permission, type) for permission in thing.data.get("permissions", ()))
            for old, new in renamed.items()
        }
        applets = ", ".join(sorted({each.applet for each in going}))
        made = _try(thing, applets, names, lambda data, _: _role(data, going)) if names else None
        if made is not None:
            yield made


def _role(data: Mapping[str, Any], going: list[Going]) -> dict[str, Any]:
    return {"permissions": [_permission(permission, going) for permission in data.get("permissions", ())]}


def _permission(permission: Mapping[str, Any], going: list[Going]) -> Mapping[str, Any]:
    made = dict(permission)
    for each in going:
        for type, names in each.renamed.items():
            if not _is_about(permission, type):
                continue
            if permission["type"] != type:
                # It hides a field of other types too, by the name it has there.
                made |= _with(made, mask=_longer(made.get("mask", ()), names))
                continue
            made |= _with(made, mask=[renamed_path(name, names) for name in made.get("mask", ())])
            made |= _with(made, condition=_expression(made.get("condition"), names))
    return made


def _longer(mask: Any, names: Names) -> list[str]:
    more = [new for name in mask if (new := renamed_path(name, names)) not in mask]
    return [*mask, *more]


def _template(data: Mapping[str, Any], names: Names) -> dict[str, Any]:
    columns = [{**column, "path": renamed_path(column["path"], names)} for column in data.get("columns", ())]
    sort = [_sorted_by(name, names) for name in data.get("sort", ())]
    lines = renamed_path(data.get("lines", ""), names)
    return _with(data, columns=columns, sort=sort, lines=lines, filter=_expression(data.get("filter"), names))


def _rule(data: Mapping[str, Any], names: Names) -> dict[str, Any]:
    links = [renamed_path(name, names) for name in data.get("with_links", ())]
    from_field = renamed_path(data.get("from_field", ""), names)
    condition = _expression(data.get("condition"), names)
    return _with(data, from_field=from_field, with_links=links, condition=condition)


def _with(data: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """Of what was there; nothing is added."""
    return {key: value for key, value in changed.items() if key in data}


def _sorted_by(name: str, names: Names) -> str:
    sign = "-" if name.startswith("-") else ""
    return sign + renamed_path(name.removeprefix("-"), names)


def _expression(source: str | None, names: Names) -> str | None:
    if not source:
        return source
    made = rename_names(source, names)
    parse(made)
    return made


def _is_about(permission: Mapping[str, Any], type: str) -> bool:
    resource = permission.get("type", "")
    return bool(resource == type or (resource.endswith("*") and type.startswith(resource[:-1])))
