"""Second factors as a client meets them: an app, recovery codes, passkeys that really sign."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel.auth import factor_store
from tests.integration.kernel.auth.authenticator import Authenticator
from tests.integration.kernel.auth.conftest import PASSWORD, codes


def challenge_of(answer):
    assert codes(answer) == [(401, "second_factor_required")]
    return answer.json()["challenge"]


def test_a_user_without_factors_logs_in_as_before(people):
    answer = people.log_in("bob")
    assert set(answer.json()) == {"access_token", "refresh_token", "session_id", "expires_in_s", "token_type"}


def test_an_app_is_added_by_a_code_of_it_and_asked_for_from_then_on(people):
    app, recovery_codes = people.add_app("bob")
    assert len(recovery_codes) == 10
    answer = people.log_in("bob")
    problem = answer.json()
    assert codes(answer) == [(401, "second_factor_required")]
    assert (problem["factors"], problem["expires_in_s"]) == (["totp", "recovery_code"], 300)
    assert "access_token" not in answer.text
    body = {"challenge": problem["challenge"], "code": app.next_code()}
    people.tokens["bob"] = people.post("/auth/second-factor", body).json()
    assert people.send("bob", "GET", "/auth/me").status_code == 200
    (now, before) = people.send("bob", "GET", "/auth/sessions").json()["items"]
    assert (now["methods"], before["methods"]) == (["password", "totp"], ["password", "totp"])


def test_an_app_that_was_never_confirmed_is_not_asked_for(people):
    begun = people.send("bob", "POST", "/auth/mfa/totp", {}).json()
    wrong = people.send("bob", "POST", f"/auth/mfa/totp/{begun['id']}/confirm", {"code": "000000"})
    assert codes(wrong) == [(401, "second_factor_invalid")]
    assert people.log_in("bob").status_code == 200
    assert people.send("bob", "GET", "/auth/mfa").json() == {"items": [], "recovery_codes_left": 0}


def test_the_secret_of_an_app_is_not_readable_in_the_database(people):
    secret = people.send("bob", "POST", "/auth/mfa/totp", {}).json()["secret"]
    (factor,) = people.do(factor_store.list_factors, people.ids["bob"], is_confirmed=False)
    assert secret.encode() not in bytes(factor.secret)


def test_a_code_is_good_once_even_in_two_log_ins_at_one_moment(people):
    app, _ = people.add_app("bob")
    challenges = [challenge_of(people.log_in("bob")) for _ in range(4)]
    code = app.next_code()
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda c: people.post("/auth/second-factor", {"challenge": c, "code": code}), challenges)
        )
    assert sorted(codes(*answers)) == [(200, None)] + [(401, "second_factor_invalid")] * 3


def test_the_code_that_confirmed_an_app_does_not_log_in_too(people):
    app, _ = people.add_app("bob")
    body = {"challenge": challenge_of(people.log_in("bob")), "code": app.code()}
    assert codes(people.post("/auth/second-factor", body)) == [(401, "second_factor_invalid")]


def test_a_challenge_is_answered_once_and_not_after_five_minutes(people):
    app, recovery_codes = people.add_app("bob")
    challenge = challenge_of(people.log_in("bob"))
    assert people.post("/auth/second-factor", {"challenge": challenge, "code": app.next_code()}).status_code == 200
    late = challenge_of(people.log_in("bob"))
    people.clock.advance(301)
    refused = [
        people.post("/auth/second-factor", {"challenge": challenge, "code": app.next_code()}),
        people.post("/auth/second-factor", {"challenge": late, "code": app.next_code()}),
        people.post("/auth/second-factor", {"challenge": "bosc_x", "recovery_code": recovery_codes[0]}),
    ]
    assert codes(*refused) == [(401, "challenge_unknown")] * 3


def test_a_challenge_does_not_outlive_a_change_of_the_password(people):
    app, _ = people.add_app("bob")
    challenge = challenge_of(people.log_in("bob"))
    changed = people.send("bob", "POST", "/auth/password", {"current": PASSWORD, "new": "quite another phrase"})
    assert changed.status_code == 204
    answer = people.post("/auth/second-factor", {"challenge": challenge, "code": app.next_code()})
    assert codes(answer) == [(401, "challenge_unknown")]


def test_recovery_codes_work_once_each_and_new_ones_replace_them(people):
    _, recovery_codes = people.add_app("bob")

    def enter(code):
        body = {"challenge": challenge_of(people.log_in("bob")), "recovery_code": code}
        return people.post("/auth/second-factor", body)

    assert codes(enter(recovery_codes[0].upper()), enter(recovery_codes[0])) == [
        (200, None), (401, "second_factor_invalid"),
    ]  # fmt: skip
    assert people.send("bob", "GET", "/auth/mfa").json()["recovery_codes_left"] == 9
    renewed = people.send("bob", "POST", "/auth/mfa/recovery-codes").json()["recovery_codes"]
    assert codes(enter(recovery_codes[1]), enter(renewed[0])) == [(401, "second_factor_invalid"), (200, None)]


def test_removing_the_last_factor_makes_the_password_enough_again(people):
    people.add_app("bob")
    (factor,) = people.send("bob", "GET", "/auth/mfa").json()["items"]
    assert (factor["kind"], factor["name"]) == ("totp", "Authenticator app")
    assert codes(people.send("ann", "DELETE", f"/auth/mfa/factors/{factor['id']}")) == [(404, "factor_unknown")]
    assert people.send("bob", "DELETE", f"/auth/mfa/factors/{factor['id']}").status_code == 204
    assert people.log_in("bob").status_code == 200
    assert people.send("bob", "GET", "/auth/mfa").json()["recovery_codes_left"] == 0
    assert people.events("bob")[:3] == ["session.opened", "factor.removed", "recovery_codes.made"]


def test_a_passkey_is_a_second_factor(people):
    key = Authenticator()
    added = people.add_passkey("bob", key)
    assert (added.status_code, added.json()["kind"], len(added.json()["recovery_codes"])) == (201, "webauthn", 10)
    asked = people.log_in("bob").json()
    assert asked["factors"] == ["webauthn", "recovery_code"]
    assert len(asked["webauthn"]["allowCredentials"]) == 1
    body = {"challenge": asked["challenge"], "credential": key.get(asked["webauthn"])}
    answer = people.post("/auth/second-factor", body)
    assert answer.status_code == 200
    assert codes(people.post("/auth/second-factor", body)) == [(401, "challenge_unknown")]


SPOILT = {
    "another challenge": lambda key, options: key.get(options | {"challenge": "AAAA"}),
    "another origin": lambda key, options: key.get(options, origin="https://evil.example"),
    "another ceremony": lambda key, options: key.get(options, type="webauthn.create"),
    "another key": lambda key, options: dict(Authenticator().get(options), id=key.get(options)["id"]),
    "another domain": lambda key, options: spoil(key, rp_id="evil.example").get(options),
    "a counter that stands still": lambda key, options: spoil(key, count=-1 + key.count).get(options),
    "nobody's key": lambda key, options: Authenticator().get(options),
    "nothing": lambda key, options: {},
    "no response": lambda key, options: dict(key.get(options), response={}),
    "a response that is a text": lambda key, options: dict(key.get(options), response="x"),
    "an id that is a number": lambda key, options: dict(key.get(options), rawId=7),
    "letters out of place": lambda key, options: dict(key.get(options), rawId="%%%"),
    "data that is no CBOR": lambda key, options: response_of(key, options, authenticatorData="AAAA"),
    "a signature that is none": lambda key, options: response_of(key, options, signature="AAAA"),
    "client data that is no JSON": lambda key, options: response_of(key, options, clientDataJSON="AAAA"),
}


def spoil(key, **changes):
    vars(key).update(changes)
    return key


def response_of(key, options, **changes):
    credential = key.get(options)
    return credential | {"response": credential["response"] | changes}


@pytest.mark.parametrize("case", SPOILT)
def test_a_passkeys_answer_is_refused_for(people, case):
    key = Authenticator()
    key.count = 5
    assert people.add_passkey("bob", key).status_code == 201
    asked = people.log_in("bob").json()
    body = {"challenge": asked["challenge"], "credential": SPOILT[case](key, asked["webauthn"])}
    assert codes(people.post("/auth/second-factor", body)) == [(401, "second_factor_invalid")]
    assert people.events("bob")[0] == "second_factor.failed"


@pytest.mark.parametrize("changes", [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}])
def test_a_passkey_of_another_page_is_not_registered(people, changes):
    answer = people.add_passkey("bob", spoil(Authenticator(), **changes))
    assert codes(answer) == [(422, "passkey_refused")]


def test_a_registration_that_is_no_credential_is_refused(people):
    for credential in ({}, {"id": 1}, {"id": "x", "rawId": "x", "type": "public-key", "response": {"a": 1}}):
        begun = people.send("bob", "POST", "/auth/mfa/webauthn/challenge").json()
        answer = people.send(
            "bob", "POST", "/auth/mfa/webauthn", {"challenge": begun["challenge"], "credential": credential}
        )
        assert codes(answer) == [(422, "passkey_refused")]


def test_a_passkey_is_registered_once_and_by_its_own_challenge(people):
    key = Authenticator()
    assert people.add_passkey("bob", key).status_code == 201
    assert codes(people.add_passkey("ann", key)) == [(409, "passkey_taken")]
    begun = people.send("bob", "POST", "/auth/mfa/webauthn/challenge").json()
    body = {"challenge": begun["challenge"], "credential": Authenticator().create(begun["webauthn"])}
    assert codes(people.send("ann", "POST", "/auth/mfa/webauthn", body)) == [(401, "challenge_unknown")]


def test_a_passkey_alone_logs_in_when_it_has_verified_its_user(people):
    key = Authenticator()
    people.add_passkey("bob", key)
    asked = people.post("/auth/passkey/challenge").json()
    assert asked["webauthn"].get("allowCredentials", []) == []
    assert asked["webauthn"]["userVerification"] == "required"
    body = {"challenge": asked["challenge"], "credential": key.get(asked["webauthn"])}
    people.tokens["bob"] = people.post("/auth/passkey", body).json()
    assert people.send("bob", "GET", "/auth/me").json()["actor"]["email"] == people.email("bob")
    assert codes(people.post("/auth/passkey", body)) == [(401, "challenge_unknown")]


def test_a_passkey_alone_is_not_enough_unless_it_verified_its_user_and_names_them(people):
    key = Authenticator()
    people.add_passkey("bob", key)
    key.verifies_user = False
    asked = people.post("/auth/passkey/challenge").json()
    unverified = {"challenge": asked["challenge"], "credential": key.get(asked["webauthn"])}
    key.verifies_user, key.user_handle = True, bytes(16)
    foreign = {"challenge": asked["challenge"], "credential": key.get(asked["webauthn"])}
    unknown = {"challenge": asked["challenge"], "credential": Authenticator().get(asked["webauthn"])}
    answers = [people.post("/auth/passkey", body) for body in (unverified, foreign, unknown)]
    assert codes(*answers) == [(401, "second_factor_invalid")] * 3


def test_a_challenge_for_a_log_in_answers_no_other_question(people):
    app, _ = people.add_app("bob")
    challenge = challenge_of(people.log_in("bob"))
    assert codes(people.post("/auth/passkey", {"challenge": challenge, "credential": {}})) == [
        (401, "challenge_unknown")
    ]
    asked = people.post("/auth/passkey/challenge").json()
    answer = people.post("/auth/second-factor", {"challenge": asked["challenge"], "code": app.next_code()})
    assert codes(answer) == [(401, "challenge_unknown")]


def test_a_user_has_ten_factors_at_most(people):
    assert [people.add_passkey("bob", Authenticator()).status_code for _ in range(10)] == [201] * 10
    assert codes(people.send("bob", "POST", "/auth/mfa/totp", {})) == [(429, "too_many_factors")]


@pytest.mark.parametrize("body", [{}, {"code": "123456", "recovery_code": "x"}])
def test_exactly_one_proof_is_sent(people, body):
    answer = people.post("/auth/second-factor", {"challenge": "bosc_x", **body})
    assert codes(answer) == [(422, "invalid_request")]


def test_an_administrator_takes_lost_factors_away(people):
    people.add_app("bob")
    path = f"/users/{people.ids['bob']}/factors"
    assert codes(people.send("bob", "DELETE", path)) == [(403, "permission_denied")]
    assert people.send("ann", "DELETE", path).json() == {"removed": 1}
    assert codes(people.send("bob", "GET", "/auth/me")) == [(401, "session_revoked")]
    assert people.log_in("bob").status_code == 200


def test_a_role_may_take_a_second_factor(own_people):
    people = own_people
    with people.kernel.operate(people.tenant) as ctx:
        values = {"second_factor_roles": ["kernel.member"]}
        ctx.documents.create("kernel.setting", {"applet": "kernel", "values": values})
    assert people.send("bob", "GET", "/auth/me").status_code == 200
    people.enter("bob")
    refused = [people.send("bob", "GET", "/auth/me"), people.send("bob", "GET", "/kernel/companies")]
    assert codes(*refused) == [(403, "second_factor_missing")] * 2
    people.add_app("bob")
    assert people.send("bob", "GET", "/kernel/companies").status_code == 200
    assert people.log_in("ann").status_code == 200
