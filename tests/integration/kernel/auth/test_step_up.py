"""Dangerous actions take a fresh proof, by a second factor where there is one."""

import pytest

from kernel.auth.errors import LogInRequired, StepUpRequired
from kernel.auth.freshness import require_step_up
from kernel.auth.service import authenticate
from tests.integration.kernel.auth.authenticator import Authenticator
from tests.integration.kernel.auth.conftest import PASSWORD, codes

TTL_S = 600
LONG = TTL_S + 1

DANGEROUS = {
    "an API key": ("POST", "/api-keys", {"name": "ci", "scopes": ["*"]}),
    "an authenticator app": ("POST", "/auth/mfa/totp", {}),
    "a passkey": ("POST", "/auth/mfa/webauthn/challenge", None),
    "recovery codes": ("POST", "/auth/mfa/recovery-codes", None),
    "removing a factor": ("DELETE", "/auth/mfa/factors/x", None),
    "somebody's password": ("PATCH", "/users/{bob}", {"password": "a phrase quite anew"}),
    "a user with a password": ("POST", "/users", {"email": "{new}", "password": "a phrase quite anew"}),
    "a token for a new password": ("POST", "/users/{bob}/password-reset", None),
    "somebody's factors": ("DELETE", "/users/{bob}/factors", None),
    "making an administrator": ("POST", "/kernel/grants", {"actor_id": "{bob}", "role": "kernel.admin"}),
}


@pytest.mark.parametrize("action", DANGEROUS)
def test_a_proof_too_old_is_not_enough_for(people, action):
    method, path, body = DANGEROUS[action]
    bob = people.ids["bob"]
    values = {"{bob}": bob, "{new}": people.email("new")}
    filled = {key: values.get(str(value), value) for key, value in (body or {}).items()}
    people.clock.advance(LONG)
    answer = people.send("ann", method, path.replace("{bob}", bob), filled)
    assert codes(answer) == [(403, "step_up_required")]
    assert "/api/v1/auth/step-up" in answer.json()["detail"]
    assert people.send("ann", "POST", "/auth/step-up", {"password": PASSWORD}).status_code == 204
    repeated = people.send("ann", method, path.replace("{bob}", bob), filled)
    assert repeated.json().get("code") != "step_up_required" if repeated.content else True


def test_everything_else_goes_on_without(people):
    people.clock.advance(LONG)
    assert people.send("ann", "POST", "/kernel/grants", {"actor_id": "x", "role": "kernel.member"}).status_code == 201
    assert people.send("ann", "GET", "/users").status_code == 200


def test_a_role_that_comes_to_the_same_takes_the_proof_too(own_people):
    people = own_people
    role = {"name": "second", "title": "Second", "inherits": ["kernel.admin"]}
    assert people.send("ann", "POST", "/kernel/roles", role).status_code == 201
    people.clock.advance(LONG)
    grant = {"actor_id": people.ids["bob"], "role": "second"}
    assert codes(people.send("ann", "POST", "/kernel/grants", grant)) == [(403, "step_up_required")]


def test_a_role_somebody_has_takes_the_proof_to_become_as_powerful(own_people):
    people = own_people
    made = people.send("ann", "POST", "/kernel/roles", {"name": "clerk", "title": "Clerk"}).json()
    people.send("ann", "POST", "/kernel/grants", {"actor_id": people.ids["bob"], "role": "clerk"})
    secret = people.send("ann", "POST", "/api-keys", {"name": "ci", "scopes": ["*"]}).json()["secret"]
    people.tokens["robot"] = {"access_token": secret}
    people.clock.advance(LONG)

    def change(who, fields):
        token = people.tokens[who]["access_token"]
        headers = {"authorization": f"Bearer {token}", "if-match": '"1"'}
        return people.client.patch(f"/api/v1/kernel/roles/{made['id']}", json=fields, headers=headers)

    answers = [change(who, {"inherits": ["kernel.admin"]}) for who in ("ann", "robot")]
    assert codes(*answers) == [(403, "step_up_required"), (403, "log_in_required")]
    assert change("robot", {"title": "Clerks"}).status_code == 200


