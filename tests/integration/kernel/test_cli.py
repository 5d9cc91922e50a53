"""The command `bos` on a database of its own: every group, and what is started and stopped as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import psycopg
import pytest
from typer.testing import CliRunner

from kernel.cli.main import build_cli
from kernel.cli.session import open_kernel
from kernel.cli.terminal import Terminal
from kernel.settings import Settings
from kernel.transfer.files import TransferFiles
from sdk.identifiers import new_id
from tests.integration.kernel.shipped import CHEAP

PROGRAM = [sys.executable, "-c", "from kernel.cli.main import main; main()"]
FAILED, USAGE = 1, 2


class Bos:
    """Runs commands on one database."""

    def __init__(self, url, folder, **settings):
        self.settings = Settings(database_url=url, data_dir=folder, **CHEAP, **settings)
        self._cli, self._runner = build_cli(self.settings), CliRunner()

    def run(self, *words, code=0, stdin=None):
        result = self._runner.invoke(self._cli, words, obj=Terminal(self.settings), input=stdin)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    def json(self, *words, **given):
        return json.loads(self.run(*words, "--json", **given).stdout)

    def fail(self, *words, **given):
        """The problem of a request that fails."""
        return json.loads(self.run(*words, "--json", code=FAILED, **given).stderr)

    def code(self, *words, **given):
        return self.fail(*words, **given)["code"]


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    return Bos(empty_database(), tmp_path_factory.mktemp("bos"))


@pytest.fixture(scope="module")
def acme(bos):
    """A tenant that can invoice, with its administrator ada@acme.example."""
    made = bos.json("tenant", "create", "acme", "--title", "Acme Ltd", "--admin-email", "ada@acme.example")
    bos.run("applet", "enable", "receivables", "--with-required", "-t", "acme")
    bos.run("doc", "create", "ledger.chart", "--set", "name=Standard", "--perform", "load", "-t", "acme")
    return made


def test_a_tenant_comes_with_a_company_and_an_administrator_whose_password_is_shown(bos, acme):
    assert (acme["name"], acme["title"], acme["state"], acme["admin"]) == (
        "acme",
        "Acme Ltd",
        "active",
        "ada@acme.example",
    )
    assert len(acme["password"]) >= 12
    (company,) = bos.json("doc", "list", "kernel.company", "-t", "acme")["items"]
    assert (company["name"], company["currency"]) == ("Acme Ltd", "EUR")
    (user,) = bos.json("user", "list", "-t", "acme", "--limit", "1")
    assert (user["email"], user["roles"]) == ("ada@acme.example", "kernel.admin")


def test_a_name_that_is_none_or_taken_is_refused(bos, acme):
    assert bos.code("tenant", "create", "Acme!") == "tenant_name_invalid"
    assert bos.code("tenant", "create", "acme") == "tenant_exists"
    assert bos.code("tenant", "create", "other", "--admin-email", "nobody") == "email_invalid"
    assert [tenant["name"] for tenant in bos.json("tenant", "list")].count("other") == 0


def test_a_first_invoice_takes_names_for_links(bos, acme):
    bos.run("doc", "create", "parties.customer", "--set", "code=C1", "--set", "name=Corner Shop", "-t", "acme")
    bos.run(
        "doc",
        "create",
        "catalog.product",
        "--data",
        '{"code": "P1", "name": "Paper", "sales_price": "9.80"}',
        "-t",
        "acme",
    )
    line = ("--set", "lines.0.product=P1", "--set", "lines.0.quantity=3")
    words = ("--set", "customer=C1", "--set", "issued_on=2026-01-31", *line, "--perform", "post", "-t", "acme")
    invoice = bos.json("doc", "create", "receivables.invoice", *words)
    assert (invoice["number"], invoice["state"], invoice["total"]) == ("INV-2026-00001", "posted", "29.40")
    assert bos.json("doc", "get", "receivables.invoice", "INV-2026-00001", "-t", "acme") == invoice
    rows = bos.run("report", "run", "ledger.trial_balance", "--param", "at=2026-12-31", "-t", "acme", code=0).stdout
    assert "29.40" in rows


def test_documents_are_listed_changed_deleted_and_restored(bos, acme):
    where = ("-t", "acme")
    bos.run("doc", "create", "parties.customer", "--set", "code=D1", "--set", "name=Dora", "--set", "phone=1", *where)
    changed = bos.json("doc", "update", "parties.customer", "D1", "--set", "name=Dora Two", "--unset", "phone", *where)
    assert (changed["name"], changed["version"], "phone" in changed) == ("Dora Two", 2, False)
    assert (
        bos.code("doc", "update", "parties.customer", "D1", "--set", "name=x", "--version", "1", *where)
        == "stale_version"
    )
    found = bos.json("doc", "list", "parties.customer", "--filter", "code == param.c", "--param", "c=D1", *where)
    assert [item["name"] for item in found["items"]] == ["Dora Two"]
    assert bos.json("doc", "delete", "parties.customer", "D1", "--dry-run", *where)["would_delete"] == changed["id"]
    assert bos.code("doc", "delete", "parties.customer", "D1", *where) == "not_confirmed"
    bos.run("doc", "delete", "parties.customer", "D1", "--yes", *where)
    assert bos.code("doc", "get", "parties.customer", "D1", *where) == "reference_unknown"
    assert [item["code"] for item in bos.json("doc", "list", "parties.customer", "--deleted", *where)["items"]] == [
        "D1"
    ]
    assert bos.json("doc", "action", "parties.customer", changed["id"], "restore", *where)["version"] == 4


def test_arguments_of_actions_are_read_and_checked(bos, acme):
    words = (
        "doc",
        "create",
        "ledger.fiscal_year",
        "--set",
        "name=2026",
        "--set",
        "starts_on=2026-01-01",
        "--set",
        "ends_on=2026-12-31",
    )
    year = bos.json(*words, "-t", "acme")
    refused = bos.fail(
        "doc", "action", "ledger.fiscal_year", year["id"], "open_periods", "--arg", "nonsense=1", "-t", "acme"
    )
    assert refused["violations"][0]["pointer"] == "/nonsense"
    assert bos.code("doc", "action", "ledger.fiscal_year", year["id"], "shut", "-t", "acme") == "action_unknown"


def test_a_list_that_is_piped_is_plain_and_names_what_is_linked(bos, acme):
    lines = bos.run("doc", "list", "receivables.invoice", "-t", "acme").stdout.splitlines()
    assert lines[0].split("\t") == ["title", "state", "customer", "issued_on", "due_on", "total", "outstanding", "id"]
    assert all("Corner Shop" in line for line in lines[1:])


def test_a_failure_tells_every_violation_and_ends_with_1(bos, acme):
    result = bos.run("doc", "create", "parties.customer", "--set", "cod=x", "-t", "acme", code=FAILED)
    assert result.stdout == ""
    assert result.stderr.splitlines()[0] == "Error: The parties.customer breaks 3 rule(s). (document_invalid)"
    assert [
        violation["pointer"]
        for violation in bos.fail("doc", "create", "parties.customer", "--set", "cod=x", "-t", "acme")["violations"]
    ] == ["/cod", "/code", "/name"]


@pytest.mark.parametrize(
    "words",
    [
        ("doc", "list"),
        ("nonsense",),
        ("doc", "list", "x.y", "--nonsense"),
        ("events", "deliveries", "--state", "lost"),
        ("import", "x.csv"),
        ("import", "x.csv", "--type", "x.y", "--on-existing", "guess"),
        ("export", "x.y", "-f", "pdf"),
        ("report", "run", "x.y", "-f", "pdf"),
        ("serve", "--port", "70000"),
        ("openapi", "--version", "2"),
    ],
)
def test_a_wrong_usage_ends_with_2(bos, words):
    bos.run(*words, code=USAGE)


def test_users_act_with_their_own_permissions(bos, acme):
    where = ("-t", "acme")
    made = bos.json("user", "create", "bo@acme.example", "--name", "Bo", "--role", "kernel.member", *where)
    assert len(made["password"]) >= 12
    assert bos.code("doc", "list", "parties.customer", "--as", "bo@acme.example", *where) == "permission_denied"
    bos.run("user", "grant", "bo@acme.example", "kernel.auditor", "--company", "Acme Ltd", *where, code=0)
    assert bos.code("doc", "list", "parties.customer", "--as", "nobody@acme.example", *where) == "user_not_there"
    bos.run("user", "suspend", "bo@acme.example", *where)
    assert bos.code("doc", "list", "parties.customer", "--as", "bo@acme.example", *where) == "user_suspended"
    assert bos.json("user", "resume", "bo@acme.example", *where)["state"] == "active"


def test_a_user_with_a_role_there_is_none_of_is_not_made(bos, acme):
    refused = bos.fail("user", "create", "cy@acme.example", "--role", "kernel.amin", "-t", "acme")
    assert (refused["code"], refused["violations"][0]["expected"]) == ("role_unknown", "kernel.admin")
    assert "cy@acme.example" not in [user["email"] for user in bos.json("user", "list", "-t", "acme")]


def test_a_password_comes_from_standard_input_or_is_generated(bos, acme):
    where = ("-t", "acme")
    given = bos.json(
        "user", "set-password", "ada@acme.example", "--password-stdin", *where, stdin="long enough for all\n"
    )
    assert "password" not in given
    refused = bos.fail("user", "set-password", "ada@acme.example", "--password-stdin", *where, stdin="short\n")
    assert refused["code"] == "password_too_weak"
    assert len(bos.json("user", "set-password", "ada@acme.example", *where)["password"]) >= 12


def test_applets_are_listed_enabled_and_disabled(bos, acme):
    def states():
        return {row["name"]: row["state"] for row in bos.json("applet", "list", "-t", "acme")}

    enabled = dict.fromkeys(("catalog", "ledger", "parties", "receivables"), "enabled")
    assert states() == {"approvals": "available", **enabled}
    rehearsed = bos.json("applet", "enable", "approvals", "--dry-run", "-t", "acme")
    assert (rehearsed["applets"], states()["approvals"]) == (["approvals"], "available")
    bos.run("applet", "enable", "approvals", "-t", "acme")
    assert bos.code("applet", "disable", "receivables", "--yes", "-t", "acme") == "applet_in_use"
    bos.run("applet", "disable", "approvals", "--yes", "-t", "acme")
    assert states()["approvals"] == "disabled"
    assert bos.code("applet", "enable", "ledgr", "-t", "acme") == "applet_unknown"


def test_what_an_applet_requires_is_named(bos):
    bos.run("tenant", "create", "bare")
    refused = bos.fail("applet", "enable", "receivables", "-t", "bare")
    assert refused["code"] == "applets_required"
    assert "catalog, ledger, parties" in refused["detail"]


def test_events_are_listed_newest_first(bos, acme):
    events = bos.json("events", "list", "--type", "receivables.invoice.*", "-t", "acme")
    assert [event["type"] for event in events] == ["receivables.invoice.posted", "receivables.invoice.created"]
    assert bos.json("events", "list", "--until", "2020-01-01T00:00:00Z", "-t", "acme") == []
    assert bos.code("events", "list", "--since", "yesterday", "-t", "acme") == "input_unreadable"


def test_dead_deliveries_are_found_retried_and_dropped(bos, acme):
    with psycopg.connect(bos.settings.database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO t_acme.deliveries"
            " (subscriber, event_position, event_id, aggregate_id, state, attempts, due_at, created_at)"
            " SELECT 'test:nobody', position, id, aggregate_id, 'dead', 9, now(), now()"
            " FROM t_acme.events ORDER BY position LIMIT 1"
        )
    (dead,) = bos.json("events", "deliveries", "--state", "dead", "-t", "acme")
    unwell = {(check["name"], check["tenant"]) for check in bos.json("doctor", code=FAILED) if check["result"] != "ok"}
    assert unwell == {("deliveries", "acme")}
    assert bos.json("events", "retry", str(dead["id"]), "-t", "acme")["attempts"] == 0
    assert bos.json("events", "drop", str(dead["id"]), "--dry-run", "-t", "acme")["would_drop"] == dead["id"]
    assert bos.json("events", "drop", str(dead["id"]), "--yes", "-t", "acme")["dropped"] == dead["id"]
    assert bos.code("events", "drop", str(dead["id"]), "--yes", "-t", "acme") == "delivery_unknown"
    assert {check["result"] for check in bos.json("doctor")} == {"ok"}


def test_the_doctor_says_what_is_wrong(bos, acme):
    bos.run("doc", "list", "kernel.company", "-t", "acme")
    with psycopg.connect(bos.settings.database_url, autocommit=True) as connection:
        connection.execute("UPDATE t_acme.applets SET version = '0.0.1' WHERE name = 'catalog'")
        connection.execute("UPDATE t_acme.movements SET folded = true")
        try:
            found = {(check["name"], check["result"]): check["detail"] for check in bos.json("doctor", code=FAILED)}
        finally:
            connection.execute("UPDATE t_acme.applets SET version = '1.0.0' WHERE name = 'catalog'")
            connection.execute("UPDATE t_acme.movements SET folded = false")
    assert found["applets", "failed"] == "enabled but not installed here: catalog 0.0.1"
    assert "differ from their movements" in found["totals", "failed"]


def test_a_database_that_is_not_there_is_a_finding_of_the_doctor(tmp_path):
    lost = Bos("postgresql://nobody@127.0.0.1:1/none", tmp_path)
    (check,) = lost.json("doctor", code=FAILED)
    assert (check["name"], check["result"]) == ("database", "failed")
    assert lost.fail("tenant", "list")["code"] == "database_unavailable"


def test_reports_come_as_tables_json_csv_and_sheets(bos, acme, tmp_path):
    words = ("report", "run", "ledger.trial_balance", "-t", "acme")
    assert bos.json(*words)["name"] == "ledger.trial_balance"
    assert bos.run(*words, "--format", "csv").stdout.startswith("Account,")
    bos.run(*words, "--format", "xlsx", "--out", str(tmp_path / "t.xlsx"))
    assert (tmp_path / "t.xlsx").read_bytes()[:2] == b"PK"
    assert "ledger.trial_balance" in [row["name"] for row in bos.json("report", "list", "-t", "acme")]
    assert (
        bos.code("report", "run", "ledger.trial_balance", "--param", "x=1", "-t", "acme") == "report_parameters_invalid"
    )


def test_the_description_has_the_tenants_own_types(bos, acme):
    description = json.loads(bos.run("openapi", "-t", "acme").stdout)
    assert description["openapi"].startswith("3.1")
    assert "/api/v1/receivables/invoices" in description["paths"]
    assert json.loads(bos.run("openapi", "-t", "acme", "--version", "3.0").stdout)["openapi"] == "3.0.3"


def test_files_come_in_and_go_out(bos, acme, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more.csv").write_text("code,name\nM1,Mia\nM2,\n")
    words = ("import", "more.csv", "--type", "parties.customer", "--key", "code", "-t", "acme")
    rehearsed = bos.json(*words, "--dry-run", code=FAILED)
    assert rehearsed == {
        "created": 1, "updated": 0, "skipped": 0, "rejected": 1, "dry_run": True, "rejects": "more.rejects.jsonl",
    }  # fmt: skip
    result = bos.run(*words, code=FAILED)
    assert result.stdout == "1 created, 0 updated, 0 skipped, 1 rejected\n"
    assert json.loads((tmp_path / "more.rejects.jsonl").read_text())["row"] == 2
    out = bos.run(
        "export", "parties.customer", "--filter", 'code == "M1"', "--fields", "code,name", "-t", "acme"
    ).stdout
    assert out.splitlines()[0] == "id,code,name"
    again = bos.json("import", "-", "--type", "parties.customer", "--key", "code", "-t", "acme", stdin=out)
    assert (again["created"], again["skipped"]) == (0, 1)
    bos.run("export", "ledger.journal_entry", "--format", "hledger", "--out", "books.journal", "-t", "acme")
    assert (tmp_path / "books.journal").read_text().count("  29.4 EUR\n") == 1


def test_an_import_refuses_what_cannot_be_begun(bos, acme, tmp_path):
    where = ("-t", "acme")
    assert bos.code("import", "nowhere.csv", "--type", "parties.customer", *where) == "source_unreadable"
    (tmp_path / "a.csv").write_text("code\n")
    (tmp_path / "m.json").write_text('{"type": "parties.customer", "fields": {}}')
    words = ("import", str(tmp_path / "a.csv"), *where)
    assert bos.code(*words, "--type", "parties.custmer") == "document_type_unknown"
    refused = bos.fail(*words, "--type", "parties.supplier", "--mapping", str(tmp_path / "m.json"))
    assert refused["code"] == "mapping_invalid"


def test_which_tenant_must_be_said_where_there_are_several(bos, acme):
    bos.run("tenant", "create", "second")
    refused = bos.fail("doc", "list", "kernel.company")
    assert refused["code"] == "tenant_unclear"
    assert "acme" in refused["detail"]
    assert bos.code("doc", "list", "kernel.company", "-t", "third") == "tenant_unknown"


def test_a_tenant_is_suspended_resumed_and_dropped_after_its_export(bos, tmp_path):
    bos.run("tenant", "create", "gone", "--admin-email", "a@gone.example")
    assert bos.json("tenant", "suspend", "gone")["state"] == "suspended"
    assert bos.code("doc", "list", "kernel.company", "--as", "a@gone.example", "-t", "gone") == "tenant_suspended"
    assert bos.json("tenant", "resume", "gone")["state"] == "active"
    assert bos.json("tenant", "drop", "gone", "--dry-run")["counts"]["documents"] == 2
    assert bos.code("tenant", "drop", "gone") == "not_confirmed"
    out = tmp_path / "gone.tar.gz"
    with open_kernel(bos.settings) as kernel:
        files = TransferFiles(kernel.settings.data_dir, kernel.directory.get("gone").id)
        files.path(new_id(), "upload").write_bytes(b"of a tenant that is gone")
    dropped = bos.json("tenant", "drop", "gone", "--yes", "--out", str(out))
    assert (dropped["dropped"], dropped["counts"]["users"], out.stat().st_size) == ("gone", 1, dropped["bytes"])
    assert "gone" not in [tenant["name"] for tenant in bos.json("tenant", "list")]
    assert not list(bos.settings.data_dir.rglob("transfers/*/*"))


def test_migrating_what_is_up_to_date_changes_nothing(bos, acme):
    assert {row["tenant"]: row["steps"] for row in bos.json("migrate")}["acme"] == []


# As processes


@pytest.fixture
def start(tmp_path):
    """Starts `bos` with these words and waits until it says it can be used."""
    running = []

    def begin(url, *words, until):
        environment = {**os.environ, "BOS_DATABASE_URL": url, "BOS_DATA_DIR": str(tmp_path / "data")}
        environment |= {f"BOS_{name.upper()}": str(value) for name, value in CHEAP.items()}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen([*PROGRAM, *words], env=environment, text=True, **pipes)
        running.append(process)
        stream = process.stdout if words[0] == "up" else process.stderr
        lines = []
        for line in stream:
            lines.append(line)
            if until in line:
                return process, "".join(lines)
        raise AssertionError(f"it ended: {''.join(lines)}{process.stderr.read()}")

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def stop(process, number):
    process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode


def fetch(said, path):
    url = next(word for word in said.split() if word.startswith("http://127.0.0.1:"))
    with urllib.request.urlopen(url.removesuffix("/docs") + path) as response:
        return response.status


def count_everything(url):
    with psycopg.connect(url) as connection:
        tables = ("documents", "events", "movements", "applets")
        return [connection.execute(f"SELECT count(*) FROM t_demo.{table}").fetchone()[0] for table in tables]


@pytest.mark.slow
def test_up_makes_a_demo_and_a_second_start_changes_nothing(empty_database, start):
    url = empty_database()
    process, said = start(url, "up", "--port", "0", until="Ctrl-C stops everything")
    assert "password  " in said
    assert fetch(said, "/readyz") == 200
    assert stop(process, signal.SIGINT) == 0
    before = count_everything(url)
    assert all(before)
    process, said = start(url, "up", "--port", "0", until="Ctrl-C stops everything")
    assert "as shown at the first start" in said
    assert fetch(said, "/docs") == 200
    assert stop(process, signal.SIGTERM) == 0
    assert count_everything(url) == before


def test_up_without_a_demo_only_serves(empty_database, start):
    url = empty_database()
    process, said = start(url, "up", "--no-demo", "--port", "0", until="Ctrl-C stops everything")
    assert "tenant create acme" in said
    assert stop(process, signal.SIGINT) == 0


def test_several_processes_serve_one_port(empty_database, start):
    process, said = start(empty_database(), "serve", "--workers", "2", "--port", "0", until="Serving at")
    assert {fetch(said, "/readyz") for _ in range(8)} == {200}
    assert stop(process, signal.SIGTERM) == 0


def test_a_worker_stops_when_it_is_told_to(empty_database, start):
    process, _ = start(empty_database(), "worker", until="worker.started")
    assert stop(process, signal.SIGTERM) == 0


@pytest.mark.parametrize("command", ["up", "serve"])
def test_a_port_in_use_is_told_before_anything_is_started(command, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        # Nothing answers at that URL, so the database was not asked for.
        lost = Bos("postgresql://nobody@127.0.0.1:1/none", tmp_path)
        result = lost.run(command, "--port", str(port), code=FAILED)
    assert f"127.0.0.1:{port} cannot be listened on" in result.stderr
    assert "(port_taken)" in result.stderr


def test_a_setting_that_makes_no_sense_is_a_wrong_usage():
    environment = {**os.environ, "BOS_PORT": "many"}
    done = subprocess.run([*PROGRAM, "migrate"], check=False, env=environment, capture_output=True, text=True)
    assert done.returncode == USAGE
    assert done.stderr.startswith("Error: BOS_PORT: ")
