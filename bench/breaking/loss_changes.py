"""Changes that break: what goes altogether, or is there and filled by nobody any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.breaking.changes import Change, in_provider, of_file, read, schemas
from bench.breaking.edits import Edit, Folders, remove_word, replace_text

WORKFLOW = "workflows/contract.json"
# A line of the provider's hooks that fills something: what, and under which name.
FILLING = re.compile(r'^ +(document|line|resources|dimensions)\["(\w+)"\] = .*\n', re.MULTILINE)


def loss_changes(provider: Path) -> Iterator[Change]:
    """Of registers, reports, roles, numbers, actions and of what hooks fill."""
    yield from _filled(provider)
    yield from _registers(provider)
    yield from _reports(provider)
    yield from _roles(provider)
    for noun, file, schema in schemas(provider):
        if "x-number" in schema:
            yield of_file("number removed", f"rental.{noun} has no numbers", file, lambda data: data.pop("x-number"))
    for name, action in read(provider / WORKFLOW)["actions"].items():
        yield from _action(name, action["from"], action.get("to"))


def _filled(provider: Path) -> Iterator[Change]:
    """Fields, resources and dimensions that hooks set no more."""
    found = FILLING.findall((provider / "hooks.py").read_text(encoding="utf-8"))
    for owner, name in dict.fromkeys(found):
        line = rf'^ +{owner}\["{name}"\] = .*\n'
        what = f"{name} of {'each line' if owner == 'line' else f'its {owner}'} is filled no more"
        what = f"{name} is filled no more" if owner == "document" else what
        yield Change("filled no more", what, "rental", in_provider(_cut, "hooks.py", line))


def _registers(provider: Path) -> Iterator[Change]:
    for path in sorted((provider / "registers").glob("*.json")):
        register = read(path)
        for part in ("dimensions", "resources"):
            for name in (each["name"] for each in register[part]):
                what = f"{register['name']}: {name} of its {part} is removed"
                yield Change("register changed", what, "rental", in_provider(remove_word, name))
        edit = _without_register(path.name, register["name"])
        yield Change("register changed", f"the register {register['name']} is removed", "rental", edit)


def _without_register(file: str, name: str) -> Edit:
    def edit(folders: Folders) -> None:
        (folders.provider / "registers" / file).unlink()
        for path in sorted((folders.provider / "reports").glob("*.json")):
            if read(path)["source"].get("register") == name:
                path.unlink()
        _cut(folders.provider, "hooks.py", rf'^ +ctx\.registers\.record\(.*"{name}".*\n')

    return edit


def _reports(provider: Path) -> Iterator[Change]:
    for path in sorted((provider / "reports").glob("*.json")):
        report, file = read(path), f"reports/{path.name}"
        name, kind = report["name"], "report changed"
        yield Change(kind, f"the report {name} is removed", "rental", in_provider(_unlink, file))
        for part in ("parameters", "columns", "measures"):
            for each in report[part]:
                edit = of_file(kind, f"{name}: {each} of its {part} is removed", file, _dropping(part, each))
                yield edit
        for each in report["parameters"]:
            what = f"{name}: its parameter {each} must be given"
            yield of_file(kind, what, file, _demanding(each))
        for each in report["columns"]:
            what = f"{name}: its column {each} is called {each}_now"
            yield of_file(kind, what, file, _renaming(each))
        what = f"{name}: it must be told which year"
        year = {"type": "integer", "title": "Year", "required": True}
        yield of_file(kind, what, file, lambda data, year=year: data["parameters"].update(year=year))


def _dropping(part: str, name: str) -> Any:
    def drop(data: Any) -> None:
        del data[part][name]
        data["sort"] = [each for each in data.get("sort", ()) if each.lstrip("-") != name]
        for bound in ("since", "until", "at"):
            if data.get(bound) == f"param.{name}":
                del data[bound]

    return drop


def _demanding(name: str) -> Any:
    return lambda data: data["parameters"][name].update(required=True)


def _renaming(name: str) -> Any:
    def rename(data: Any) -> None:
        column = data["columns"].pop(name)
        data["columns"][f"{name}_now"] = {"value": name, **column}
        data["sort"] = [each.replace(name, f"{name}_now") for each in data.get("sort", ())]

    return rename


def _roles(provider: Path) -> Iterator[Change]:
    for name in read(provider / "roles.json"):

        def drop(data: Any, name: str = name) -> None:
            del data[name]
            for role in data.values():
                role["inherits"] = [other for other in role.get("inherits", ()) if other != name]

        yield of_file("role changed", f"the role {name} is removed", "roles.json", drop)


def _action(name: str, sources: list[str], target: str | None) -> Iterator[Change]:
    for source in sources if len(sources) > 1 else ():
        what = f"{name} cannot be performed in the state {source} any more"
        yield of_file("action narrowed", what, WORKFLOW, lambda data, s=source: data["actions"][name]["from"].remove(s))
    what = f"{name} is possible for drafts only"
    if "draft" not in sources:
        yield of_file("action narrowed", what, WORKFLOW, lambda data: data["actions"][name].update({"from": ["draft"]}))
    for other in ("active", "returned", "cancelled"):
        if target and other != target:
            what = f"{name} leads to {other}, not {target}"
            yield of_file(
                "action leads elsewhere", what, WORKFLOW, lambda data, o=other: data["actions"][name].update(to=o)
            )
    if target:
        yield of_file(
            "action leads elsewhere", f"{name} leads nowhere", WORKFLOW, lambda data: data["actions"][name].pop("to")
        )


def _cut(root: Path, file: str, pattern: str) -> None:
    replace_text(root / file, pattern, "")


def _unlink(root: Path, file: str) -> None:
    (root / file).unlink()
