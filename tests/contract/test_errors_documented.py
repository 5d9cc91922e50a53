"""docs/errors.md and the error classes say the same, both ways; and a code means one thing."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdk.errors import KINDS, BosError

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = REPOSITORY / "docs" / "errors.md"
PACKAGES = ("sdk", "kernel", "registry", "sandbox", "applets")
ROW = re.compile(r"^\| `([a-z0-9_]+)` \| (\d{3}) \| (\S+) \| (.+) \| (.*) \|$", re.MULTILINE)
KIND_ROW = re.compile(r"^\| (\w+) \| (\d{3}) \| .+ \|$", re.MULTILINE)


def import_everything() -> None:
    for package in PACKAGES:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            parts = path.relative_to(REPOSITORY).with_suffix("").parts
            if "tests" not in parts:
                importlib.import_module(".".join(parts).removesuffix(".__init__"))


def subclasses(of: type[BosError]) -> Iterator[type[BosError]]:
    for each in of.__subclasses__():
        yield each
        yield from subclasses(each)


@pytest.fixture(scope="module")
def leaves() -> list[type[BosError]]:
    """Every error class of ours that is no kind; tests have some of their own."""
    import_everything()
    ours = [each for each in subclasses(BosError) if each.__module__.partition(".")[0] in PACKAGES]
    return sorted({each for each in ours if each not in KINDS}, key=lambda each: each.code)


def kind_of(leaf: type[BosError]) -> str:
    return next((each.__name__ for each in leaf.__mro__ if each in KINDS), "—")


def said(leaf: type[BosError]) -> tuple[str, str, str]:
    return str(leaf.status), kind_of(leaf), " ".join((leaf.__doc__ or "").split())


def documented() -> dict[str, tuple[str, str, str]]:
    rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    return {code: (status, kind, text) for code, status, kind, text, _ in rows}


def test_every_error_is_documented_with_its_status_kind_and_text(leaves):
    rows = documented()
    missing = [
        f"| `{leaf.code}` | {' | '.join(said(leaf))} | (what to do) |"
        for leaf in leaves
        if rows.get(leaf.code) != said(leaf)
    ]
    assert not missing, "docs/errors.md lacks these rows, or says otherwise:\n" + "\n".join(missing)


def test_no_error_is_documented_that_is_not_there(leaves):
    assert sorted(documented().keys() - {leaf.code for leaf in leaves}) == []


def test_every_documented_error_says_what_to_do():
    rows = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert [code for code, *_, advice in rows if len(advice) < 10 or not advice.endswith(".")] == []


def test_the_kinds_are_documented_with_their_statuses():
    rows = dict(KIND_ROW.findall(DOCUMENT.read_text(encoding="utf-8")))
    assert rows == {kind.__name__: str(kind.status) for kind in KINDS}


def test_a_code_means_one_thing_wherever_it_comes_from(leaves):
    meanings: dict[str, set[tuple[str, str, str]]] = {}
    for leaf in leaves:
        meanings.setdefault(leaf.code, set()).add(said(leaf))
    assert {code: sorted(said) for code, said in meanings.items() if len(said) > 1} == {}


def test_every_error_has_a_message(leaves):
    assert [leaf.__name__ for leaf in leaves if not leaf.__doc__] == []
