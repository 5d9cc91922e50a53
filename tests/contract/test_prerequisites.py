"""Tests that need a tool skip where it is missing, but never in CI."""

import pytest

from tests import prerequisites


@pytest.fixture
def tools(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BOS_TEST_REQUIRE", raising=False)
    return tmp_path


def test_a_tool_that_is_there_is_found_under_any_of_its_names(tools):
    program = tools / "chromium-browser"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert prerequisites.require("browser") == str(program)


def test_a_missing_tool_skips_the_test_with_its_reason(tools):
    with pytest.raises(pytest.skip.Exception, match=r"hledger is not installed \(looked for hledger\)"):
        prerequisites.require("hledger")


def test_a_missing_tool_that_was_required_fails_the_test(tools, monkeypatch):
    monkeypatch.setenv("BOS_TEST_REQUIRE", "nats,hledger")
    with pytest.raises(pytest.fail.Exception, match="BOS_TEST_REQUIRE names it"):
        prerequisites.require("hledger")
