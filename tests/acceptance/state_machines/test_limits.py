"""Rates are those of a token bucket whoever asks from which process, and a request sent often takes effect once."""

from __future__ import annotations

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kernel.http.app import create_app
from kernel.http.idempotency import KEPT, forget_answers
from kernel.limits.buckets import LEASE_LIFETIME, LEASED_SHARE, Policy, RateLimits
from kernel.limits.errors import RateLimited
from tests.acceptance.state_machines.profiles import quick, roam, walk, wide
from tests.integration.kernel.house import open_house
from tests.integration.kernel.limits.conftest import Caller

ORDERS = "/api/v1/shop/orders"
PROCESSES, AT_ONCE = 3, 6
# Rates and steps of time whose products are exact in binary.
POLICIES = (Policy("tenant", 120, 40), Policy("user", 60, 20), Policy("key", 15, 1), Policy("tight", 30, 7))
STEPS_S = st.sampled_from((0, 0.25, 0.5, 1, 2, 3.75, 20, 59.75, 60, 300))
_numbers = itertools.count(1)


@dataclass
class Bucket:
    """As the algorithm is told in the room's docstring, in exact numbers."""

    policy: Policy
    tokens: Fraction
    at: datetime

    def take(self, wanted: int, now: datetime) -> int:
        passed = max(Fraction(0), Fraction((now - self.at).total_seconds()))
        self.at = max(self.at, now)
        self.tokens = min(Fraction(self.policy.burst), self.tokens + passed * self.policy.per_minute / 60)
        granted = min(1, math.floor(self.tokens))
        if self.tokens >= Fraction(self.policy.burst, 2):
            granted = min(wanted, math.floor(self.tokens))
        self.tokens -= granted
        return granted


@dataclass
class Purse:
    """What one process has leased of a bucket."""

    tokens: int
    at: datetime
    in_bucket: Fraction
    refused_until: datetime | None


@dataclass
class Process:
    """lag: how far its clock is behind."""

    rates: RateLimits
    lag: timedelta
    purses: dict[str, Purse] = field(default_factory=dict)


