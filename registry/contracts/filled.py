"""Rules for what is put into others' fields and arguments: values must still fit where limits get narrower.

A contract tells of what such values are made, a text each: `field custom.note.text`, `argument custom.note.send.words`,
`part sales.invoice.told contact` (of an event, register or report), `items 2` (a list of so many), or `anything`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from registry.contracts.limits import find_limit_fault
from registry.contracts.lookup import find_field, find_linked
from registry.contracts.model import Offers, Use
from registry.contracts.scope import Scope
from registry.contracts.sources import values_of
from registry.plans.findings import Finding, Severity

FIELD, ARGUMENT, PART, ITEMS, ANYTHING = "field ", "argument ", "part ", "items ", "anything"
Described = Mapping[str, Any]
_AT_MOST = ("maxLength", "maximum", "exclusiveMaximum", "max", "maxItems", "scale")
_AT_LEAST = ("minLength", "minimum", "exclusiveMinimum", "min", "minItems")
_OF_LISTS = ("minItems", "maxItems")
_SAID = {
    "maxLength": "has at most {} characters", "minLength": "has at least {} characters", "pattern": "fits {}",
    "enum": "is one of {}", "const": "is {}", "scale": "has {} decimals at most", "minItems": "has at least {}",
    "maxItems": "has at most {}",
}  # fmt: skip


def check_filled(use: Use, scope: Scope) -> Iterator[Finding]:
    """A field, or an argument of an action, whose limits got narrower than what is put into it."""
    argument = use.details.get("argument", "")
    find = _argument if argument else find_field
    now = find(scope.offers, use.target, f"{use.name}.{argument}" if argument else use.name)
    subject = ".".join(filter(None, (use.target, use.name, argument)))
    if now is None:
        return
    for value in use.details.get("values", ()):
        yield from _check_literal(use, scope, subject, now, value)
    was = find(scope.before, use.target, f"{use.name}.{argument}" if argument else use.name) if scope.before else None
    if was is None or was["kind"] != now["kind"]:
        return
    keys = [key for key in _narrower(was, now) if (key in _OF_LISTS) != bool(use.details.get("each"))]
    keys = keys if now["kind"] == "array" else _narrower(was, now)
    for key in keys:
        if not all(_fits(scope.offers, origin, now, key) for origin in use.details.get("by", ())):
            limit = now["limits"][key]
            told = ", ".join(map(str, limit)) if isinstance(limit, list) else limit
            clause = _SAID.get(key, f"is at {'most' if key in _AT_MOST else 'least'} {{}}").format(told)
            what = (
                f"writes {subject} {{at}}, which now {clause} in {scope.provider(use.target)}: not all it writes may be"
            )
            yield scope.finding(use, "value_refused", subject, what, severity=Severity.WARNS)
            return


def _check_literal(use: Use, scope: Scope, subject: str, field: Described, value: Any) -> Iterator[Finding]:
    values = field.get("limits", {}).get("enum")
    fault = f"it is one of {', '.join(map(str, values))}" if values and value not in values else ""
    fault = fault or find_limit_fault(field, value)
    if fault:
        what = f"gives {value} as {subject} {{at}}, and in {scope.provider(use.target)} {fault}"
        yield scope.finding(use, "value_refused", subject, what)


def _argument(offers: Offers, type: str, name: str) -> Described | None:
    action, _, path = name.partition(".")
    found = (offers.part("actions", type) or {}).get(action, {}).get("arguments", {}).get(path)
    return found if isinstance(found, Mapping) else None


def _narrower(was: Described, now: Described) -> list[str]:
    """Limits that refuse what was taken before."""
    before, after = was.get("limits", {}), now.get("limits", {})
    return [key for key in after if key != "format" and not _is_within(before, after, key)]


def _is_within(inner: Described, outer: Described, key: str) -> bool:
    """Whether all that one set of limits lets through, the other does too, as far as one limit is about it."""
    if key not in inner:
        return bool(inner.get("enum")) and key in ("maxLength", "minLength") and _fit_all(inner["enum"], outer)
    if key == "enum":
        return set(map(str, inner[key])) <= set(map(str, outer[key]))
    try:
        if key in _AT_MOST:
            return Decimal(str(inner[key])) <= Decimal(str(outer[key]))
        if key in _AT_LEAST:
            return Decimal(str(inner[key])) >= Decimal(str(outer[key]))
    except InvalidOperation:
        return True
    return bool(inner[key] == outer[key])


def _fit_all(words: list[Any], limits: Described) -> bool:
    return not any(find_limit_fault({"kind": "text", "limits": limits}, str(word)) for word in words)


def _fits(offers: Offers, origin: str, now: Described, key: str) -> bool:
    """Whether everything an origin may be is let through by one limit of a field."""
    if origin.startswith(ITEMS):
        count = int(origin.removeprefix(ITEMS))
        return bool(count <= now["limits"][key] if key == "maxItems" else count >= now["limits"][key])
    sources = list(_sources(offers, origin))
    return bool(sources) and all(_is_within(_limits(one, key), now["limits"], key) for one in sources)


def _limits(field: Described, key: str) -> Described:
    whole = {"scale": 0} if key == "scale" and field["kind"] == "integer" else {}
    return {**whole, **field.get("limits", {})}


def _sources(offers: Offers, origin: str) -> Iterator[Described]:
    """The fields, or the argument, something is made of; nothing where that is not known for certain."""
    if origin.startswith(FIELD):
        owner, noun, path = origin.removeprefix(FIELD).split(".", 2)
        found = find_linked(offers, f"{owner}.{noun}", path)
        yield from () if found is None else (found[2],)
    elif origin.startswith(ARGUMENT):
        owner, noun, name = origin.removeprefix(ARGUMENT).split(".", 2)
        argument = _argument(offers, f"{owner}.{noun}", name)
        yield from () if argument is None else (argument,)
    elif origin.startswith(PART):
        target, _, name = origin.removeprefix(PART).partition(" ")
        values = values_of(offers, target, name)
        # Fields that hold any text leave it open too, and are looked at one by one.
        known = [offer.sources[target][name] for offer in offers if name in offer.sources.get(target, {})]
        if known and not any(one.get("open") or one.get("words") for one in known):
            for path in sorted(values.fields):
                yield from _sources(offers, f"{FIELD}{path}")


FILLED_RULES: Mapping[str, Callable[[Use, Scope], Iterator[Finding]]] = {"filled": check_filled}
