"""Imports by a command that are killed and continued, and exports to files."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.transfer.command import CommandImport
from kernel.transfer.errors import NothingToResume, SourceChanged, TransferLost
from kernel.transfer.importer import ImportOptions
from kernel.transfer.mapping import ImportMapping
from kernel.transfer.sources import Dialect, Source
from tests.integration.kernel.files.desk import values_of

REPOSITORY = Path(__file__).resolve().parents[4]
ROWS = 330


@pytest.fixture
def file(tmp_path):
    """330 customers; every 40th has no name."""
    path = tmp_path / "customers.csv"
    lines = [f"C{n:04},{'' if n % 40 == 7 else f'Customer {n}'}\n" for n in range(ROWS)]
    path.write_text("code,name\n" + "".join(lines))
    return path


def bring(caller, file, rejects, *, is_resumed=False, progress=lambda count: None, key="code"):
    mapping = ImportMapping("parties.customer", key=key)
    options = ImportOptions("parties.customer", mapping, batch_size=50)
    with file.open("rb") as stream:
        run = CommandImport(caller, options, Source(str(file), stream, Dialect()), rejects, is_resumed=is_resumed)
        return run.run(progress)


@pytest.mark.parametrize("last", [3, 120, 329])
def test_an_import_that_was_killed_and_continued_equals_one_that_was_not(url, office, directory, file, tmp_path, last):
    rejects = tmp_path / "rejects.jsonl"
    script = Path(__file__).with_name("killed_command.py")
    words = [url, str(office.settings.data_dir), directory.tenant.name, str(file), str(rejects), str(last)]
    environment = {"PYTHONPATH": str(REPOSITORY)}
    killed = subprocess.run([sys.executable, str(script), *words], check=False, cwd=REPOSITORY, env=environment)
    assert killed.returncode == -signal.SIGKILL
    before = len(values_of(directory, "parties.customer", "code"))
    assert before == sum(n % 40 != 7 for n in range((last - 1) // 50 * 50))
    report = bring(directory, file, rejects, is_resumed=True)
    good = [n for n in range(ROWS) if n % 40 != 7]
    assert (report.created, report.rejected, report.skipped) == (len(good), ROWS - len(good), 0)
    assert values_of(directory, "parties.customer", "code") == [f"C{n:04}" for n in good]
    told = [json.loads(line)["row"] for line in rejects.read_text().splitlines()]
    assert told == [n + 1 for n in range(ROWS) if n % 40 == 7]
    with directory.begin() as uow:
        events = uow.execute("SELECT count(*) FROM {t}.events WHERE type = 'parties.customer.created'").fetchone()
    assert events == (len(good),)


def test_a_finished_import_cannot_be_continued(directory, file, tmp_path):
    bring(directory, file, tmp_path / "r.jsonl")
    with pytest.raises(NothingToResume):
        bring(directory, file, tmp_path / "r.jsonl", is_resumed=True)


class Stopped(Exception):
    """Ctrl-C."""


def stop(count):
    raise Stopped


@pytest.mark.parametrize("change", ["content", "key"])
def test_what_was_begun_with_must_be_the_same(directory, file, tmp_path, change):
    with pytest.raises(Stopped):
        bring(directory, file, tmp_path / "r.jsonl", progress=stop)
    assert len(values_of(directory, "parties.customer", "code")) == 48
    if change == "content":
        file.write_text(file.read_text().replace("C0000", "X0000"))
    with pytest.raises(SourceChanged):
        bring(directory, file, tmp_path / "r.jsonl", is_resumed=True, key="code" if change == "content" else "name")


def test_who_was_taken_over_commits_nothing_more(directory, file, tmp_path):
    seen = []

    def take_over(count):
        if not seen:
            seen.append(bring(directory, file, tmp_path / "r.jsonl", is_resumed=True))

    with pytest.raises(TransferLost):
        bring(directory, file, tmp_path / "r.jsonl", progress=take_over)
    assert (seen[0].created, seen[0].rejected) == (ROWS - 9, 9)
    assert len(values_of(directory, "parties.customer", "code")) == ROWS - 9


def test_an_update_by_key_writes_what_is_new_and_nothing_else(directory, tmp_path):
    path, mapping = tmp_path / "c.csv", ImportMapping("parties.customer", key="code")
    options = ImportOptions("parties.customer", mapping, on_existing="update")
    counts = []
    for text in ("A,Ada\nB,Bo\n", "A,Ada\nB,Bob\nC,Cleo\n"):
        path.write_text("code,name\n" + text)
        with path.open("rb") as stream:
            report = CommandImport(directory, options, Source(str(path), stream), tmp_path / "r").run(lambda n: None)
        counts.append((report.created, report.updated, report.skipped))
    assert counts == [(2, 0, 0), (1, 1, 1)]
    with directory.begin() as uow:
        sql = "SELECT version, count(*) FROM {t}.documents WHERE type = 'parties.customer' GROUP BY 1 ORDER BY 1"
        assert uow.execute(sql).fetchall() == [(1, 2), (2, 1)]
