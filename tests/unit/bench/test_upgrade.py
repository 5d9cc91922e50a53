"""The releases upgrades are measured with, what clients log, and what PostgreSQL says of locks."""

import json

import pytest

from bench.upgrade.locks import Waits, read_waits
from bench.upgrade.release import (
    CUSTOM_HOOKS,
    break_guard,
    line_of,
    write_custom_applet,
    write_next_release,
)
from bench.upgrade.traffic import Entry, Traffic, between, percentile
from sdk.applet import Applet

LOG = """
2026-03-02 UTC LOG:  process 71 still waiting for ShareLock on transaction 9 after 50.123 ms
2026-03-02 UTC DETAIL:  Process holding the lock: 70.
2026-03-02 UTC LOG:  process 71 acquired ShareLock on transaction 9 after 81.5 ms
2026-03-02 UTC LOG:  checkpoint complete
"""


def entry(at, took=0.1, status=200):
    return Entry(at, took, "a", "create", status)


def test_the_next_release_can_be_loaded_and_casts_from_the_shipped_one(tmp_path):
    applet = Applet.load(write_next_release(tmp_path / "next"))
    type = applet.types["receivables.invoice"]
    assert (str(applet.manifest.version), type.version) == ("2.0.0", 2)
    assert {"customer_reference", "channel", "subject", "body"} <= type.schema["properties"].keys()
    assert not {"reference", "memo"} & type.schema["properties"].keys()
    assert set(applet.machines["receivables.invoice"].states) == {"draft", "issued", "void"}


def test_a_release_that_breaks_its_guard_differs_in_nothing_but_a_setting(tmp_path):
    good, bad = (write_next_release(tmp_path / name) for name in ("good", "bad"))
    break_guard(bad)
    files = [path.relative_to(good) for path in good.rglob("*") if path.is_file()]
    differing = [str(file) for file in files if (good / file).read_bytes() != (bad / file).read_bytes()]
    assert differing == ["settings.json"]


def test_what_is_edited_must_be_there(tmp_path):
    folder = write_next_release(tmp_path / "next")
    break_guard(folder)
    with pytest.raises(ValueError, match=r"settings\.json does not say"):
        break_guard(folder)


def test_a_custom_applet_names_the_line_in_which_it_reads_the_field(tmp_path):
    folder = write_custom_applet(tmp_path / "own", version="1.0.0", field="reference", range=">=1")
    assert Applet.load(folder).name == "dunning"
    number = int(line_of(folder, '"reference"').partition(":")[2])
    assert '.get("reference")' in (folder / "hooks.py").read_text().splitlines()[number - 1]
    assert "{field}" in CUSTOM_HOOKS.splitlines()[number - 1]


def test_waits_are_read_from_the_log_and_the_longest_counts(tmp_path):
    log = tmp_path / "server.log"
    log.write_text(LOG)
    assert read_waits(log) == [50.123, 81.5]
    assert read_waits(log, len(LOG.encode())) == []
    assert (Waits([50.1], 3.0).longest, Waits([], 3.0).longest, Waits([]).longest) == (50.1, 3.0, 0.0)


def test_a_percentile_of_answers():
    entries = [entry(0, took / 100) for took in range(1, 101)]
    assert (percentile(entries, 0.95), percentile([], 0.95)) == (0.96, 0.0)


def test_answers_under_way_in_a_time_are_those_that_overlap_it():
    entries = [entry(0), entry(1), entry(2), entry(3)]
    assert [each.at for each in between(entries, 1.05, 2.5)] == [1, 2]


@pytest.mark.parametrize(("status", "is_failed"), [(200, False), (201, False), (0, True), (409, True), (500, True)])
def test_whatever_is_no_success_has_failed(status, is_failed):
    assert entry(0, status=status).is_failed is is_failed


def test_a_log_is_read_on_where_it_was_read_to_and_half_a_line_waits(tmp_path):
    log = tmp_path / "traffic.log"
    traffic = Traffic(log, None)
    assert traffic.entries() == []
    line = json.dumps(vars(entry(1.0))) + "\n"
    log.write_text(line + line[:10])
    assert [each.at for each in traffic.entries()] == [1.0]
    log.write_text(line + line)
    assert [each.at for each in traffic.entries()] == [1.0, 1.0]
