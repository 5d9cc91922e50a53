"""What the platform keeps of log-ins ends: by the worker, in bites, and nothing that still counts."""

import pytest

from kernel.auth.retention import forget_log_ins
from kernel.auth.store import is_known_address
from kernel.db.bites import delete_in_bites
from kernel.events.upkeep import Upkeep
from kernel.limits.service import forget_periods
from kernel.telemetry.metrics import Metrics
from tests.integration.kernel.auth.conftest import (
    PASSWORD,
    People,
    codes,
    make_tenant,
    open_client,
    open_kernel,
    populate,
)

DAY_S = 24 * 60 * 60


@pytest.fixture(scope="module")
def auth_kernel(empty_database, tmp_path_factory):
    """With a clock that may run far ahead."""
    kernel = open_kernel(empty_database(), tmp_path_factory.mktemp("data"))
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def client(auth_kernel):
    return open_client(auth_kernel)


@pytest.fixture
def own_people(auth_kernel, client):
    return populate(People(auth_kernel, client, make_tenant(auth_kernel)))


def count(people, sql, *values):
    return people.do(lambda uow: uow.execute(sql, list(values)).fetchone()[0])


def sessions(people, name):
    return count(people, "SELECT count(*) FROM {p}.sessions WHERE user_id = %s", people.ids[name])


def forget(people):
    return forget_log_ins(people.kernel, people.clock())


def test_the_record_of_log_ins_is_kept_for_as_long_as_it_is_said(own_people):
    people = own_people
    days = people.kernel.settings.auth_events_keep_days
    people.clock.advance((days - 1) * DAY_S)
    forget(people)
    assert people.events("bob") == ["session.opened", "user.created"]
    people.enter("bob")
    people.clock.advance(2 * DAY_S)
    assert forget(people)["auth_events"] >= 4
    assert people.events("bob") == ["session.opened"]


def test_an_ended_session_goes_once_it_says_no_more_where_its_user_comes_from(own_people):
    people = own_people
    people.log_in("bob", address="203.0.113.9")
    people.send("bob", "DELETE", "/auth/sessions")
    assert sessions(people, "bob") == 2
    people.clock.advance(89 * DAY_S)
    forget(people)
    since = people.clock.now
    assert people.do(is_known_address, people.ids["bob"], "203.0.113.9", since.replace(year=since.year - 1))
    people.clock.advance(2 * DAY_S)
    forget(people)
    assert sessions(people, "bob") == 0


def test_a_session_that_is_in_use_stays_however_old(own_people):
    people = own_people
    for _ in range(5):
        people.clock.advance(25 * DAY_S)
        body = {"refresh_token": people.tokens["bob"]["refresh_token"]}
        people.tokens["bob"] = people.post("/auth/refresh", body).json()
    forget(people)
    assert sessions(people, "bob") == 1
    assert people.send("bob", "GET", "/auth/me").status_code == 200


def test_keys_challenges_and_counts_of_guesses_go_too(own_people):
    people = own_people
    key = people.send("bob", "POST", "/api-keys", {"name": "ci", "scopes": ["*"]}).json()
    people.send("bob", "DELETE", f"/api-keys/{key['id']}")
    people.post("/auth/passkey/challenge")
    people.log_in("bob", "not the password", address="203.0.113.77")
    people.clock.advance(91 * DAY_S)
    removed = forget(people)
    assert min(removed[table] for table in ("api_keys", "auth_challenges", "auth_throttles")) > 0
    assert count(people, "SELECT count(*) FROM {p}.auth_throttles") == 0
    assert count(people, "SELECT count(*) FROM {p}.auth_challenges") == 0
    assert codes(people.log_in("bob", PASSWORD)) == [(200, None)]


def test_usage_of_months_long_past_is_forgotten(own_people):
    people = own_people
    insert = "INSERT INTO {p}.usage (tenant_id, measure, period, used) VALUES (%s, 'documents_per_month', %s, 1)"
    now = people.clock.now
    for period in (f"{now.year - 3}-12", f"{now.year}-{now.month:02}"):
        people.do(lambda uow, period=period: uow.execute(insert, [people.tenant.id, period]))
    assert forget_periods(people.kernel.database, people.clock()) == 1
    assert forget_periods(people.kernel.database, people.clock()) == 0


def test_many_rows_go_in_bites_and_others_hold_up_none_of_them(own_people):
    people = own_people
    for _ in range(7):
        people.log_in("bob")
    held = count(people, "SELECT id FROM {p}.sessions WHERE user_id = %s LIMIT 1", people.ids["bob"])
    with people.kernel.database.platform() as uow, people.kernel.database.owner() as connection:
        uow.execute("UPDATE {p}.sessions SET used_at = used_at WHERE id = %s", [held])
        values = {"user": people.ids["bob"]}
        removed = delete_in_bites(connection, ("bos", "sessions"), "user_id = %(user)s", values, rows_at_once=3)
    assert (removed, sessions(people, "bob")) == (7, 1)


def test_upkeep_does_once_what_is_for_all_tenants(own_people):
    people = own_people
    idle = "INSERT INTO {p}.rate_buckets VALUES (%s, 1, 1, 1, 0, %s)"
    upkeep = Upkeep(people.kernel, Metrics(), monotonic=lambda: 100.0)
    left = []
    for tenant in (people.tenant, make_tenant(people.kernel)):
        with people.kernel.database.glance() as uow:
            uow.execute(idle, [tenant.id, people.clock.now.replace(year=2000)])
        upkeep(tenant)
        left.append(count(people, "SELECT count(*) FROM {p}.rate_buckets"))
    assert left == [0, 1]
