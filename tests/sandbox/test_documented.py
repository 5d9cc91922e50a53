"""docs/sandbox.md says what is: limits, levels, ends, settings, and where to turn to."""

from pathlib import Path

import pytest

from sandbox.host import KINDS
from sandbox.limits_listing import limits_of_calls
from sandbox.lockdown.levels import Level
from tests.sandbox.corpus import attacks, benign
from tests.sandbox.worker.test_hostile_calls import CALLS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_limits_of_a_call_are_those_of_the_code():
    assert limits_of_calls() in PAGE


@pytest.mark.parametrize("kind", KINDS)
def test_every_end_of_a_call_is_told(kind):
    assert f"\n| `{kind}` |" in PAGE


@pytest.mark.parametrize("level", Level)
def test_every_level_is_told(level):
    assert f"\n| `{level}` |" in PAGE


def test_the_settings_it_names_are_there():
    settings = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in ("BOS_SANDBOX", "BOS_SANDBOX_WORKERS_MAX", "BOS_SANDBOX_PIN"):
        assert name in PAGE
        assert f"| `{name}` |" in settings


def test_the_tests_it_counts_are_as_many():
    assert 450 <= len(attacks()) <= 550
    assert 60 <= len(benign()) <= 70
    assert len(CALLS) >= 70


def test_readers_of_the_readme_find_it_and_how_to_report_a_hole():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "(docs/sandbox.md)" in readme
    assert "(SECURITY.md)" in readme
    assert "(../SECURITY.md)" in PAGE
    report = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "private" in report
    assert "bos sandbox run" in report
