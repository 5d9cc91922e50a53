"""Whatever is killed while invoices are posted: what was acknowledged is there once, and the books are whole."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

import pytest

from tests.acceptance.crashes.checks import check_acknowledged, check_books, find_wrong
from tests.acceptance.crashes.site import Posting, Site, open_site

# BOS_TEST_SEED repeats a run, as far as processes can be made to repeat themselves.
SEED = int(os.environ.get("BOS_TEST_SEED") or secrets.randbelow(2**32))
# Each posted invoice is two requests, writing it and posting it.
REQUESTS_PER_POST = 2
# Each takes as long as a request waits for a connection: half a minute of a database that is away.
REFUSALS = 20


@dataclass(frozen=True)
class Crash:
    """One of the things that can go."""

    what: str
    is_retrying: bool

    def happen(self, site: Site, posting: Posting, chance: random.Random) -> None:
        if self.what == "servers":
            site.kill_servers()
            site.start()
        elif self.what == "supervisor":
            site.kill_supervisor()
            site.start()
        elif self.what == "process":
            site.kill_process(chance)
        elif self.what == "absence":
            site.stop_database()
            posting.wait_for_refusals(REFUSALS)
            site.start_database()
        elif self.what == "postmaster":
            site.kill_postmaster()
        else:
            site.kill_backend()


SERVERS = [Crash("servers", True), Crash("servers", False)]
PROCESSES = [Crash("process", True), Crash("supervisor", False)]
ABSENCE = [Crash("absence", True)]
DATABASE = [
    Crash("postmaster", True), Crash("backend", False), Crash("backend", True), Crash("postmaster", False),
]  # fmt: skip


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with open_site() as opened:
        yield opened


def crash_while_posting(site: Site, crash: Crash, count: int, chance: random.Random) -> str:
    """One run; what it was like, in words."""
    requests = count * REQUESTS_PER_POST
    moment = chance.randrange(requests // 20, requests * 9 // 10)
    started = time.monotonic()
    with site.posting(count, is_retrying=crash.is_retrying) as posting:
        posting.wait_for(moment)
        # The answers come in bursts; a crash may come at any time between them.
        time.sleep(chance.random() / 20)
        crash.happen(site, posting, chance)
    seconds = time.monotonic() - started
    assert site.is_serving
    site.drain()
    check_books(site)
    posted = check_acknowledged(site, posting)
    lost = posting.lost()
    return (
        f"{crash.what} killed after {moment} of {requests} answers, clients {'' if crash.is_retrying else 'not '}"
        f"retrying: {posted} of {count} acknowledged as posted, {lost.count('unanswered')} requests unanswered,"
        f" {len(lost) - lost.count('unanswered')} refused, {posting.longest_pause():.1f} s without a success,"
        f" {seconds:.0f} s in all"
    )


def crash_often(site: Site, crashes: list[Crash], times: int, count: int) -> None:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    for number, crash in enumerate(islice(cycle(crashes), times), 1):
        print(f"{number}: {crash_while_posting(site, crash, count, chance)}", flush=True)
    check_logs(site)


def check_logs(site: Site) -> None:
    """Every document can be rebuilt from its events, and the seals over them are whole."""
    verified = site.ask("doc", "verify")
    assert (verified["different"], verified["differences"]) == (0, [])
    site.run("audit", "seal")
    site.run("audit", "verify")
    assert {check["result"] for check in site.ask("doctor")} == {"ok"}


def test_books_are_whole_after_servers_and_database_were_killed(site: Site):
    crash_often(site, [*SERVERS, DATABASE[0]], 3, 100)


# One row that is gone, there twice, or not what it was; and the name of a check that must see it.
LAST = "(SELECT {} FROM documents WHERE type = '{}' AND number IS NOT NULL ORDER BY number DESC LIMIT 1)"
INVOICE, ENTRY = LAST.format("id", "receivables.invoice"), LAST.format("id", "ledger.journal_entry")
DAMAGE = [
    (f"DELETE FROM events WHERE aggregate_id = {INVOICE} AND version = 1", "documents whose events are not 1, 2, … up"),
    (f"DELETE FROM documents WHERE id = {ENTRY}", "posted invoices without their own entry"),
    (f"DELETE FROM documents WHERE id = {INVOICE}", "entries of no invoice, or of two"),
    (f"UPDATE documents SET number = NULL WHERE id = {INVOICE}", "numbers of what is not posted"),
    ("UPDATE documents SET number = 'INV-2026-00002' WHERE number = 'INV-2026-00001'", "gaps or repetitions"),
    ("UPDATE series SET value = value + 1 WHERE name = 'receivables.invoice'", "a series that is not where"),
    ("UPDATE totals SET r1 = r1 + 1 WHERE register = 'ledger.postings'", "sums of totals and tail"),
    ("UPDATE movements SET folded = false WHERE id = (SELECT max(id) FROM movements)", "sums of totals and tail"),
    ("DELETE FROM movements WHERE register = 'receivables.open_items'", "receivables that are not on the control"),
    ("DELETE FROM documents WHERE id = (SELECT max(id::text)::uuid FROM documents WHERE type = 'tally.mark')",
     "events an applet was not told of once"),
    ("INSERT INTO documents (id, type, version, schema_version, data, created_at, created_by, updated_at, updated_by)"
     " SELECT gen_random_uuid(), type, version, schema_version, data, created_at, created_by, updated_at, updated_by"
     " FROM documents WHERE type = 'tally.mark' LIMIT 1", "events an applet was not told of once"),
]  # fmt: skip


def test_what_a_crash_could_have_done_would_be_found(site: Site):
    with site.posting(10, is_retrying=True):
        pass
    site.drain()
    check_books(site)
    with site.connect() as connection:
        for damage, name in DAMAGE:
            with connection.transaction(force_rollback=True):
                connection.execute(damage)
                found = find_wrong(connection)
                assert any(each.startswith(name) for each in found), (damage, found)
    check_books(site)


@pytest.mark.slow
def test_books_are_whole_after_single_processes_were_killed_and_the_database_was_stopped_for_a_while(site: Site):
    crash_often(site, [*PROCESSES, *ABSENCE], 3, 300)


@pytest.mark.slow
def test_books_are_whole_after_ten_kills_of_the_servers_at_random_moments(site: Site):
    crash_often(site, SERVERS, 10, 2_000)


@pytest.mark.slow
def test_books_are_whole_after_ten_kills_of_the_database_at_random_moments(site: Site):
    crash_often(site, DATABASE, 10, 2_000)
