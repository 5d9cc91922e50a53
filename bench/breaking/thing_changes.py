"""Changes that break: of states, actions, events, registers, reports, settings and roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.breaking.changes import Change, all_of, in_provider, of_file, read
from bench.breaking.edits import Folders, edit_json, rename_word, replace_text

WORKFLOW = "workflows/contract.json"
EMITTED = ("days_late", "amount_due", "contact")
PLAIN = r"(?<!rental\.)\b{}\b"
QUOTED = '"{}"'


def thing_changes(provider: Path) -> Iterator[Change]:
    """Of everything but fields."""
    machine = read(provider / WORKFLOW)
    for state in machine["states"]:
        yield from _state(state)
    for name, action in machine["actions"].items():
        yield from _action(name, action)
    yield from _events()
    yield from _registers(provider)
    yield from _reports(provider)
    yield from _settings_and_roles(provider)


def _state(state: str) -> Iterator[Change]:
    def rename(data: Any) -> None:
        _rename_state(data, state, f"{state}_now")

    def remove(data: Any) -> None:
        others = [name for name in data["states"] if name not in (state, data["initial"])]
        del data["states"][state]
        for action in data["actions"].values():
            action["from"] = [name for name in action["from"] if name != state] or ["active"]
            if action.get("to") == state:
                action["to"] = others[-1]

    yield of_file("state renamed", f"the state {state} is called {state}_now", WORKFLOW, rename)
    if state not in ("draft", "active"):
        yield of_file("state removed", f"the state {state} is removed", WORKFLOW, remove)


def _rename_state(data: Any, old: str, new: str) -> None:
    data["states"] = {new if name == old else name: state for name, state in data["states"].items()}
    data["initial"] = new if data["initial"] == old else data["initial"]
    for action in data["actions"].values():
        action["from"] = [new if name == old else name for name in action["from"]]
        if action.get("to") == old:
            action["to"] = new


def _action(name: str, action: Mapping[str, Any]) -> Iterator[Change]:
    rename = in_provider(rename_word, name, f'"{name}_now"', pattern=QUOTED)
    yield Change("action renamed", f"the action {name} is called {name}_now", "rental", rename)

    def remove(folders: Folders) -> None:
        def drop(data: Any) -> None:
            del data["actions"][name]
            if name == "cancel":
                del data["states"]["cancelled"]

        edit_json(folders.provider / WORKFLOW, drop)
        replace_text(folders.provider / "hooks.py", rf'^@hooks\.action\(CONTRACT, "{name}"\)\n', "")
        used = {"extend": "extend", "cancel": "call_off"}[name]
        replace_text(folders.provider / "examples.py", rf"^    {used}\(kernel, an_active_contract.*\n", "")

    if name in ("extend", "cancel"):
        yield Change("action removed", f"the action {name} is removed", "rental", remove)
    old = action["event"]
    yield of_file(
        "event renamed", f"the event {old} is called {old}_now", WORKFLOW,
        lambda data: data["actions"][name].update(event=f"{old}_now"),
    )  # fmt: skip
    for argument in action.get("arguments", {}).get("properties", {}):
        yield from _argument(name, argument)

    def demand(data: Any) -> None:
        arguments = data["actions"][name].setdefault("arguments", {"type": "object", "properties": {}})
        arguments["properties"]["signed_by"] = {"title": "Signed by", "type": "string", "maxLength": 100}
        arguments.setdefault("required", []).append("signed_by")

    def give(folders: Folders) -> None:
        last = {"cancel": "cause", "extend": "reason"}[name]
        line = r'\g<0>\n    arguments["signed_by"] = "Ann"'
        replace_text(folders.provider / "examples.py", rf'^    arguments\["{last}"\] = .*$', line)

    if name in ("extend", "cancel"):
        edit = all_of(lambda folders: edit_json(folders.provider / WORKFLOW, demand), give)
        yield Change("argument of an action changed", f"{name} must be given signed_by", "rental", edit)


def _argument(action: str, argument: str) -> Iterator[Change]:
    files = (WORKFLOW, "hooks.py", "examples.py")
    rename = all_of(*(in_provider(_rename_in, file, argument, pattern=QUOTED) for file in files))
    what = f"{action}'s argument {argument} is called {argument}_now"
    yield Change("argument of an action changed", what, "rental", rename)
    if argument == "damage_found":
        # Without it the field it fills stays empty for ever: then the field is what was removed.
        return

    def remove(folders: Folders) -> None:
        def drop(data: Any) -> None:
            arguments = data["actions"][action]["arguments"]
            del arguments["properties"][argument]
            arguments["required"] = [name for name in arguments.get("required", ()) if name != argument]

        edit_json(folders.provider / WORKFLOW, drop)
        examples = folders.provider / "examples.py"
        lines = examples.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = (line for line in lines if f'arguments["{argument}"]' not in line)
        examples.write_text("".join(kept), encoding="utf-8")

    yield Change("argument of an action changed", f"{action}'s argument {argument} is removed", "rental", remove)


def _events() -> Iterator[Change]:
    emitted = "rental.contract.overdue_found"
    rename = in_provider(rename_word, emitted, "rental.contract.late_found", pattern=r"\b{}\b")
    yield Change("event renamed", f"the event {emitted} is called late_found", "rental", rename)
    remove = in_provider(_cut, "hooks.py", r'^    ctx\.events\.emit\("rental\.contract\.overdue_found".*\n')
    yield Change("event removed", f"the event {emitted} is emitted no more", "rental", remove)
    for member in EMITTED:
        rename = in_provider(rename_word, member, f"{member}_now")
        yield Change("payload changed", f"the payload's {member} is called {member}_now", "rental", rename)
        cut = in_provider(_cut, "hooks.py", rf'^    payload\["{member}"\].*\n')
        yield Change("payload changed", f"the payload has no {member} any more", "rental", cut)


def _registers(provider: Path) -> Iterator[Change]:
    for path in sorted((provider / "registers").glob("*.json")):
        register = read(path)
        name = register["name"]
        rename = in_provider(_rename_file, path.relative_to(provider), name)
        yield Change("register changed", f"the register {name} is called {name}_now", "rental", rename)
        for part in ("dimensions", "resources"):
            for each in register[part]:
                old = each["name"]
                what = f"{name}: {old} of its {part} is called {old}_now"
                yield Change("register changed", what, "rental", in_provider(rename_word, old, f"{old}_now"))


def _reports(provider: Path) -> Iterator[Change]:
    for path in sorted((provider / "reports").glob("*.json")):
        report = read(path)
        name = report["name"]
        rename = in_provider(_rename_file, path.relative_to(provider), name)
        yield Change("report changed", f"the report {name} is called {name}_now", "rental", rename)
        for old in report["parameters"]:
            parameter = rf'(?<=param\.){old}\b|(?<="){old}(?=": \{{"type")'
            rename = in_provider(_rename_in, f"reports/{path.name}", old, pattern=parameter)
            yield Change("report changed", f"{name}: its parameter {old} is called {old}_now", "rental", rename)
        for old in report["measures"]:
            rename = in_provider(_rename_in, f"reports/{path.name}", old)
            yield Change("report changed", f"{name}: its column {old} is called {old}_now", "rental", rename)


def _settings_and_roles(provider: Path) -> Iterator[Change]:
    for name in read(provider / "settings.json")["properties"]:
        rename = in_provider(rename_word, name, f"{name}_now")
        yield Change("setting changed", f"the setting {name} is called {name}_now", "rental", rename)
        remove = of_file("setting changed", f"the setting {name} is removed", "settings.json", _dropping(name))
        yield remove
    for role in read(provider / "roles.json"):
        rename = in_provider(rename_word, role, f"{role}_now", pattern=r"\b{}\b")
        yield Change("role changed", f"the role {role} is called {role}_now", "rental", rename)


def _dropping(name: str) -> Any:
    return lambda data: data["properties"].pop(name)


def _cut(root: Path, file: str, pattern: str) -> None:
    replace_text(root / file, pattern, "")


def _rename_in(root: Path, file: str, name: str, pattern: str = PLAIN) -> None:
    new = f'"{name}_now"' if pattern == QUOTED else f"{name}_now"
    replace_text(root / file, pattern.format(name) if "{}" in pattern else pattern, new)


def _rename_file(root: Path, file: Path, name: str) -> None:
    rename_word(root, name, f"{name}_now", pattern=r"\b{}\b")
    (root / file).rename((root / file).with_stem(f"{file.stem}_now"))
