"""What may be written stands in the documentation, all of it."""

from pathlib import Path

import pytest

from sandbox.policy import limits
from sandbox.policy.names import SPECIAL_METHODS
from sandbox.policy.offer import OFFER
from sandbox.policy.rules import BUILTINS_INSTEAD, MODULES_INSTEAD, RULES
from sandbox.runtime.builtins import builtins_of_applet

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "applet-language.md").read_text(encoding="utf-8")
LINES = PAGE.splitlines()


def told(text):
    return text.replace("|", "\\|")


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_documented_with_its_words(rule):
    assert f"| `{rule}` | {told(RULES[rule].message)} | {told(RULES[rule].instead)} |" in LINES


@pytest.mark.parametrize("module", sorted(OFFER))
def test_a_module_is_documented_with_its_names(module):
    assert f"| `{module}` | {' '.join(f'`{name}`' for name in OFFER[module])} |" in LINES


def test_what_stands_in_for_others_is_documented():
    for name, instead in (MODULES_INSTEAD | BUILTINS_INSTEAD).items():
        assert f"| `{name}` | {told(instead)} |" in LINES


def test_built_in_names_and_special_methods_are_documented():
    builtins = {name for name in builtins_of_applet(print) if not name.startswith("__")}
    assert {name for name in builtins | SPECIAL_METHODS if f"`{name}`" not in PAGE} == set()


def test_limits_are_documented():
    for maximum in (limits.SOURCE_BYTES_MAX, limits.PROGRAM_BYTES_MAX, limits.NODES_MAX, limits.DEPTH_MAX):
        assert f" {maximum:,} " in PAGE