class Asking(RuleBasedStateMachine):
    def __init__(self, house) -> None:
        super().__init__()
        self.house, self.buckets, self.admitted = house, {}, {}

    @initialize(lag=st.sampled_from((0, 0, 0.25, 2)))
    def begin(self, lag) -> None:
        self.mark, self.started = f"machine{next(_numbers)}", self.house.clock()
        lags = [timedelta(seconds=lag if number == PROCESSES - 1 else 0) for number in range(PROCESSES)]
        self.processes = [Process(RateLimits(self.house.kernel.database, self._clock(each)), each) for each in lags]

    def _clock(self, lag: timedelta):
        return lambda: self.house.clock() - lag

    @rule(seconds=STEPS_S)
    def wait(self, seconds) -> None:
        self.house.clock.advance(seconds=seconds)

    @rule(
        number=st.integers(0, PROCESSES - 1),
        places=st.lists(st.sampled_from(range(len(POLICIES))), min_size=1, max_size=3, unique=True),
        times=st.sampled_from((1, 1, 2, 5, 50)),
    )
    def ask(self, number, places, times) -> None:
        process = self.processes[number]
        callers = [(f"{self.mark}:{POLICIES[place].name}", POLICIES[place]) for place in places]
        for _ in range(times):
            expected = self._expect(process, callers)
            try:
                got = [standing.remaining for standing in process.rates.admit(callers)]
            except RateLimited as refused:
                got = (refused.details["limit"], refused.details["retry_after_s"])
            assert got == expected

    def _expect(self, process: Process, callers) -> list[int] | tuple[str, int]:
        now = self.house.clock() - process.lag
        while True:
            missing = []
            for key, policy in callers:
                purse = process.purses.get(key)
                if purse is None or purse.tokens == 0 or now - purse.at >= LEASE_LIFETIME:
                    if purse is not None and not purse.tokens and purse.refused_until and now < purse.refused_until:
                        wait = (purse.refused_until - now).total_seconds()
                        return policy.name, max(1, math.ceil(wait))
                    missing.append((key, policy))
            if not missing:
                return [self._spend(process, key, policy) for key, policy in callers]
            for key, policy in missing:
                self._lease(process, key, policy, now)

    def _lease(self, process: Process, key: str, policy: Policy, now: datetime) -> None:
        bucket = self.buckets.setdefault(key, Bucket(policy, Fraction(policy.burst), now))
        granted = bucket.take(max(1, policy.burst // LEASED_SHARE), now)
        wait = timedelta(seconds=float((1 - bucket.tokens) * 60 / policy.per_minute))
        process.purses[key] = Purse(granted, now, bucket.tokens, None if granted else now + wait)

    def _spend(self, process: Process, key: str, policy: Policy) -> int:
        purse = process.purses[key]
        purse.tokens -= 1
        self.admitted[key] = self.admitted.get(key, 0) + 1
        return min(policy.burst, purse.tokens + int(purse.in_bucket))

    @invariant()
    def nobody_gets_more_than_the_rate(self) -> None:
        """Over all processes together, whatever they have leased."""
        passed = Fraction((self.house.clock() - self.started).total_seconds())
        # Whose clock is behind has seen less time pass before its first request.
        for key, count in self.admitted.items():
            policy = self.buckets[key].policy
            slack = max(process.lag for process in self.processes).total_seconds() * policy.per_minute / 60
            assert count <= policy.burst + passed * policy.per_minute / 60 + Fraction(slack)


class Repeating(RuleBasedStateMachine):
    """Orders sent with idempotency keys, several at the same moment."""

    def __init__(self, house, clients) -> None:
        super().__init__()
        self.house, self.clients = house, clients

    @initialize()
    def begin(self) -> None:
        self.mark = f"machine{next(_numbers)}"
        # By key: what was sent, what was answered, and when.
        self.kept: dict[str, tuple[object, bytes, datetime]] = {}
        self.made, self.before = 0, len(self._orders())

    @rule(
        sent=st.lists(
            st.tuples(st.sampled_from("abc"), st.sampled_from(("one", "two", "one", 7))), min_size=1, max_size=AT_ONCE
        )
    )
    def send(self, sent) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(self._send, range(len(sent)), sent))
        for key in {key for key, _ in sent}:
            self._check(key, [(body, answer) for (at, body), answer in zip(sent, answers, strict=True) if at == key])
        assert len(self._orders()) == self.before + self.made

    def _send(self, place, what):
        key, name = what
        headers = {"idempotency-key": f"{self.mark}-{key}"}
        return self.clients[place % len(self.clients)].post(ORDERS, json={"name": name}, headers=headers)

    def _check(self, key, answers) -> None:
        """One of those that could succeed has; whoever sent the same has its answer, whoever sent another none."""
        kept = self.kept.get(key)
        if kept is not None and self.house.clock() - kept[2] >= KEPT:
            kept = None
        done = [(body, answer) for body, answer in answers if answer.status_code == 201]
        fresh = [body for body, answer in done if "idempotency-replayed" not in answer.headers]
        could = any(body != 7 for body, _ in answers)
        assert len(fresh) == (1 if kept is None and could else 0)
        if fresh:
            first = next(answer for _, answer in done if "idempotency-replayed" not in answer.headers)
            kept = self.kept[key] = (fresh[0], first.content, self.house.clock())
            self.made += 1
        for body, answer in answers:
            if kept is not None and body == kept[0]:
                assert (answer.status_code, answer.content) == (201, kept[1])
            else:
                expected = {"idempotency_key_reused"} if kept is not None else set()
                assert answer.status_code == 422
                assert answer.json()["code"] in expected | ({"document_invalid"} if body == 7 else set())

    @rule(hours=st.sampled_from((0, 1, 23, 24)), is_swept=st.booleans())
    def wait(self, hours, is_swept) -> None:
        self.house.clock.advance(hours=hours)
        if is_swept:
            with self.house.kernel.database.transaction(self.house.tenant) as uow:
                forget_answers(uow, self.house.clock())
                uow.commit()

    def _orders(self) -> list[str]:
        return self.house.orders(self.house.tenant)


@pytest.fixture(scope="module")
def house(empty_database, tmp_path_factory):
    with open_house(empty_database(), tmp_path_factory.mktemp("house")) as opened:
        opened.tenant = opened.make_tenant("limited")
        yield opened


@pytest.fixture(scope="module")
def clients(house):
    """The same user over two processes."""
    apps = [create_app(house.kernel, has_worker=False) for _ in range(2)]
    caller = Caller(house, house.tenant, apps[0])
    return [caller.client(app) for app in apps]


def test_rates_are_those_of_a_token_bucket(house):
    walk(lambda: Asking(house), quick(examples=40, steps=25))


def test_a_request_sent_often_takes_effect_once(house, clients):
    walk(lambda: Repeating(house, clients), quick(examples=8, steps=8))


@pytest.mark.slow
def test_rates_are_those_of_a_token_bucket_far_and_wide(house):
    roam(lambda: Asking(house), wide(examples=500, steps=50))


@pytest.mark.slow
def test_a_request_sent_often_takes_effect_once_far_and_wide(house, clients):
    roam(lambda: Repeating(house, clients), wide(examples=60, steps=20))
