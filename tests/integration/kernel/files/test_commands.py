"""Commands on files, given what they cannot use: code 1 with a problem, code 2 for wrong words, never a traceback."""

import json
import tarfile

import pytest
from typer.testing import CliRunner

from kernel.cli.main import build_cli
from kernel.cli.terminal import Terminal
from kernel.settings import Settings
from tests.integration.kernel.shipped import CHEAP

FAILED = 1
IMPORT = ("import", "--type", "parties.customer", "-t", "shop")


class Bos:
    """Runs commands on one database."""

    def __init__(self, url, folder):
        self.settings = Settings(database_url=url, data_dir=folder, **CHEAP)
        self._cli, self._runner = build_cli(self.settings), CliRunner()

    def run(self, *words, code=0, stdin=None):
        result = self._runner.invoke(self._cli, words, obj=Terminal(self.settings), input=stdin)
        assert result.exit_code == code, (result.output, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def json(self, *words, **given):
        return json.loads(self.run(*words, "--json", **given).stdout)

    def fail(self, *words, stdin=None):
        """The problem of a request that fails; nothing else is on either stream."""
        result = self.run(*words, "--json", code=FAILED, stdin=stdin)
        assert result.stdout == ""
        return json.loads(result.stderr)


@pytest.fixture(scope="module")
def bos(empty_database, tmp_path_factory):
    bos = Bos(empty_database(), tmp_path_factory.mktemp("bos"))
    bos.run("tenant", "create", "shop", "--admin-email", "ada@shop.example")
    bos.run("applet", "enable", "parties", "-t", "shop")
    return bos


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def codes(bos):
    return [
        item["code"] for item in bos.json("doc", "list", "parties.customer", "--sort", "code", "-t", "shop")["items"]
    ]


@pytest.mark.parametrize(
    ("words", "detail"),
    [
        (("--encoding", "klingon"), "unknown encoding"),
        (("--encoding", "utf-16"), "BOM"),
        (("--delimiter", "||"), "delimiter"),
        (("--delimiter", ""), "delimiter"),
    ],
)
def test_a_file_that_is_not_as_was_said_is_a_problem(bos, tmp_path, words, detail):
    (tmp_path / "c.csv").write_text("code,name\nA,Ada\n\n")
    problem = bos.fail(*IMPORT, "c.csv", *words)
    assert problem["code"] == "source_unreadable"
    assert detail in problem["detail"]
    assert codes(bos) == []


def test_a_misspelt_key_is_refused_naming_the_nearest_field(bos, tmp_path):
    (tmp_path / "c.csv").write_text("code,name\nA,Ada\n")
    problem = bos.fail(*IMPORT, "c.csv", "--key", "cdoe")
    assert problem["code"] == "mapping_invalid"
    assert [(fault["pointer"], fault["expected"]) for fault in problem["violations"]] == [("/key", "code")]
    assert bos.fail(*IMPORT, "c.csv", "--key", "code) or (1 == 1")["code"] == "mapping_invalid"


def test_rejects_that_cannot_be_written_are_a_problem(bos, tmp_path):
    (tmp_path / "c.csv").write_text("code,name\nA,\n")
    problem = bos.fail(*IMPORT, "c.csv", "--rejects", "none/such/r.jsonl")
    assert (problem["code"], problem["detail"]) == (
        "source_unreadable",
        "none/such/r.jsonl cannot be written: No such file or directory",
    )


@pytest.mark.parametrize("name", [".", "none.csv"])
def test_what_is_no_file_is_a_problem(bos, name):
    assert bos.fail(*IMPORT, name)["detail"] == f"{name} cannot be read: there is no such file"


def test_an_empty_file_is_no_failure_and_leaves_no_rejects(bos, tmp_path):
    (tmp_path / "c.csv").write_bytes(b"")
    done = bos.json(*IMPORT, "c.csv")
    assert done == {"created": 0, "updated": 0, "skipped": 0, "rejected": 0, "dry_run": False, "rejects": None}
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]


def test_a_broken_file_tells_how_far_it_came(bos, tmp_path):
    (tmp_path / "c.csv").write_bytes(b"code,name\n" + b"K1,Kim\n" + b"," * 20_000 + b"\n" + b"\xff\n")
    result = bos.run(*IMPORT, "c.csv", "--batch", "1", "--dry-run", code=FAILED)
    assert result.stdout == ""
    assert "Stopped after 1 document(s): 1 created, 0 updated, 0 skipped, 0 rejected." in result.stderr
    assert codes(bos) == []


