"""Changes that break nobody: what is added, widened, told otherwise, or was used by nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.breaking.changes import Change, in_provider, in_sdk, of_file, read, schemas
from bench.breaking.edits import Folders, at, remove_word, rename_identifier, rename_word, replace_text, walk

# Fields, states and the like that no dependant names; a trial confirms it for each change.
UNUSED = ("follows",)
NEW_FIELDS = {
    "weather": {"title": "Weather", "type": "string", "maxLength": 40},
    "rating": {"title": "Rating", "type": "integer", "minimum": 0},
    "insured_value": {"title": "Insured value", "type": "string", "format": "decimal", "x-decimal": {"scale": 2}},
    "checked_on": {"title": "Checked on", "type": "string", "format": "date"},
    "is_urgent": {"title": "Urgent", "type": "boolean", "default": False},
}
WORKFLOW = "workflows/contract.json"


def harmless_changes(provider: Path) -> Iterator[Change]:
    """Of everything there is."""
    for noun, file, schema in schemas(provider):
        yield from _new_fields(noun, file)
        for path, field in walk(schema):
            yield from _wider(f"rental.{noun}.{path[-1]}", file, path, field)
        for name in schema.get("required", ()):
            if name not in ("lines", "equipment", "code"):
                what = f"rental.{noun}.{name} need not be given any more"
                yield of_file("field optional", what, file, lambda data, name=name: data["required"].remove(name))
    yield from _workflow(provider)
    yield from _more_things(provider)
    yield from _refactorings()
    yield from _sdk()
    for name in UNUSED:
        yield Change(
            "unused thing removed", f"{name}, which nobody uses, is removed", "rental", in_provider(remove_word, name)
        )


def _new_fields(noun: str, file: str) -> Iterator[Change]:
    for name, field in NEW_FIELDS.items():
        what = f"rental.{noun}.{name} is new and optional"
        yield of_file("field added", what, file, lambda data, n=name, f=field: data["properties"].update({n: f}))


def _wider(named: str, file: str, path: tuple[str, ...], field: Any) -> Iterator[Change]:
    def patch(kind: str, what: str, value: dict[str, Any]) -> Change:
        return of_file(kind, what, file, lambda data: at(data, path).update(value))

    if "enum" in field:
        yield patch("enum value added", f"{named} may be vintage", {"enum": [*field["enum"], "vintage"]})
    if "maxLength" in field:
        yield patch("limit widened", f"{named} may be longer", {"maxLength": field["maxLength"] * 2})
    if "maxItems" in field:
        yield patch("limit widened", f"{named} may have more", {"maxItems": field["maxItems"] * 2})
    if "items" not in path and "title" in field:
        yield patch(
            "title changed", f"{named} has another title", {"title": f"{field['title']} (new)", "description": "Told."}
        )


def _workflow(provider: Path) -> Iterator[Change]:
    for name, action in read(provider / WORKFLOW)["actions"].items():

        def argue(data: Any, name: str = name) -> None:
            arguments = data["actions"][name].setdefault("arguments", {"type": "object", "properties": {}})
            arguments["properties"]["said_by"] = {"title": "Said by", "type": "string", "maxLength": 40}

        yield of_file("argument added", f"{name} may be given said_by", WORKFLOW, argue)
        for argument in action.get("arguments", {}).get("required", ()):

            def relax(data: Any, name: str = name, argument: str = argument) -> None:
                data["actions"][name]["arguments"]["required"].remove(argument)

            yield of_file("argument added", f"{name} need not be given {argument}", WORKFLOW, relax)

    def act(data: Any) -> None:
        data["actions"]["note"] = {"title": "Note", "from": ["active"], "event": "noted"}

    yield of_file("action added", "the action note is new, with the event noted", WORKFLOW, act)

    def widen(data: Any) -> None:
        data["actions"]["cancel"]["from"].append("returned")
        data["states"]["returned"] = {}

    yield of_file("action added", "what was returned may be cancelled too", WORKFLOW, widen)

    def add_state(data: Any) -> None:
        data["states"]["lost"] = {"final": True}
        data["actions"]["write_off"] = {"title": "Write off", "from": ["active"], "to": "lost", "event": "written_off"}

    yield of_file("state added", "the state lost is new", WORKFLOW, add_state)
    yield Change("event added", "hooks emit rental.contract.priced too", "rental", _also_emits("priced"))
    yield Change("event added", "the payload of overdue_found says who is to call", "rental", _also_says)


def _also_emits(name: str) -> Any:
    def edit(folders: Folders) -> None:
        head = r"^(def hand_out\(.*)$"
        line = rf'\1\n    ctx.events.emit("rental.contract.{name}", document, {{}})'
        replace_text(folders.provider / "hooks.py", head, line)

    return edit


def _also_says(folders: Folders) -> None:
    line = r'\g<0>\n    payload["caller"] = "desk"'
    replace_text(folders.provider / "hooks.py", r'^    payload\["days_late"\] = days$', line)


def _more_things(provider: Path) -> Iterator[Change]:
    def write(kind: str, what: str, file: str, data: Any) -> Change:
        return Change(kind, what, "rental", lambda folders: _write(folders.provider / file, data))

    for name in ("driver", "insurance", "route"):
        schema = {"title": name, "type": "object", "properties": {"label": {"title": "Label", "type": "string"}}}
        yield write("document type added", f"rental.{name} is new", f"schemas/{name}.json", schema)
    fleet = read(provider / "reports/fleet.json")
    for name in ("fleet_by_city", "fleet_by_age"):
        yield write(
            "report added", f"the report {name} is new", f"reports/{name}.json", {**fleet, "name": f"rental.{name}"}
        )
    revenue = read(provider / "registers/revenue.json")
    yield write(
        "register added", "the register losses is new", "registers/losses.json", {**revenue, "name": "rental.losses"}
    )
    yield of_file(
        "report added",
        "fleet has the column insured",
        "reports/fleet.json",
        lambda data: data["measures"].update(insured={"title": "Insured", "count": True, "when": "is_insured"}),
    )
    yield of_file(
        "report added",
        "income may be limited to an item",
        "reports/income.json",
        lambda data: data["parameters"].update(
            one={"type": "uuid", "title": "One", "filter": "earned_by == param.one"}
        ),
    )
    for name in ("auditor", "driver"):
        role = {"title": name, "permissions": [{"type": "rental.contract", "actions": ["read"]}]}
        yield of_file(
            "role added",
            f"the role {name} is new",
            "roles.json",
            lambda data, n=name, r=role: data.update({f"rental.{n}": r}),
        )
    yield of_file(
        "role added",
        "a clerk may extend too",
        "roles.json",
        lambda data: data["rental.clerk"]["permissions"][0]["actions"].append("extend"),
    )
    setting = {"title": "Weekend", "type": "boolean", "default": True}
    yield of_file(
        "setting added",
        "the setting weekend is new",
        "settings.json",
        lambda data: data["properties"].update(weekend=setting),
    )
    yield of_file(
        "setting added",
        "late_fee_percent is 12 unless set",
        "settings.json",
        lambda data: data["properties"]["late_fee_percent"].update(default="12.00"),
    )


def _refactorings() -> Iterator[Change]:
    for old, new in (
        ("_amount", "_amount_of"),
        ("add_up", "sum_up"),
        ("_delivery", "_delivery_of"),
        ("hand_out", "lend"),
        ("take_back", "receive"),
    ):
        yield Change("refactoring", f"rental's {old} is called {new}", "rental", in_provider(rename_word, old, new))

    def split(folders: Folders) -> None:
        """The hooks move to a module of their own; hooks.py only gathers them."""
        root = folders.provider
        code = (root / "hooks.py").read_text(encoding="utf-8")
        (root / "contracts.py").write_text(code, encoding="utf-8")
        names = re.findall(r"^@hooks\..*\ndef (\w+)", code, flags=re.MULTILINE)
        text = f'"""Gathers the hooks."""\n\nfrom .contracts import {", ".join(names)}\n\n__all__ = {names!r}\n'
        (root / "hooks.py").write_text(text, encoding="utf-8")

    yield Change("refactoring", "rental's hooks are in another module", "rental", split)

    def reorder(folders: Folders) -> None:
        for path in folders.provider.rglob("*.json"):
            data = read(path)
            if "properties" in data:
                data["properties"] = dict(reversed(data["properties"].items()))
                _write(path, data)

    yield Change("refactoring", "rental's fields stand in another order", "rental", reorder)
    version = r'version = "1.0.0"'
    yield Change(
        "refactoring",
        "rental has another version only",
        "rental",
        in_provider(_in_manifest, version, 'version = "1.0.1"'),
    )
    yield Change(
        "refactoring",
        "rental has another description",
        "rental",
        in_provider(_in_manifest, r"^description = .*$", 'description = "Lends."'),
    )


def _in_manifest(root: Path, pattern: str, new: str) -> None:
    replace_text(root / "applet.toml", pattern, new)


def _sdk() -> Iterator[Change]:
    kind = "sdk addition"
    yield Change(
        kind,
        "round_half_up may be told a mode",
        "sdk",
        in_sdk(
            replace_text, "values.py", r"places: int = 0\) -> Decimal", 'places: int = 0, mode: str = "up") -> Decimal'
        ),
    )
    yield Change(
        kind,
        "decimal_text may be told a sign",
        "sdk",
        in_sdk(
            replace_text,
            "values.py",
            r"scale: int \| None = None\) -> str",
            'scale: int | None = None, sign: str = "") -> str',
        ),
    )
    yield Change(
        kind,
        "there is a function ceiling",
        "sdk",
        in_sdk(_append, "values.py", "\n\ndef ceiling(value: Decimal) -> int:\n    return -int(-value // 1)\n"),
    )
    yield Change(
        kind,
        "there is an error kind Gone",
        "sdk",
        in_sdk(_append, "document_errors.py", '\n\nclass DocumentGone(Conflict):\n    """{id} is gone."""\n'),
    )
    for hook, new in (("before_save", "reason: str"), ("after_action", "reason: str"), ("on_event", "attempt: int")):

        def widen(folders: Folders, hook: str = hook, new: str = new) -> None:
            replace_text(folders.sdk / "hookspecs.py", rf"^(def {hook}\([^)]*)\)", rf"\1, {new})")
            line = (
                rf'        if hook == "{hook}":'
                + "\n"
                + rf'            arguments["{new.split(":", maxsplit=1)[0]}"] = ""'
                + "\n"
                + r"\1"
            )
            replace_text(folders.sdk / "hookset.py", r"^(        caller = self\.caller\(hook, subject\))$", line)

        yield Change("hook argument added", f"{hook} is given {new.split(':')[0]} too", "sdk", widen)
    for old, new in (
        ("_implied_kind", "_kind_implied"),
        ("_check_place", "_check_where"),
        ("_copied", "_copy_of"),
        ("stage_reversal", "stage_opposite"),
        ("count_failure", "note_failure"),
    ):
        yield Change("refactoring", f"the SDK's own {old} is called {new}", "sdk", _inner(old, new))
    yield Change(
        "title changed",
        "the SDK's docstrings say more",
        "sdk",
        in_sdk(replace_text, "context.py", r'"""Who acts\.', '"""Who acts, and is recorded.'),
    )


def _inner(old: str, new: str) -> Any:
    return lambda folders: rename_identifier(folders.sdk, old, new)


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def _write(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=2), encoding="utf-8")
