"""Numbers: gapless ones have no hole whatever fails, plain ones are never given twice, and each period begins anew."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel.series.service import NO_COMPANY, NUMBER_BLOCK_SIZE, Block, NumberBlocks, next_number
from sdk.errors import BosError
from tests.integration.kernel.rooms.shelf import Shelf, at_once, open_shelves


def note(shelf, **fields):
    with shelf.operate() as ctx:
        return ctx.documents.create("shelf.note", fields).number


def ticket(shelf):
    with shelf.operate() as ctx:
        return ctx.documents.create("shelf.ticket", {}).number


def test_a_gapless_series_has_no_hole_where_writes_were_refused_or_rolled_back(shelf):
    assert note(shelf) == "N-2026-0001"
    for text in ("refused", 5):
        with pytest.raises(BosError):
            note(shelf, text=text)
    with pytest.raises(ZeroDivisionError), shelf.operate() as ctx:
        assert ctx.documents.create("shelf.note", {}).number == "N-2026-0002"
        raise ZeroDivisionError
    assert note(shelf) == "N-2026-0002"


def test_of_twenty_at_once_some_of_which_fail_the_gapless_numbers_are_one_to_the_last(shelf):
    def write(place):
        return note(shelf, text="refused" if place % 4 == 0 else "fine")

    results = at_once(*(lambda place=place: write(place) for place in range(20)))
    assert [result.code for result in results[::4]] == ["refused"] * 5
    given = sorted(result for result in results if isinstance(result, str))
    assert given == [f"N-2026-{number:04}" for number in range(1, 16)]


def test_who_waits_for_a_number_gets_the_one_that_was_rolled_back(shelf):
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        assert shelf.kernel.operator_context(uow).documents.create("shelf.note", {}).number == "N-2026-0001"
        number, _ = at_once(lambda: note(shelf), lambda: (shelf.wait_for_a_lock(), uow.rollback()))
    assert number == "N-2026-0001"


def test_the_year_is_that_of_the_date_the_type_names(shelf):
    days = ["2025-12-31", "2026-01-01", "2025-01-01", None, "0999-05-05"]
    assert [note(shelf, dated_on=day) for day in days] == [
        "N-2025-0001", "N-2026-0001", "N-2025-0002", "N-2026-0002", "N-0999-0001",
    ]  # fmt: skip


def test_each_company_has_its_own_numbers(shelf):
    second = shelf.make_company("Second Ltd")
    with shelf.operate() as ctx:
        companies = sorted(ctx.runtime.companies)
        numbers = [ctx.documents.create("shelf.note", {}, company_id=id).number for id in companies * 2]
    assert second in companies
    assert numbers == ["N-2026-0001", "N-2026-0001", "N-2026-0002", "N-2026-0002"]


def test_a_number_past_its_width_goes_on(shelf):
    with shelf.operate() as ctx:
        company = next(iter(ctx.runtime.companies))
        assert next_number(ctx.uow, "shelf.note", company, "2026", count=9_999) == 9_999
    assert note(shelf) == "N-2026-10000"


def test_a_number_stays_through_changes_deletion_and_restoring(shelf):
    with shelf.operate() as ctx:
        one = ctx.documents.create("shelf.note", {"dated_on": "2025-05-05"})
        changed = ctx.documents.update("shelf.note", one.id, {"dated_on": "2026-05-05"})
        ctx.documents.delete("shelf.note", one.id)
        restored = ctx.documents.restore("shelf.note", one.id)
    assert {one.number, changed.number, restored.number} == {"N-2025-0001"}
    assert note(shelf, dated_on="2025-06-06") == "N-2025-0002"


def test_a_number_comes_with_the_action_its_type_names_and_its_month(shelf):
    with shelf.operate() as ctx:
        slip = ctx.documents.create("shelf.slip", {})
        assert slip.number is None
        assert ctx.documents.perform("shelf.slip", slip.id, "print").number == "S-2026-03-1"


def test_nobody_sends_a_number_along(shelf):
    with shelf.operate() as ctx, pytest.raises(BosError) as refused:
        ctx.documents.create("shelf.ticket", {"number": "T1"})
    assert [(v.pointer, v.rule) for v in refused.value.violations] == [("/number", "read_only")]


def test_plain_numbers_are_given_once_however_many_ask(shelf):
    results = at_once(*[lambda: [ticket(shelf) for _ in range(10)]] * 8)
    numbers = [int(number[1:]) for given in results for number in given]
    assert sorted(numbers) == list(range(1, 81))
    assert shelf.rows("SELECT value FROM {t}.series WHERE name = 'shelf.ticket'") == [(2 * NUMBER_BLOCK_SIZE,)]


def test_a_plain_number_that_was_rolled_back_is_lost_and_nobody_waits_for_it(shelf):
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        assert shelf.kernel.operator_context(uow).documents.create("shelf.ticket", {}).number == "T1"
        assert ticket(shelf) == "T2"
    assert ticket(shelf) == "T3"


def test_two_processes_take_blocks_of_their_own(shelf):
    def take(blocks):
        return blocks.take(lambda: shelf.kernel.database.transaction(shelf.tenant, aside=True), "t", "n", None, "")

    mine, other = NumberBlocks(), NumberBlocks()
    assert [take(mine), take(other), take(mine), take(other)] == [1, 51, 2, 52]
    assert [take(mine) for _ in range(NUMBER_BLOCK_SIZE - 2)][-1] == NUMBER_BLOCK_SIZE
    assert take(mine) == 2 * NUMBER_BLOCK_SIZE + 1


def test_a_block_that_could_not_be_taken_is_asked_for_again(shelf):
    blocks = NumberBlocks()

    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        blocks.take(fail, "t", "n", None, "")
    with shelf.kernel.database.transaction(shelf.tenant) as uow:
        taken = blocks.take(lambda: shelf.kernel.database.transaction(shelf.tenant, aside=True), "t", "n", None, "")
        assert (taken, next_number(uow, "n", None, "")) == (1, NUMBER_BLOCK_SIZE + 1)


def test_who_waits_for_a_block_keeps_no_other_series_waiting():
    blocks, is_waiting, goes_on = NumberBlocks(), threading.Event(), threading.Event()

    def wait():
        is_waiting.set()
        assert goes_on.wait(20)
        raise ZeroDivisionError

    blocks._blocks["u", "n", NO_COMPANY, ""] = Block(following=7, last=8)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(blocks.take, wait, "t", "n", None, "")
        assert is_waiting.wait(20)
        other = pool.submit(blocks.take, wait, "u", "n", None, "")
        try:
            assert other.result(5) == 7
        finally:
            goes_on.set()
        with pytest.raises(ZeroDivisionError):
            waiting.result(5)


def test_threads_that_all_need_a_block_in_a_full_pool_do_not_wait_for_each_other(shelf):
    size = shelf.kernel.settings.pool_size_max
    results = at_once(*[lambda: ticket(shelf)] * (size + 4))
    assert sorted(int(number[1:]) for number in results) == list(range(1, size + 5))


def test_a_process_that_starts_anew_gives_no_number_again(shelf, shelves):
    assert ticket(shelf) == "T1"
    with open_shelves(shelves.url, shelves.applets_folder) as other:
        assert ticket(Shelf(other, shelf.tenant)) == f"T{NUMBER_BLOCK_SIZE + 1}"
        assert note(Shelf(other, shelf.tenant)) == "N-2026-0001"
    assert note(shelf) == "N-2026-0002"
    assert ticket(shelf) == "T2"


def test_a_number_that_was_read_before_the_write_is_the_one_that_is_written(shelf):
    with shelf.operate() as ctx:
        created = ctx.documents.create("shelf.note", {})
        assert ctx.documents.coming_number(created) == created.number == "N-2026-0001"
        assert ctx.documents.get("shelf.note", created.id).number == "N-2026-0001"