@pytest.mark.parametrize("words", [("--batch", "0"), ("--batch", "5001"), ("--on-existing", "replace"), ("-f", "xml")])
def test_a_word_out_of_bounds_is_a_wrong_usage(bos, words):
    bos.run(*IMPORT, "c.csv", *words, code=2)


def test_a_broken_mapping_tells_all_its_faults_at_once(bos, tmp_path):
    (tmp_path / "c.csv").write_text("code\n")
    (tmp_path / "m.json").write_text('{"fileds": {}, "perform": "post", "fields": {"a": {"lnik": 1}}}')
    problem = bos.fail(*IMPORT, "c.csv", "--mapping", "m.json")
    assert problem["code"] == "mapping_invalid"
    assert [fault["pointer"] for fault in problem["violations"]] == ["/fileds", "/fields/a", "/perform"]
    assert problem["violations"][0]["expected"] == "fields"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("parties.customer", "--out", "none/such.csv"), "source_unreadable"),
        (("parties.custmer",), "document_type_unknown"),
        (("parties.customer", "--fields", "cdoe"), "mapping_invalid"),
        (("parties.customer", "--lines", "adresses"), "mapping_invalid"),
        (("parties.customer", "--company", "Nobody Ltd"), "company_not_there"),
        (("parties.customer", "--format", "hledger"), "no_books"),
        (("parties.customer", "--param", "x"), "input_unreadable"),
        (("parties.customer", "--as", "eve@shop.example"), "user_not_there"),
    ],
)
def test_an_export_that_cannot_be_made_is_a_problem(bos, words, code):
    result = bos.run("export", *words, "-t", "shop", code=FAILED)
    assert result.stderr.splitlines()[0].endswith(f"({code})")


def test_values_typed_carelessly_are_a_problem_and_no_traceback(bos):
    create = ("doc", "create", "parties.customer", "-t", "shop")
    assert bos.fail(*create, "--set", "addresses.0=x", "--set", "addresses.²=y")["code"] == "input_unreadable"
    assert bos.fail(*create, "--set", "code=A", "--set", "name=B", "--set", "payment_terms_days=--5")["code"] == (
        "document_invalid"
    )
    assert bos.fail(*create, "--data", "[" * 2_000)["code"] == "input_unreadable"


@pytest.mark.parametrize("place", ["file.txt/t.tar.gz", "."])
def test_a_tenant_whose_export_fails_is_there_as_it_was(bos, tmp_path, place):
    (tmp_path / "file.txt").write_text("")
    bos.run("doc", "list", "kernel.company", "-t", "shop")
    problem = bos.fail("tenant", "drop", "shop", "--yes", "--out", place)
    assert problem["code"] == "archive_unwritable"
    assert "cannot be written" in problem["detail"]
    assert [(tenant["name"], tenant["state"]) for tenant in bos.json("tenant", "list")] == [("shop", "active")]


def test_a_suspended_tenant_whose_export_fails_stays_suspended(bos):
    bos.run("tenant", "create", "still")
    bos.run("tenant", "suspend", "still")
    bos.fail("tenant", "drop", "still", "--yes", "--out", ".")
    assert bos.json("tenant", "list", "--state", "suspended")[0]["name"] == "still"
    bos.run("tenant", "drop", "still", "--yes", "--out", "still.tar.gz")


def test_a_dropped_tenant_is_in_its_archive_whole_and_for_its_owner_alone(bos, tmp_path):
    bos.run("tenant", "create", "gone", "--admin-email", "eve@gone.example")
    bos.run("applet", "enable", "parties", "-t", "gone")
    bos.run("doc", "create", "parties.customer", "--set", "code=A", "--set", "name=Ünal 😀", "-t", "gone")
    foreseen = bos.json("tenant", "drop", "gone", "--dry-run", "--out", "g.tar.gz")["counts"]
    dropped = bos.json("tenant", "drop", "gone", "--yes", "--out", "deep/g.tar.gz")
    path = tmp_path / "deep" / "g.tar.gz"
    assert foreseen == {name: count for name, count in dropped["counts"].items() if name in foreseen}
    assert dropped["counts"]["users"] == 1
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        names = archive.getnames()
        documents = archive.extractfile(next(name for name in names if name.startswith("tenant/documents/"))).read()
    assert "Ünal 😀" in documents.decode()
    assert names[-1] == "manifest.json"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["g.tar.gz"]
    assert bos.fail("tenant", "drop", "gone", "--yes")["code"] == "tenant_unknown"
