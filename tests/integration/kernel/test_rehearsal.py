"""A transaction that is only rehearsed, and what is done once one has ended."""

import psycopg
import pytest

from kernel.db.rehearsal import RehearsedDatabase

COUNT = "SELECT count(*) FROM {t}.series"
ADD = "INSERT INTO {t}.series (name, company_id, period, value) VALUES ('x', gen_random_uuid(), '', 1)"


def count(kernel, tenant):
    with kernel.database.transaction(tenant) as uow:
        return uow.execute(COUNT).fetchone()[0]


@pytest.mark.parametrize("aside", [False, True])
def test_a_rehearsal_commits_nothing_and_tells_nobody(kernel, tenant, aside):
    told, before = [], count(kernel, tenant)
    with RehearsedDatabase(kernel.database).transaction(tenant, aside=aside) as uow:
        uow.execute(ADD)
        uow.after_commit(lambda: told.append("committed"))
        uow.before_commit(lambda: told.append("prepared"))
        uow.commit()
        assert uow.execute(COUNT).fetchone()[0] == before + 1
    assert (count(kernel, tenant), told) == (before, ["prepared"])


@pytest.fixture
def deferred(kernel):
    """A table whose key is looked at when a transaction commits; gone afterwards, as the database is the run's."""
    with kernel.database.owner() as owner:
        owner.execute("CREATE TABLE public.rehearsed (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)")
        owner.execute("GRANT INSERT ON public.rehearsed TO PUBLIC")
        yield
        owner.execute("DROP TABLE public.rehearsed")


@pytest.mark.usefixtures("deferred")
def test_what_a_commit_would_refuse_is_refused_in_a_rehearsal(kernel, tenant):
    with pytest.raises(psycopg.errors.UniqueViolation), RehearsedDatabase(kernel.database).transaction(tenant) as uow:
        uow.execute("INSERT INTO public.rehearsed VALUES (1), (1)")
        uow.commit()


def test_closing_a_rehearsal_leaves_the_connections_to_whose_they_are(kernel, tenant):
    RehearsedDatabase(kernel.database).close()
    assert count(kernel, tenant) >= 0


@pytest.mark.parametrize("is_committed", [True, False])
def test_what_is_to_be_done_at_the_end_is_done_whichever_way_it_ends(kernel, tenant, is_committed):
    """By then the transaction holds nothing any more: another one may change the same row."""
    told = []

    def change() -> None:
        with kernel.database.transaction(tenant, aside=True) as uow:
            told.append(uow.execute("UPDATE {t}.meta SET value = value WHERE name = 'generation'").rowcount)

    with kernel.database.transaction(tenant) as uow:
        uow.execute("UPDATE {t}.meta SET value = value WHERE name = 'generation'")
        uow.at_end(change)
        if is_committed:
            uow.commit()
        assert told == []
    assert told == [1]


def test_what_is_to_be_done_at_the_end_is_done_when_the_database_is_lost(kernel, tenant):
    told = []
    with pytest.raises(psycopg.OperationalError), kernel.database.transaction(tenant) as uow:
        uow.at_end(lambda: told.append("ended"))
        with kernel.database.owner() as connection:
            connection.execute("SELECT pg_terminate_backend(%s)", [uow.connection.info.backend_pid])
        uow.execute(COUNT)
    assert told == ["ended"]
