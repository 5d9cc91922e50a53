"""Chains and documents made up by hypothesis, and what a source means, read in Python."""

from typing import Any

from hypothesis import strategies as st

from sdk.lenses import (
    Default,
    Joined,
    Kept,
    LensChain,
    Mapped,
    Noted,
    Part,
    Path,
    Same,
    Stored,
    read_lenses,
)
from sdk.lenses.places import ABSENT, is_same_json, is_under, read_at, set_at

PATHS = ("a", "b", "c", "x.a", "x.b", "x.y.a", "l.a", "l.b", "l.x.a")
FLAT = ("a", "b", "c", "x.a", "x.b")
TEXTS = st.text("ab ", max_size=5)
STATES = ("a", "b", "c")
VALUES = TEXTS | st.booleans() | st.integers(0, 2)

# Anything under the names that steps are about: of the kind they expect or of any other.
HOSTILE = st.dictionaries(
    st.sampled_from(("a", "b", "c", "x", "l")),
    st.recursive(
        VALUES,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("a", "b", "x", "y")), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=5,
)
ITEMS = st.lists(st.dictionaries(st.sampled_from(("a", "b")), VALUES, max_size=2), max_size=3)


@st.composite
def plain_documents(draw: Any) -> dict[str, Any]:
    """As a schema would have them: texts at the top, perhaps an object, perhaps an array of objects."""
    made: dict[str, Any] = draw(st.dictionaries(st.sampled_from(("a", "b", "c")), TEXTS, max_size=3))
    within = draw(st.dictionaries(st.sampled_from(("a", "b")), TEXTS, max_size=2))
    return {**made, **({"x": within} if within else {}), **({"l": items} if (items := draw(ITEMS)) else {})}


def _moves(kind: str, paths: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    pairs = st.tuples(st.sampled_from(paths), st.sampled_from(paths))
    parent = {path: path.rpartition(".")[0] for path in paths}
    apart = pairs.filter(lambda pair: not (is_under(*pair) or is_under(pair[1], pair[0])))
    wanted = apart.filter(lambda pair: kind == "move_field" or parent[pair[0]] == parent[pair[1]])
    return wanted.map(lambda pair: {kind: {"from": pair[0], "to": pair[1]}})


def steps(paths: tuple[str, ...] = PATHS) -> st.SearchStrategy[dict[str, Any]]:
    field = st.sampled_from(paths)
    values = st.dictionaries(st.sampled_from(STATES), st.sampled_from(STATES), min_size=1, max_size=3)
    splits = st.lists(field, min_size=3, max_size=4, unique=True).filter(
        lambda found: not any(is_under(one, other) for one in found for other in found if one != other)
    )
    return st.one_of(
        _moves("rename_field", paths),
        _moves("move_field", paths),
        splits.map(lambda found: {"split": {"from": found[0], "into": found[1:], "separator": " "}}),
        field.map(lambda path: {"drop_field": {"field": path}}),
        field.map(lambda path: {"add_field": {"field": path}}),
        st.builds(
            lambda path, value, is_new: {"set_default": {"field": path, "value": value, "is_new": is_new}},
            field, TEXTS, st.booleans(),
        ),
        st.builds(lambda path, mapped: {"map_value": {"field": path, "values": mapped}}, field, values),
        values.map(lambda mapped: {"map_state": mapped}),
    )  # fmt: skip


def chains(paths: tuple[str, ...] = PATHS) -> st.SearchStrategy[LensChain]:
    versions = st.lists(st.lists(steps(paths), max_size=3), min_size=1, max_size=3)
    return versions.map(lambda found: chain({str(number): one for number, one in enumerate(found, 2)}))


def chain(versions: dict[str, Any], **more: Any) -> LensChain:
    faults: list[Any] = []
    made = read_lenses({"type": "shop.order", "versions": versions, **more}, faults)
    assert faults == []
    return made


@st.composite
def histories(draw: Any) -> tuple[LensChain, list[list[str]]]:
    """A chain whose steps fit the fields there are, and the fields of each version from 1."""
    fields = draw(st.lists(st.sampled_from(FLAT), unique=True))
    versions, known = {}, [list(fields)]
    for number in range(2, draw(st.integers(2, 4)) + 1):
        taken = []
        for step in draw(st.lists(steps(FLAT), max_size=4)):
            [(kind, said)] = step.items()
            gone, come = _effect(kind, said)
            stays = [said["field"]] if kind == "map_value" or not said.get("is_new", True) else []
            if all(path in fields for path in [*gone, *stays]) and not any(path in fields for path in come):
                fields = [*(path for path in fields if path not in gone), *come]
                taken.append(step)
        versions[str(number)] = taken
        known.append(list(fields))
    return chain(versions), known


def _effect(kind: str, said: dict[str, Any]) -> tuple[list[str], list[str]]:
    match kind:
        case "rename_field" | "move_field":
            return [said["from"]], [said["to"]]
        case "split":
            return [said["from"]], said["into"]
        case "drop_field":
            return [said["field"]], []
        case "add_field":
            return [], [said["field"]]
        case "set_default" if said["is_new"]:
            return [], [said["field"]]
        case _:
            return [], []


def with_fields(values: dict[str, str], fields: list[str]) -> dict[str, Any]:
    """A document with these values, as far as there are such fields."""
    made: dict[str, Any] = {}
    for path, value in values.items():
        if path in fields:
            set_at(made, path, value)
    return made


def evaluate(source: Any, stored: Stored, path: str) -> Any:  # noqa: PLR0911  one answer for each kind of source
    """What SQL written from a source would find."""
    match source:
        case Same():
            return read_at(stored.data, path)
        case Path(path=other):
            return read_at(stored.data, other)
        case Kept(keys=keys):
            return _find(stored.kept, keys)
        case Default(source=inner, value=value, within=within):
            found = evaluate(inner, stored, path)
            is_there = within is None or isinstance(evaluate(within, stored, path.rpartition(".")[0]), dict)
            return value if found is ABSENT and is_there else found
        case Part(source=inner, separator=separator, index=index, count=count):
            found = evaluate(inner, stored, path)
            parts = found.split(separator, count - 1) if isinstance(found, str) else []
            return parts[index] if index < len(parts) else ABSENT
        case Joined(sources=sources, separator=separator):
            texts = [text for inner in sources if isinstance(text := evaluate(inner, stored, path), str)]
            return separator.join(texts) if texts else ABSENT
        case Mapped(source=inner, values=values):
            found = evaluate(inner, stored, path)
            return values.get(found, found)
        case Noted():
            return _noted(source, stored, path)
        case _:
            return ABSENT


def _noted(source: Noted, stored: Stored, path: str) -> Any:
    note = stored.kept.get(source.step)
    if note is None:
        return evaluate(source.source, stored, path)
    for name, guard in source.guards:
        if not is_same_json(note["of"].get(name, ABSENT), evaluate(guard, stored, path)):
            return evaluate(source.source, stored, path)
    return note["was"].get(source.path, ABSENT)


def _find(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return ABSENT
        value = value[key]
    return value
