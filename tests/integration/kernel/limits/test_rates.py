"""How often one may ask: token buckets that hold across processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel.http.app import create_app
from kernel.limits.buckets import Policy, RateLimits
from kernel.limits.errors import RateLimited
from tests.integration.kernel.limits.conftest import BURST, PER_MINUTE

ME = "/api/v1/auth/me"
POLICY = Policy("user", PER_MINUTE, BURST)


def spend(rates, key, policy=POLICY):
    """Requests admitted until the first refusal."""
    admitted = 0
    while True:
        try:
            rates.admit([(key, policy)])
        except RateLimited:
            return admitted
        admitted += 1


@pytest.fixture
def limits(house):
    return RateLimits(house.kernel.database, house.clock)


def test_a_full_bucket_admits_its_burst_and_no_more(limits):
    assert spend(limits, "user:burst") == BURST


def test_tokens_drip_back_at_the_rate(limits, house):
    spend(limits, "user:drip")
    house.clock.advance(seconds=5)
    assert spend(limits, "user:drip") == 5 * PER_MINUTE // 60


def test_a_bucket_never_holds_more_than_its_burst(limits, house):
    spend(limits, "user:full")
    house.clock.advance(hours=5)
    assert spend(limits, "user:full") == BURST


def test_processes_share_one_bucket(house):
    processes = [RateLimits(house.kernel.database, house.clock) for _ in range(4)]
    admitted = 0
    for turn in range(BURST * 2):
        try:
            processes[turn % 4].admit([("user:shared", POLICY)])
        except RateLimited:
            continue
        admitted += 1
    assert admitted == BURST


def test_threads_of_several_processes_together_get_the_burst(house):
    processes = [RateLimits(house.kernel.database, house.clock) for _ in range(2)]

    def ask(turn):
        try:
            processes[turn % 2].admit([("user:threads", POLICY), ("tenant:threads", POLICY)])
        except RateLimited:
            return 0
        return 1

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(ask, range(BURST * 3))) == BURST


def test_one_empty_bucket_refuses_and_takes_nothing_from_the_others(limits):
    spend(limits, "user:empty")
    with pytest.raises(RateLimited) as refused:
        limits.admit([("tenant:rich", POLICY), ("user:empty", POLICY)])
    assert refused.value.details["limit"] == "user"
    assert spend(limits, "tenant:rich") == BURST


def test_a_refusal_costs_no_statement_until_a_token_is_there(limits, house, monkeypatch):
    spend(limits, "user:quiet")
    with monkeypatch.context() as patch:
        patch.setattr(limits, "_database", None)
        with pytest.raises(RateLimited):
            limits.admit([("user:quiet", POLICY)])
    house.clock.advance(seconds=1)
    limits.admit([("user:quiet", POLICY)])


def test_buckets_nobody_asks_for_are_forgotten(limits, house):
    limits.admit([("user:gone", POLICY)])
    house.clock.advance(hours=2)
    limits.forget_idle()
    with house.kernel.database.glance() as uow:
        assert uow.execute("SELECT count(*) FROM {p}.rate_buckets WHERE key = 'user:gone'").fetchone() == (0,)
    assert spend(limits, "user:gone") == BURST


def test_an_answer_says_how_one_stands(caller):
    client = caller.client()
    first, second = client.get(ME), client.get(ME)
    assert first.headers["ratelimit-policy"] == ", ".join(
        f'"{name}";q={PER_MINUTE};w=60;burst={BURST}' for name in ("tenant", "user", "key")
    )
    assert first.headers["ratelimit"] == f'"tenant";r={BURST - 1};t=1'
    assert second.headers["ratelimit"] == f'"tenant";r={BURST - 2};t=2'


def test_who_asks_too_often_is_told_when_to_ask_again(caller, house):
    client = caller.client()
    answers = [client.get(ME) for _ in range(BURST + 1)]
    assert [answer.status_code for answer in answers] == [200] * BURST + [429]
    refused = answers[-1]
    assert refused.json()["code"] == "rate_limited"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "1"
    house.clock.advance(seconds=1)
    assert client.get(ME).status_code == 200


def test_another_process_and_another_key_of_the_same_user_are_no_way_around(caller):
    elsewhere = create_app(caller.house.kernel, has_worker=False)
    clients = [caller.client(), caller.client(elsewhere)]
    statuses = [clients[turn % 2].get(ME).status_code for turn in range(BURST + 2)]
    assert statuses.count(200) == BURST


def test_another_tenant_is_not_slowed_down(house, app, caller):
    client = caller.client()
    while client.get(ME).status_code == 200:
        pass
    other = type(caller)(house, house.make_tenant("quiet_neighbour"), app).client()
    assert other.get(ME).status_code == 200
