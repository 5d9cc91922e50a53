"""docs/upgrades-for-developers.md, followed word for word."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sdk.applet import Applet
from sdk.comparison import Impact, compare_applets
from sdk.lenses import Stored
from sdk.lenses.reading import STEP_KINDS, STEPS_MAX
from sdk.testing import AppletConformance
from sdk.testing.loading import load_lenses

REPOSITORY = Path(__file__).resolve().parents[4]
PAGE = (REPOSITORY / "docs" / "upgrades-for-developers.md").read_text("utf-8")
FILES = re.findall(r"^`([a-z_/.]+)`\n```(?:json|python)\n(.*?)```$", PAGE, re.MULTILINE | re.DOTALL)
MANIFEST = """
name = "people"
version = "{version}"
title = "People"
description = "Persons."
license = "Apache-2.0"

[requires]
sdk = ">=1,<2"
"""
ROLES = {"people.clerk": {"title": "Clerk", "permissions": [{"type": "people.person", "actions": ["*"]}]}}


def write(folder, version, files):
    base = {"applet.toml": MANIFEST.format(version=version), "roles.json": json.dumps(ROLES), "README.md": "People."}
    for name, text in {**base, "__init__.py": '"""People."""\n', **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def first(tmp_path):
    return write(tmp_path / "first" / "people", "1.0.0", dict(FILES[:1]))


@pytest.fixture
def second(tmp_path):
    return write(tmp_path / "second" / "people", "2.0.0", dict(FILES[1:4]))


def test_the_files_of_the_page_are_those_it_speaks_of():
    assert [name for name, _ in FILES] == [
        "schemas/person.json", "schemas/person.json", "lenses/person.json", "tests/test_lenses.py",
        "lenses.py", "lenses/person.json",
    ]  # fmt: skip


def test_the_release_casts_all_that_changed_and_conforms(first, second):
    changes = compare_applets(Applet.load(first), Applet.load(second))
    assert {change.impact for change in changes} == {Impact.COMPATIBLE, Impact.CAST_NEEDED}
    back = compare_applets(Applet.load(second), Applet.load(first))
    assert {change.rule for change in back if change.impact is Impact.CAST_NEEDED} >= {"field_removed", "field_renamed"}
    suite = type("Suite", (AppletConformance,), {"folder": second})()
    for check in (name for name in dir(suite) if name.startswith("test_")):
        getattr(suite, check)()


def test_the_tests_of_the_page_pass(second):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0", "--rootdir", str(second), "tests"]
    done = subprocess.run(command, cwd=second, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_functions_of_the_page_cast_there_and_back(second):
    schema = json.loads(FILES[1][1])
    schema["x-version"] = 3
    schema["properties"]["visits"]["items"]["properties"] = {"day": {"format": "date"}, "hours": {"x-decimal": {}}}
    steps = {"type": "people.person", "versions": {**json.loads(FILES[2][1])["versions"], "3": []}}
    lens = {**steps, "touches": json.loads(FILES[5][1])["touches"]}
    third = {
        "schemas/person.json": json.dumps(schema),
        "lenses/person.json": json.dumps(lens),
        "lenses.py": FILES[4][1],
    }
    chain = load_lenses(Applet.load(write(second, "3.0.0", third))).lenses["people.person"]
    stored = Stored({"name": "Ada", "visits": [{"mins": 90}, {"mins": 25}]}, None, {}, 1)
    cast = chain.cast(stored, 3)
    assert cast.data["visits"][0] == {"hours": "1.5"}
    assert chain.cast(cast, 1) == stored


@pytest.mark.parametrize("kind", STEP_KINDS)
def test_every_step_is_on_the_page(kind):
    assert f'| `{{"{kind}": ' in PAGE


def test_limits_are_those_of_the_page():
    assert f"At most {STEPS_MAX} steps a version" in PAGE
