"""`bos sandbox run`, as a developer calls it."""

import json
import subprocess
import sys

import pytest

from kernel.cli.session import open_kernel
from tests.integration.kernel.test_cli import PROGRAM, USAGE, Bos
from tests.integration.registry.conftest import write_applet

RETURNED, REFUSED, FAILED, VIOLATION = 0, 3, 4, 5
ADA = "ada@acme.example"
GOOD = """
from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from sdk import Context
from sdk.errors import Conflict, Forbidden


class NotToday(Conflict):
    '''Not before {day}.'''


def run(ctx: Context):
    print("for", ctx.actor.email or "nobody")
    ctx.log.warning("careful")
    return {"amount": Decimal("1.50"), "on": date(2026, 2, 3), "raw": b"\\x00\\xff", 7: float("nan"), "set": {1}}


def refuse(ctx):
    raise NotToday(day="May")


def fail(ctx):
    return {}["missing"]


def spin(ctx):
    ctx.documents.create("memo.note", {"text": "half done"})
    while True:
        pass


def eat(ctx):
    return "x" * (1 << 40)


def ask(ctx):
    for _ in range(1000):
        ctx.documents.query("memo.note")


def write(ctx):
    note = ctx.documents.create("memo.note", {"text": "new"})
    ctx.documents.update("memo.note", note.id, {"text": "changed"})
    ctx.documents.delete("memo.note", note.id)
    return ctx.documents.create("memo.note", {"text": "kept"})


def read(ctx):
    return [note["text"] for note in ctx.documents.query("memo.note").items]


def caught(ctx):
    try:
        ctx.documents.create("memo.note", {"text": "new"})
    except Forbidden as error:
        return error.code
"""
SPIN_LINE = GOOD[: GOOD.index("        pass\n")].count("\n")


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bos")
    write_applet(folder / "applets" / "memo", "memo")
    found = Bos(empty_database(), folder, applets_dir=folder / "applets")
    found.run("tenant", "create", "acme", "--admin-email", ADA)
    found.run("user", "create", "eve@acme.example", "-t", "acme")
    found.run("applet", "enable", "memo", "-t", "acme")
    return found


@pytest.fixture
def run(bos, tmp_path):
    """A function that runs a source: what is printed, after the exit code was compared."""

    def run(source, *words, code=RETURNED, name="rules.py"):
        file = tmp_path / name
        file.write_bytes(source if isinstance(source, bytes) else source.encode())
        return bos.json("sandbox", "run", str(file), *words, code=code)

    yield run
    assert [tenant["name"] for tenant in bos.json("tenant", "list")] == ["acme"]


def error_of(report):
    return report["error"]["code"], report["error"]["line"]


def test_what_a_function_returns_is_printed_as_json(run):
    report = run(GOOD)
    assert report.pop("ms") > 0
    assert report == {
        "outcome": "returned",
        "value": {"amount": "1.50", "on": "2026-02-03", "raw": "AP8=", "7": "nan", "set": [1]},
        "error": None,
        "events": [],
        "writes": [],
        "logs": [{"level": "info", "text": "for nobody"}, {"level": "warning", "text": "careful"}],
        "entry": "run",
        "user": None,
    }


def test_each_entry_is_called_for_each_user_and_the_gravest_end_is_the_exit_code(run):
    words = ("-e", "run", "-e", "refuse", "-e", "fail", "-u", "one@x.example", "-u", "two@x.example")
    reports = run(GOOD, *words, code=FAILED)
    assert [(each["user"], each["entry"], each["outcome"]) for each in reports] == [
        (user, entry, outcome)
        for user in ("one@x.example", "two@x.example")
        for entry, outcome in (("run", "returned"), ("refuse", "refused"), ("fail", "failed"))
    ]
    assert [each["logs"][0]["text"] for each in reports[::3]] == ["for one@x.example", "for two@x.example"]


def test_a_refusal_of_the_sdk_tells_its_code_and_line(run):
    report = run(GOOD, "-e", "refuse", code=REFUSED)
    assert (report["outcome"], report["error"]["message"]) == ("refused", "Not before May.")
    assert error_of(report) == ("not_today", 1 + GOOD[: GOOD.index("    raise NotToday")].count("\n"))


