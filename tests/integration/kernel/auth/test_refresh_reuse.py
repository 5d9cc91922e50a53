"""Refresh tokens are good once; one that comes back ends its session (RFC 9700, 4.14.2)."""

from concurrent.futures import ThreadPoolExecutor

from kernel.auth.opaque import REFRESH_TOKEN, make_token, read_token
from tests.integration.kernel.auth.conftest import codes


def refresh(people, token):
    return people.post("/auth/refresh", {"refresh_token": token})


def test_a_token_used_twice_ends_the_session_with_all_its_tokens(people):
    first = people.tokens["bob"]
    second = refresh(people, first["refresh_token"]).json()
    people.clock.advance(11)
    assert codes(refresh(people, first["refresh_token"])) == [(401, "refresh_reused")]
    people.tokens["bob"] = second
    assert (
        codes(refresh(people, second["refresh_token"]), people.send("bob", "GET", "/auth/me"))
        == [(401, "session_revoked")] * 2
    )


def test_that_is_recorded_and_told_to_the_user(people):
    first = people.tokens["bob"]
    refresh(people, first["refresh_token"])
    people.clock.advance(11)
    refresh(people, first["refresh_token"])
    assert people.events("bob")[0] == "refresh.reused"
    people.enter("bob")
    notices = people.send("bob", "GET", "/kernel/notifications").json()["items"]
    assert [notice["title"] for notice in notices] == ["A session of yours was ended"]
    assert codes(refresh(people, first["refresh_token"])) == [(401, "session_revoked")]


def test_other_sessions_of_the_user_go_on(people):
    stolen, other = people.tokens["bob"], people.enter("bob")
    refresh(people, stolen["refresh_token"])
    people.clock.advance(11)
    refresh(people, stolen["refresh_token"])
    assert refresh(people, other["refresh_token"]).status_code == 200


def test_a_token_from_further_back_ends_the_session_too(people):
    first = people.tokens["bob"]["refresh_token"]
    token = first
    for _ in range(3):
        token = refresh(people, token).json()["refresh_token"]
    assert codes(refresh(people, first), refresh(people, token)) == [(401, "refresh_reused"), (401, "session_revoked")]


def test_for_a_moment_the_token_just_replaced_is_only_refused(people):
    """Two tabs of a browser refresh at once: one gets tokens, the other is told to use those."""
    first = people.tokens["bob"]["refresh_token"]
    second = refresh(people, first).json()["refresh_token"]
    people.clock.advance(9)
    assert codes(refresh(people, first)) == [(409, "refresh_superseded")]
    assert refresh(people, second).status_code == 200


def test_of_many_uses_at_one_moment_one_gets_tokens_and_the_session_lives(people):
    token = people.tokens["bob"]["refresh_token"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: refresh(people, token), range(6)))
    assert sorted(codes(*answers)) == [(200, None)] + [(409, "refresh_superseded")] * 5
    won = next(answer.json() for answer in answers if answer.status_code == 200)
    assert refresh(people, won["refresh_token"]).status_code == 200


def test_whoever_makes_a_token_up_ends_no_session(people):
    known = read_token(REFRESH_TOKEN, people.tokens["bob"]["refresh_token"])
    made_up = make_token(REFRESH_TOKEN, known.id)
    assert codes(refresh(people, made_up.text)) == [(401, "session_revoked")]
    assert refresh(people, known.text).status_code == 200


def test_an_access_token_dies_with_its_session_at_once(people):
    here = people.tokens["bob"]
    people.enter("bob")
    assert people.send("bob", "DELETE", f"/auth/sessions/{here['session_id']}").status_code == 204
    people.tokens["bob"] = here
    assert codes(people.send("bob", "GET", "/auth/me")) == [(401, "session_revoked")]
