"""`bos user …` and `bos auth …` about sessions, factors, resets and keys."""

import json

import pytest
from typer.testing import CliRunner

from kernel.auth import service
from kernel.auth.records import Authority
from kernel.cli.main import build_cli
from kernel.cli.terminal import Terminal
from kernel.main import build_kernel
from kernel.settings import Settings
from tests.integration.kernel.auth.conftest import PASSWORD

EMAIL = "ada@acme.example"


class Bos:
    def __init__(self, url, folder):
        cheap = {"password_memory_kib": 64, "password_passes": 1, "password_lanes": 1}
        self.settings = Settings(database_url=url, data_dir=folder, **cheap)
        self._cli, self._runner = build_cli(self.settings), CliRunner()

    def run(self, *words, code=0, stdin=None):
        result = self._runner.invoke(self._cli, [*words, "--json"], obj=Terminal(self.settings), input=stdin)
        assert result.exit_code == code, (result.output, result.exception)
        return json.loads(result.stdout if code == 0 else result.stderr)


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    made = Bos(empty_database(), tmp_path_factory.mktemp("bos"))
    made.run("tenant", "create", "acme")
    made.run("user", "create", EMAIL, "--password-stdin", stdin=PASSWORD)
    return made


@pytest.fixture
def session(bos):
    """The id of a session the user has just opened."""
    kernel = build_kernel(bos.settings, bos.settings.database_url)
    with kernel.database.platform() as uow:
        tokens = service.log_in(uow, Authority.of(kernel), "acme", EMAIL, PASSWORD, kernel.clock())
        uow.commit()
    kernel.close()
    return tokens.session_id


def test_sessions_are_listed_and_ended(bos, session):
    listed = bos.run("user", "sessions", EMAIL)
    assert (listed[0]["id"], listed[0]["methods"]) == (session, ["password"])
    assert bos.run("user", "end-sessions", EMAIL, "--dry-run") == {
        "email": EMAIL, "ended": len(listed), "dry_run": True,
    }  # fmt: skip
    assert len(bos.run("user", "sessions", EMAIL)) == len(listed)
    assert bos.run("user", "end-sessions", EMAIL, "--session", session, "--yes")["ended"] == 1
    assert session not in [found["id"] for found in bos.run("user", "sessions", EMAIL)]
    bos.run("user", "end-sessions", EMAIL, "--yes")
    assert bos.run("user", "sessions", EMAIL) == []


@pytest.mark.parametrize("words", [("user", "end-sessions", EMAIL), ("user", "reset-factors", EMAIL)])
def test_nothing_is_taken_away_unasked(bos, words):
    assert bos.run(*words, code=1)["code"] == "not_confirmed"


def test_a_session_that_is_not_there_is_told(bos):
    assert bos.run("user", "end-sessions", EMAIL, "--session", "x", "--yes", code=1)["code"] == "session_unknown"


def test_second_factors_are_taken_away(bos):
    assert bos.run("user", "reset-factors", EMAIL, "--dry-run") == {"email": EMAIL, "removed": 0, "dry_run": True}
    assert bos.run("user", "reset-factors", EMAIL, "--yes") == {"email": EMAIL, "removed": 0, "dry_run": False}


def test_a_token_for_a_new_password_is_made(bos):
    made = bos.run("user", "reset-password", EMAIL)
    assert (made["email"], made["token"][:5], set(made)) == (EMAIL, "bosp_", {"email", "token", "expires_at"})


def test_what_happened_is_listed(bos):
    bos.run("user", "reset-password", EMAIL)
    listed = bos.run("auth", "events", "--user", EMAIL, "--limit", "1")
    assert [(event["type"], event["actor_id"]) for event in listed] == [("password_reset.issued", "operator")]


def test_the_token_key_is_rotated_but_not_twice_in_a_row(bos):
    assert bos.run("auth", "rotate-token-key", "--dry-run") == {"rotated": False, "old_accepted_until": None}
    assert bos.run("auth", "rotate-token-key")["old_accepted_until"] is not None
    assert bos.run("auth", "rotate-token-key", code=1)["code"] == "token_key_overlap"
    assert bos.run("auth", "rotate-token-key", "--leaked", code=1)["code"] == "not_confirmed"
    assert bos.run("auth", "rotate-token-key", "--leaked", "--yes")["old_accepted_until"] is None
