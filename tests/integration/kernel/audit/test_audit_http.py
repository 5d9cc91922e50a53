"""The seals over HTTP and from a shell, for auditors."""

import json

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from kernel.auth import service
from kernel.auth.passwords import Passwords
from kernel.cli.main import build_cli
from kernel.cli.terminal import Terminal
from kernel.http.app import create_app
from tests.integration.kernel.audit.ledger import Log
from tests.integration.kernel.search.den import make_den

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def log(dens):
    made = Log(make_den(dens))
    made.den.people(*(f"Person {number}" for number in range(6)))
    made.seal()
    return made


def client_of(log, role):
    cheap = Passwords(memory_kib=64, passes=1, lanes=1)
    email = f"{role.rpartition('.')[2]}@example.com"
    with log.kernel.database.platform() as uow:
        service.create_user(uow, cheap, log.tenant.id, email, log.kernel.clock(), password=PASSWORD)
        uow.commit()
    with log.den.operate() as ctx:
        ctx.documents.create("kernel.grant", {"actor_id": email, "role": role})
    http = TestClient(create_app(log.kernel, has_worker=False))
    given = {"tenant": log.tenant.name, "email": email, "password": PASSWORD}
    http.headers["authorization"] = f"Bearer {http.post('/api/v1/auth/login', json=given).json()['access_token']}"
    return http


@pytest.fixture(scope="module")
def auditor(log):
    return client_of(log, "kernel.auditor")


@pytest.fixture(scope="module")
def clerk(log):
    return client_of(log, "den.clerk")


def test_seals_are_listed_page_by_page(auditor):
    first = auditor.get("/api/v1/audit/seals", params={"limit": 1}).json()
    rest = auditor.get("/api/v1/audit/seals", params={"cursor": first["cursor"]}).json()
    assert first["items"][0]["previous"] == rest["items"][0]["hash"]
    assert rest["items"][-1]["number"] == 1
    assert rest["cursor"] is None


def test_a_log_is_verified_and_an_event_proved(auditor, log):
    answer = auditor.get("/api/v1/audit/verify").json()
    assert (answer["is_sound"], answer["faults"], answer["next"]) == (True, [], None)
    ((event,),) = log.rows("SELECT id FROM {t}.events ORDER BY position LIMIT 1")
    assert auditor.get(f"/api/v1/audit/proof/{event}").json()["is_sound"] is True
    ((document,),) = log.rows("SELECT aggregate_id FROM {t}.events ORDER BY position LIMIT 1")
    assert auditor.get(f"/api/v1/audit/trail/{document}").json()["events"][0]["seal"] == 1


def test_a_long_log_is_verified_in_parts(auditor):
    first = auditor.get("/api/v1/audit/verify", params={"limit": 1}).json()
    assert (first["seals"], first["next"]) == (1, 1)
    assert auditor.get("/api/v1/audit/verify", params={"after": 1}).json()["next"] is None


ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize("path", ["seals", "verify", f"proof/{ID}", f"trail/{ID}"])
def test_only_auditors_see_seals(clerk, path):
    answer = clerk.get(f"/api/v1/audit/{path}")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(
    ("path", "status"), [(f"proof/{ID}", 404), ("proof/x", 422), ("seals?cursor=x", 422), ("verify?after=-1", 422)]
)
def test_what_is_not_there_is_said(auditor, path, status):
    assert auditor.get(f"/api/v1/audit/{path}").status_code == status


@pytest.fixture
def shell(log):
    settings = log.kernel.settings.model_copy(update={"database_url": log.kernel.url})

    def run(*arguments):
        return CliRunner().invoke(build_cli(settings), ["audit", *arguments], obj=Terminal(settings))

    return run


def test_a_shell_seals_verifies_and_exports(dens, shell, tmp_path, log):
    log.den.people("One more")
    name = log.tenant.name
    assert json.loads(shell("seal", "--tenant", name, "--json").stdout)["events"] >= 1
    assert json.loads(shell("anchor", "export", str(tmp_path / "a.json"), "--tenant", name, "--json").stdout)[
        "anchors"
    ] == 1  # fmt: skip
    result = shell("verify", "--tenant", name, "--anchor", str(tmp_path / "a.json"), "--json")
    (answer,) = json.loads(result.stdout)
    assert (result.exit_code, answer["is_sound"], answer["anchors"]) == (0, True, 2)


def test_a_shell_names_what_was_tampered_with(shell, dens):
    log = Log(make_den(dens))
    log.seal()
    position = log.positions()[0]
    log.tamper("UPDATE {t}.events SET actor = 'nobody' WHERE position = %s", position)
    result = shell("verify", "--tenant", log.tenant.name, "--json")
    (answer,) = json.loads(result.stdout)
    assert (result.exit_code, answer["faults"][0]["kind"], answer["faults"][0]["position"]) == (1, "changed", position)
    assert json.loads(result.stderr)["code"] == "audit_failed"