def test_an_error_nobody_meant_tells_its_class_and_line(run):
    report = run(GOOD, "-e", "fail", code=FAILED)
    assert error_of(report) == ("KeyError", 1 + GOOD[: GOOD.index("    return {}")].count("\n"))
    assert run("x = 1\ny = x / 0\n", code=FAILED)["error"]["line"] == 2
    assert run("x = 1\n", "-e", "gone", code=FAILED)["error"]["code"] == "LookupError"


def test_calls_that_are_ended_say_why_and_leave_nothing_to_those_after_them(run):
    words = ("-e", "spin", "-e", "eat", "-e", "ask", "-e", "read", "-t", "acme", "-g", "write:memo.note")
    reports = run(GOOD, *words, "--seconds", "0.2", code=VIOLATION)
    assert [each["outcome"] for each in reports] == ["violation"] * 3 + ["returned"]
    assert error_of(reports[0]) in (("deadline", SPIN_LINE), ("deadline", SPIN_LINE + 1))
    assert [each["error"]["code"] for each in reports[1:3]] == ["memory", "quota"]
    assert (reports[0]["writes"], reports[3]["value"]) == ([], [])


def test_code_that_is_no_applets_is_refused_with_what_to_write_instead(run):
    report = run("import math\n\n\ndef run(ctx):\n    return ().__class__\nimport os\n", code=REFUSED)
    assert error_of(report) == ("policy_refused", 5)
    assert "instead: type(value) (and 1 more)" in report["error"]["message"]
    assert [each["rule"] for each in report["violations"]] == ["dunder_attribute", "module_missing"]


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("def run(ctx:\n", "syntax"),
        ("x = 1\0\n", "encoding"),
        (b"x = 1\ny = '\xff'\n", "encoding"),
        ("#" * 300_000, "source_too_large"),
        ("#" * 2_000_000, "source_too_large"),
        ("x = " + "(" * 300 + ")" * 300, "syntax"),
        ("x = " + "-" * 300 + "1", "too_deep"),
    ],
)
def test_what_is_no_source_is_refused(run, source, rule):
    report = run(source, code=REFUSED)
    assert (report["error"]["code"], report["violations"][0]["rule"]) == ("policy_refused", rule)


def test_what_it_writes_is_told_and_seen_by_the_next_call_and_not_kept(run, bos):
    words = ("-e", "write", "-e", "read", "-t", "acme", "-g", "write:memo.note")
    written, seen = run(GOOD, *words)
    assert [(each["verb"], each["type"]) for each in written["writes"]] == [
        ("create", "memo.note"),
        ("update", "memo.note"),
        ("delete", "memo.note"),
        ("create", "memo.note"),
    ]
    assert written["value"]["text"] == "kept"
    assert written["value"]["checked_by"] == "memo"
    assert seen["value"] == ["kept"]
    assert bos.json("doc", "list", "memo.note", "-t", "acme")["items"] == []


def test_it_may_what_it_was_granted_on_a_tenant_made_for_it(run):
    granted = run(GOOD, "-e", "write", "-g", "write:memo.note")
    assert len(granted["writes"]) == 4
    unknown = run(GOOD, "-e", "write", code=REFUSED)
    assert unknown["error"]["code"] == "document_type_unknown"
    assert run(GOOD, "-e", "caught", "-g", "read:memo.note")["value"] == "permission_denied"


def test_it_may_no_more_than_its_user(run):
    words = ("-e", "write", "-t", "acme", "-g", "write:memo.note")
    assert run(GOOD, *words, "-u", ADA)["outcome"] == "returned"
    denied = run(GOOD, *words, "-u", "eve@acme.example", code=REFUSED)
    assert denied["error"]["code"] == "permission_denied"


def test_its_own_name_is_nobodys_who_is_there(run):
    report = run(GOOD, "-e", "write", "-t", "acme", name="memo.py", code=REFUSED)
    assert report["error"]["code"] == "permission_denied"
    assert run("def run(ctx):\n    return 1\n", name="2 for-you.py")["value"] == 1


UNFIT = ["'x' * 2_000_000", "2 ** 80", "'\\ud800'", "deep()", "Loud()", "{(1, 2): 3}", "lambda: 1", "(x for x in [1])"]


