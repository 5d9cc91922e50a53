"""The unit of work: rolls back by default, commits once, and never calls a failed commit a success."""

import threading

import psycopg
import pytest

from kernel.db.errors import CommitFailed, CommitUncertain
from sdk.document_errors import UniqueKeyTaken
from sdk.errors import BosError


def titles(kernel, tenant):
    with kernel.operate(tenant) as ctx:
        return sorted(document["title"] for document in ctx.documents.query("kernel.notification").items)


def write(ctx, title):
    return ctx.documents.create("kernel.notification", {"title": title})


def test_what_was_not_committed_leaves_no_trace(kernel, tenant):
    with kernel.database.transaction(tenant) as uow:
        ctx = kernel.operator_context(uow)
        write(ctx, "lost")
    assert titles(kernel, tenant) == []


def test_an_error_rolls_everything_back(kernel, tenant):
    with pytest.raises(ZeroDivisionError), kernel.operate(tenant) as ctx:
        write(ctx, "lost")
        raise ZeroDivisionError
    assert titles(kernel, tenant) == []


def test_a_savepoint_undoes_what_is_inside_and_only_that(kernel, tenant):
    with kernel.operate(tenant) as ctx:
        write(ctx, "kept")
        with pytest.raises(ZeroDivisionError), ctx.uow.savepoint():
            write(ctx, "undone")
            raise ZeroDivisionError
        write(ctx, "kept too")
    assert titles(kernel, tenant) == ["kept", "kept too"]


def test_commit_of_a_failed_transaction_is_an_error_although_postgresql_says_none(kernel, tenant):
    with kernel.database.transaction(tenant) as uow:
        with pytest.raises(psycopg.errors.UndefinedTable):
            uow.execute("SELECT 1 FROM {t}.nothing")
        with pytest.raises(CommitFailed):
            uow.commit()


def test_a_commit_nobody_answered_is_not_said_to_have_been_rolled_back(kernel, tenant):
    with kernel.database.transaction(tenant) as uow:
        uow.execute("SELECT 1")
        backend = uow.connection.info.backend_pid
        uow.before_commit(lambda: end_backend(kernel, backend))
        with pytest.raises(CommitUncertain) as lost:
            uow.commit()
    assert (lost.value.code, lost.value.status, uow.is_committed) == ("commit_uncertain", 503, False)
    assert titles(kernel, tenant) == []


def end_backend(kernel, pid):
    """The connection breaks with the next thing it is asked."""
    with kernel.database.owner() as owner:
        assert owner.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


def test_a_swallowed_failure_of_a_write_dooms_the_transaction(kernel, tenant):
    with pytest.raises(RuntimeError, match="passed over"), kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.role", {"name": "seller", "title": "Seller", "permissions": []})
        with pytest.raises(UniqueKeyTaken):
            ctx.documents.create("kernel.role", {"name": "seller", "title": "Seller", "permissions": []})
    with kernel.operate(tenant) as ctx:
        assert ctx.documents.query("kernel.role").items == ()


def test_callbacks_run_after_the_commit_and_only_then(kernel, tenant):
    called = []
    with kernel.database.transaction(tenant) as uow:
        uow.after_commit(lambda: called.append("rolled back"))
    with kernel.database.transaction(tenant) as uow:
        uow.after_commit(lambda: called.append("committed"))
        with pytest.raises(ZeroDivisionError), uow.savepoint():
            uow.after_commit(lambda: called.append("undone"))
            raise ZeroDivisionError
        assert called == []
        uow.commit()
    assert called == ["committed"]


def test_of_fifty_parallel_updates_of_one_document_each_version_has_one_winner(kernel, tenant):
    with kernel.operate(tenant) as ctx:
        document = write(ctx, "start")
    barrier, results = threading.Barrier(16), []

    def update(number):
        if number < 16:
            barrier.wait(timeout=30)
        try:
            with kernel.operate(tenant) as ctx:
                found = ctx.documents.update(
                    "kernel.notification", document.id, {"title": f"by {number}"}, version=number // 10 + 1
                )
            results.append((found.version, number))
        except BosError as error:
            results.append((error.code, number))

    threads = [threading.Thread(target=update, args=[number]) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    won = sorted(version for version, _ in results if isinstance(version, int))
    lost = {code for code, _ in results if isinstance(code, str)}
    assert len(results) == 50
    assert won == list(range(2, 2 + len(won)))
    assert lost == {"stale_version"}
    with kernel.operate(tenant) as ctx:
        assert ctx.documents.get("kernel.notification", document.id).version == won[-1]
        events = ctx.uow.execute(
            "SELECT version FROM {t}.events WHERE aggregate_id = %s ORDER BY position", [document.id]
        ).fetchall()
    assert [version for (version,) in events] == list(range(1, won[-1] + 1))


def test_generations_rise_with_what_may_be_decided(kernel, tenant):
    def generation():
        with kernel.database.transaction(tenant) as uow:
            return uow.generation

    before = generation()
    with kernel.operate(tenant) as ctx:
        write(ctx, "changes no decision")
    assert generation() == before
    with kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.role", {"name": "seller", "title": "Seller", "permissions": []})
    assert generation() == before + 1


def test_a_unit_of_work_that_has_ended_answers_nothing(kernel, tenant):
    with kernel.operate(tenant) as ctx:
        page = ctx.documents.query("kernel.notification")
    with pytest.raises(RuntimeError, match="has ended"):
        ctx.uow.execute("SELECT 1")
    assert page.items == ()
