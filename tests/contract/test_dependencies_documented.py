"""pyproject.toml, the lock files and docs/dependencies.md name the same packages."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ROW = re.compile(r"^\| ([a-z0-9-]+) \| .+ \| .+ \|$", re.MULTILINE)
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = ("requirements.lock", "requirements-test.lock")


def names_in(requirements):
    return {re.match(r"[\w-]+", line)[0] for line in requirements}


def documented_in(section):
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    return set(ROW.findall(page.partition(f"## {section}\n")[2].partition("\n## ")[0])) - {"package"}


@pytest.mark.parametrize(
    ("section", "requirements"),
    [
        ("To run", PROJECT["dependencies"]),
        ("To run sandboxed applets without a Linux kernel's help", EXTRAS["wasm"]),
        # The tests need what is optional too.
        ("To test", set(EXTRAS["test"]) - set(EXTRAS["wasm"])),
    ],
)
def test_every_dependency_has_its_reason_and_licence(section, requirements):
    assert documented_in(section) == names_in(requirements)


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_every_dependency_with_hashes_and_no_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    locked = re.findall(r"^([\w-]+)(?:\[[\w,]+\])?==\S+", text, re.MULTILINE)
    needed = names_in(PROJECT["dependencies"])
    assert needed - set(locked) == set()
    assert text.count("--hash=sha256:") >= len(locked)
    assert "://" not in text


def test_both_locks_agree_on_versions():
    first, second = (
        dict(re.findall(r"^([\w-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS
    )
    assert {name: second.get(name) for name in first} == first
