"""Every hook has its chapter in sdk/HOOKS.md and a test that calls it; and there are few."""

import inspect
import re
from pathlib import Path

import pytest

from sdk import hooks, hookspecs
from sdk.hookset import SPECS, SYSTEM_HOOKS

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "sdk" / "HOOKS.md").read_text("utf-8")
CHAPTERS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", GUIDE, re.MULTILINE | re.DOTALL))
# Of those an applet may implement: as many as a developer can keep in mind.
HOOKSPECS_MAX = 20

# How an applet's code names a hook where that is not the name of its specification.
DECORATORS = {
    "perform_action": "hooks.action(",
    "on_event": "hooks.on(",
    "applet_enabled": "hooks.enabled",
    "applet_disabled": "hooks.disabled",
    "applet_upgraded": "hooks.upgraded",
    "load_demo_data": "hooks.demo_data",
    "check_invariants": "hooks.invariant",
    **{f"resolve_{question}": f'hooks.resolve("{question}")' for question in ("price", "tax_rate", "exchange_rate")},
}


def decorator_of(name):
    return "hookimpl" if name in SYSTEM_HOOKS else DECORATORS.get(name, f"hooks.{name}(")


def read_tests():
    here = Path(__file__)
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "applets").glob("*/tests/*.py")]
    return {path: path.read_text("utf-8") for path in files if path != here}


TEXTS = read_tests()


def test_there_are_few_hooks():
    assert len(SPECS.keys() - SYSTEM_HOOKS) <= HOOKSPECS_MAX


def test_the_guide_has_a_chapter_for_each_hook_and_for_nothing_else():
    assert set(CHAPTERS) == set(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_a_chapter_says_when_with_what_arguments_and_how(name):
    chapter = CHAPTERS[name]
    arguments = ", ".join(SPECS[name].parameters)
    assert f"arguments `{arguments}`" in chapter
    assert "**When:**" in chapter
    assert "```python" in chapter
    assert decorator_of(name) in chapter


@pytest.mark.parametrize("name", sorted(set(SPECS) - SYSTEM_HOOKS))
def test_a_chapter_says_whether_the_hook_may_veto(name):
    assert "**May veto:**" in CHAPTERS[name]


@pytest.mark.parametrize("name", SPECS)
def test_a_specification_says_when_it_is_called(name):
    assert inspect.getdoc(getattr(hookspecs, name))


def test_every_decorator_is_in_the_guide():
    names = [name for name, value in vars(hooks).items() if inspect.isfunction(value) and not name.startswith("_")]
    assert [name for name in names if f"@hooks.{name}" not in GUIDE] == []


@pytest.mark.parametrize("name", SPECS)
def test_a_test_exercises_the_hook(name):
    words = (f"def {name}(", f'"{name}"') if name in SYSTEM_HOOKS else (decorator_of(name),)
    assert any(word in text for text in TEXTS.values() for word in words), f"no test uses {words}"