def test_values_that_cannot_leave_are_faults_of_the_applet(run):
    source = """
class Loud:
    def __repr__(self):
        return "x" * 100_000_000
    def __str__(self):
        return "x" * 100_000_000

def deep():
    found = []
    for _ in range(5000):
        found = [found]
    return found
"""
    source += "".join(f"\ndef run{number}(ctx):\n    return {value}\n" for number, value in enumerate(UNFIT))
    entries = [word for number in range(len(UNFIT)) for word in ("-e", f"run{number}")]
    reports = run(source, *entries, code=FAILED)
    assert (reports[0]["outcome"], reports[0]["error"]["code"]) == ("refused", "too_large")
    assert [(each["outcome"], each["value"]) for each in reports[1:]] == [("failed", None)] * (len(UNFIT) - 1)
    assert max(len(each["error"]["message"]) for each in reports) <= 2_000


def test_floods_are_bounded(run):
    source = """
def run(ctx):
    for number in range(100_000):
        print(number)

def shout(ctx):
    raise ValueError("x" * 10_000_000)
"""
    flooded, shouted = run(source, "-e", "run", "-e", "shout", "--seconds", "10", code=FAILED)
    assert len(flooded["logs"]) <= 200
    assert flooded["logs_dropped"] >= 99_000
    assert len(shouted["error"]["message"]) <= 2_000


def test_users_share_a_worker_and_nothing_in_it(run):
    source = "seen = []\ndef run(ctx):\n    seen.append(ctx.actor.email)\n    return seen\n"
    reports = run(source, "-u", "one@x.example", "-u", "two@x.example")
    assert [each["value"] for each in reports] == [["one@x.example"], ["two@x.example"]]


def test_what_is_asked_wrongly_is_wrong_usage(bos, tmp_path):
    file = tmp_path / "rules.py"
    file.write_text("def run(ctx): return 1\n")
    bos.run("sandbox", "run", str(tmp_path / "gone.py"), code=USAGE)
    bos.run("sandbox", "run", str(file), "-g", "everything", code=USAGE)
    bos.run("sandbox", "run", str(file), *["-e", "run"] * 51, code=USAGE)
    assert bos.code("sandbox", "run", str(file), "-t", "nobody") == "tenant_unknown"
    assert bos.code("sandbox", "run", str(file), "-t", "acme", "-u", "no@body.example") == "user_not_there"


def test_without_a_sandbox_nothing_is_run(empty_database, tmp_path):
    off = Bos(empty_database(), tmp_path, sandbox="off")
    (tmp_path / "rules.py").write_text("def run(ctx): return 1\n")
    assert off.code("sandbox", "run", str(tmp_path / "rules.py")) == "sandbox_off"


def test_people_read_lines(bos, tmp_path):
    (tmp_path / "rules.py").write_text("def run(ctx): return [1]\n")
    lines = bos.run("sandbox", "run", str(tmp_path / "rules.py")).stdout.splitlines()
    assert lines[:2] == ["outcome  returned", "value    [1]"]


def test_what_a_killed_run_has_left_goes_with_the_next(bos, run):
    with open_kernel(bos.settings) as kernel, kernel.database.owner() as connection:
        connection.execute(
            "INSERT INTO bos.tenants (id, name, title, schema_name, role_name, plan, currency, timezone, locale,"
            " created_at, state, limits, flags) SELECT gen_random_uuid(), 'sandbox_run_1700000000_abc', title,"
            " 'bos_t_sandbox_run_1700000000_abc', role_name || '_left', plan, currency, timezone, locale, created_at,"
            " 'dropping', limits, flags FROM bos.tenants WHERE name = 'acme'"
        )
    assert run(GOOD)["outcome"] == "returned"


def test_the_console_script_does_it_in_a_process_of_its_own(bos, tmp_path):
    (tmp_path / "rules.py").write_text("def run(ctx):\n    return ctx.tenant.name[:12]\n")
    environment = {
        "PATH": "/usr/bin:/bin",
        "BOS_DATABASE_URL": bos.settings.database_url,
        "BOS_DATA_DIR": str(tmp_path),
        "BOS_APPLETS_DIR": str(bos.settings.applets_dir),
    }
    program = [sys.executable, *PROGRAM[1:], "sandbox", "run", str(tmp_path / "rules.py"), "--json"]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, json.loads(done.stdout)["value"], done.stderr) == (0, "sandbox_run_", "")
