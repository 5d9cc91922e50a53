"""`bos oauth`: clients registered by the operator, as scripts do it."""

import json

import pytest
from typer.testing import CliRunner

from kernel.cli.main import build_cli
from kernel.cli.terminal import Terminal
from kernel.settings import Settings
from tests.integration.kernel.shipped import CHEAP


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    settings = Settings(database_url=empty_database(), data_dir=tmp_path_factory.mktemp("bos"), **CHEAP)
    cli, runner = build_cli(settings), CliRunner()

    def run(*words, code=0):
        result = runner.invoke(cli, [*words, "--json"], obj=Terminal(settings))
        assert result.exit_code == code, (result.output, result.exception)
        return json.loads(result.stderr if code else result.stdout)

    run("tenant", "create", "acme", "--admin-email", "ada@acme.example")
    return run


def test_a_client_is_made_listed_given_a_new_secret_and_deleted(bos):
    way_back = "https://shop.example/back"
    made = bos("oauth", "client", "create", "Shop", "-s", "receivables.*:*", "-r", way_back)
    assert (made["kind"], made["grant_types"]) == ("confidential", ["authorization_code", "refresh_token"])
    assert made["secret"].startswith("boss_")
    (listed,) = bos("oauth", "client", "list")
    assert (listed["id"], listed["created_by"], "secret" in listed) == (made["id"], "operator", False)
    assert bos("oauth", "client", "rotate-secret", made["id"])["secret"] != made["secret"]
    assert bos("oauth", "client", "delete", made["id"], "--dry-run")["is_deleted"] is False
    assert bos("oauth", "client", "delete", made["id"], code=1)["code"] == "not_confirmed"
    assert bos("oauth", "client", "delete", made["id"], "--yes")["is_deleted"] is True
    assert bos("oauth", "client", "list") == []
    assert bos("oauth", "client", "delete", made["id"], "--yes", code=1)["code"] == "oauth_client_unknown"


def test_a_client_that_acts_by_itself_needs_a_user(bos):
    made = bos("oauth", "client", "create", "Robot", "-s", "reports:run", "--acts-as", "ada@acme.example")
    assert (made["grant_types"], made["redirect_uris"]) == (["client_credentials"], [])
    refused = bos("oauth", "client", "create", "Robot", "-s", "reports:run", "--acts-as", "x@acme.example", code=1)
    assert refused["code"] == "user_not_there"


def test_an_unsound_client_is_refused_with_every_fault(bos):
    refused = bos("oauth", "client", "create", "Bad", "-s", "all of it", "-r", "http://x.example/", code=1)
    assert refused["code"] == "oauth_client_invalid"
    assert {each["pointer"] for each in refused["violations"]} == {"/scopes/0", "/redirect_uris/0"}


def test_keys_are_rotated(bos):
    assert bos("oauth", "key", "rotate") != bos("oauth", "key", "rotate")
