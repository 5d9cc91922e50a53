"""Tools that a developer may lack and CI may not."""

import os
import shutil

import pytest

# What a name in BOS_TEST_REQUIRE stands for: any one of these programs will do.
PROGRAMS = {
    "browser": ("chromium", "chromium-browser", "google-chrome"),
    "hledger": ("hledger",),
    "nats": ("nats-server",),
}


def require(name: str) -> str:
    """The path of the tool. Where it is missing the test is skipped, or fails if BOS_TEST_REQUIRE names the tool."""
    found = next(filter(None, map(shutil.which, PROGRAMS[name])), None)
    if found:
        return found
    message = f"{name} is not installed (looked for {', '.join(PROGRAMS[name])})"
    if name in os.environ.get("BOS_TEST_REQUIRE", "").split(","):
        pytest.fail(message + ", and BOS_TEST_REQUIRE names it")
    pytest.skip(message)
