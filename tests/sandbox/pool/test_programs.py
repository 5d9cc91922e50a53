"""Programs as tenants install them: with the language policy, through a pool."""

import pytest

from sandbox.errors import PolicyRefused
from sandbox.host import Deadlines, Program, Status, Violation
from sandbox.host.native_engine import NativeEngine
from sandbox.pool import Pool, Sizes
from sdk.document import Document
from tests.sandbox.pool.conftest import PATIENT, no_answer
from tests.sandbox.worker.client import FACTS, zygote_or_skip

SOURCE = """
from sdk import Context, Document, hooks
from sdk.errors import Conflict
from decimal import Decimal

seen = []


class TooDear(Conflict):
    \"\"\"{total} is more than anybody pays.\"\"\"


@hooks.before_save("shop.order", "shop.offer")
def fill_total(ctx: Context, document: Document) -> None:
    seen.append(document["price"])
    document["total"] = document["price"] * len(seen)
    document["remark"] = None
    if document["total"] > 1000:
        raise TooDear(total=document["total"])


@hooks.on("shop.order.*")
def spin(ctx):
    while True:
        pass
"""


def program(source):
    return Program("shop", "2.0.0", str(hash(source)), {"hooks": source})


@pytest.fixture(scope="module")
def pool():
    pool = Pool(NativeEngine(zygote_or_skip(), "full"), Sizes(workers_max=4, spares=0))
    yield pool
    pool.close()


def order(price):
    return Document("1", "shop.order", {"price": price, "remark": "soon"})


def save(pool, price):
    with pool.checkout("t1", program(SOURCE)) as lease:
        return lease.call("fill_total", [FACTS, order(price)], no_answer, PATIENT)


def test_a_pool_knows_the_hooks_of_what_it_hands_out(pool):
    with pool.checkout("t1", program(SOURCE)) as lease:
        fill, spin = lease.description.hooks
    assert (fill.function, fill.hook, fill.subjects) == ("fill_total", "before_save", ("shop.order", "shop.offer"))
    assert (fill.parameters, fill.line) == (("ctx", "document"), 13)
    assert (spin.hook, spin.subjects) == ("on_event", ("shop.order.*",))


def test_what_a_hook_changes_comes_back_and_no_call_sees_another(pool):
    for _ in range(2):
        (change,) = save(pool, 7).changes
        assert (change.argument, change.fields_set, change.fields_removed) == (0, {"total": 7}, ("remark",))


def test_a_refusal_comes_back_with_code_and_line_and_is_no_violation(pool):
    result = save(pool, 1001)
    assert (result.status, result.failure.kind, result.failure.code) == (Status.REFUSED, "Conflict", "too_dear")
    assert result.failure.message == "1001 is more than anybody pays."
    assert (result.failure.place.module, result.failure.place.line) == ("hooks", 19)
    assert save(pool, 1).status is Status.RETURNED


def test_many_orders_go_at_once(pool):
    with pool.checkout("t1", program(SOURCE)) as lease:
        results = lease.call_many("fill_total", [[FACTS, order(n)] for n in (1, 2000, 3)], no_answer, PATIENT)
    assert [result.status for result in results] == [Status.RETURNED, Status.REFUSED, Status.RETURNED]
    assert [result.changes[0].fields_set for result in (results[0], results[2])] == [{"total": 1}, {"total": 3}]


def test_a_loop_without_an_end_is_told_with_its_line(pool):
    with pytest.raises(Violation) as caught, pool.checkout("t1", program(SOURCE)) as lease:
        lease.call("spin", [FACTS], no_answer, Deadlines(0.05, 5.0))
    assert caught.value.kind == "deadline"
    assert caught.value.line in (24, 25)
    assert f"s was exceeded at line {caught.value.line} of hooks.py (spin)" in caught.value.told().message


def test_what_the_policy_refuses_is_told_before_anything_runs(pool):
    with pytest.raises(PolicyRefused) as caught:
        pool.checkout("t1", program("import os\n\nos.listdir('/')\n"))
    (first, *_) = caught.value.violations
    assert first.pointer == "/hooks.py:1"
    assert first.expected
    assert pool.figures().busy == 0