def test_who_has_no_factor_proves_it_by_the_password(people):
    people.clock.advance(LONG)
    asked = people.send("bob", "POST", "/auth/step-up/challenge").json()
    assert asked["factors"] == ["password"]
    refused = [
        people.send("bob", "POST", "/auth/step-up", {"password": "not the password"}),
        people.send("bob", "POST", "/auth/step-up", {"code": "123456"}),
    ]
    assert codes(*refused) == [(401, "invalid_credentials")] * 2
    assert people.send("bob", "POST", "/auth/step-up", {"password": PASSWORD}).status_code == 204
    assert people.events("bob")[0] == "step_up.passed"


def test_who_has_a_factor_proves_it_by_that_and_not_by_the_password(people):
    app, recovery_codes = people.add_app("bob")
    people.clock.advance(LONG)
    asked = people.send("bob", "POST", "/auth/step-up/challenge").json()
    assert asked["factors"] == ["totp", "recovery_code"]
    answers = [
        people.send("bob", "POST", "/auth/step-up", {"password": PASSWORD}),
        people.send("bob", "POST", "/auth/step-up", {"code": app.next_code()}),
        people.send("bob", "POST", "/auth/step-up", {"recovery_code": recovery_codes[0]}),
    ]
    assert codes(*answers) == [(401, "second_factor_invalid"), (204, None), (204, None)]


def test_a_passkey_answers_the_challenge_of_its_own_user_once(people):
    key = Authenticator()
    people.add_passkey("bob", key)
    asked = people.send("bob", "POST", "/auth/step-up/challenge").json()
    body = {"challenge": asked["challenge"], "credential": key.get(asked["webauthn"])}
    assert people.send("bob", "POST", "/auth/step-up", body).status_code == 204
    again = people.send("bob", "POST", "/auth/step-up", body)
    foreign = people.send("ann", "POST", "/auth/step-up", body)
    unasked = people.send("bob", "POST", "/auth/step-up", {"credential": key.get(asked["webauthn"])})
    assert codes(again, foreign, unasked) == [
        (401, "challenge_unknown"), (401, "invalid_credentials"), (401, "second_factor_invalid"),
    ]  # fmt: skip


def test_a_session_without_the_factor_is_not_fresh_once_there_is_one(people):
    before = people.tokens["bob"]
    people.enter("bob")
    people.add_app("bob")
    people.tokens["bob"] = before
    assert codes(people.send("bob", "POST", "/auth/mfa/totp", {})) == [(403, "step_up_required")]


def test_changing_ones_password_takes_the_factor_too(people):
    app, _ = people.add_app("bob")
    people.clock.advance(LONG)
    body = {"current": PASSWORD, "new": "quite another phrase"}
    assert codes(people.send("bob", "POST", "/auth/password", body)) == [(403, "step_up_required")]
    people.send("bob", "POST", "/auth/step-up", {"code": app.next_code()})
    assert people.send("bob", "POST", "/auth/password", body).status_code == 204


def test_an_api_key_can_prove_nothing(people):
    secret = people.send("ann", "POST", "/api-keys", {"name": "ci", "scopes": ["*"]}).json()["secret"]
    people.tokens["robot"] = {"access_token": secret}
    grant = {"actor_id": people.ids["bob"], "role": "kernel.admin"}
    answers = [
        people.send("robot", "POST", "/kernel/grants", grant),
        people.send("robot", "POST", "/auth/step-up", {"password": PASSWORD}),
        people.send("robot", "POST", "/auth/mfa/totp", {}),
    ]
    assert codes(*answers) == [(403, "log_in_required")] * 3
    with pytest.raises(LogInRequired):
        require_step_up(people.kernel, authenticate(people.kernel, f"Bearer {secret}"))


def test_others_may_ask_for_it_with_the_identity(people):
    header = f"Bearer {people.tokens['bob']['access_token']}"
    require_step_up(people.kernel, authenticate(people.kernel, header))
    people.clock.advance(LONG)
    with pytest.raises(StepUpRequired) as refused:
        require_step_up(people.kernel, authenticate(people.kernel, header))
    assert refused.value.details["minutes"] == 10
