"""Access tokens: signed, short-lived, of one algorithm only; and the opaque secrets beside them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from kernel.auth.errors import TokenExpired, TokenInvalid
from kernel.auth.opaque import API_KEY, REFRESH_TOKEN, is_id, is_opaque, make_token, read_token
from kernel.auth.passwords import Passwords
from kernel.auth.records import ApiKey, Authority, Credentials, NewApiKey, Tokens, User
from kernel.auth.schemas import ChangePassword, LogIn, NewUser, Refresh
from kernel.auth.tokens import TOKEN_CHARACTERS_MAX, Claims, read_access_token, sign_access_token
from sdk.identifiers import new_id

SECRET = "a secret of the installation, long enough for HS256"
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
CLAIMS = Claims("018f0000-0000-7000-8000-000000000001", "acme", "018f0000-0000-7000-8000-000000000002")


def signed(**changes):
    """A token whose payload has been tampered with before signing; a change to None leaves the claim out."""
    token = sign_access_token(SECRET, CLAIMS, NOW, 900)
    payload = {**jwt.decode(token, options={"verify_signature": False}), **changes}
    return jwt.encode({key: value for key, value in payload.items() if value is not None}, SECRET, "HS256")


def test_a_token_gives_back_its_claims():
    token = sign_access_token(SECRET, CLAIMS, NOW, 900)
    assert read_access_token(SECRET, token, NOW) == CLAIMS


def test_a_token_says_who_where_and_for_how_long():
    payload = jwt.decode(sign_access_token(SECRET, CLAIMS, NOW, 900), options={"verify_signature": False})
    assert payload.pop("jti")
    assert payload == {
        "sub": CLAIMS.user_id, "tid": "acme", "sid": CLAIMS.session_id, "scopes": ["*"],
        "iat": 1773133200, "exp": 1773134100,
    }  # fmt: skip


def test_no_two_tokens_have_one_id():
    ids = {
        jwt.decode(sign_access_token(SECRET, CLAIMS, NOW, 900), options={"verify_signature": False})["jti"]
        for _ in range(10)
    }
    assert len(ids) == 10


@pytest.mark.parametrize(("seconds", "is_good"), [(0, True), (899, True), (900, False), (10_000, False)])
def test_a_token_lives_as_long_as_its_clock_says(seconds, is_good):
    token = sign_access_token(SECRET, CLAIMS, NOW, 900)
    later = NOW + timedelta(seconds=seconds)
    if is_good:
        assert read_access_token(SECRET, token, later) == CLAIMS
    else:
        with pytest.raises(TokenExpired):
            read_access_token(SECRET, token, later)


def test_the_clock_at_hand_counts_and_not_the_one_of_the_machine():
    long_ago = datetime(1999, 1, 1, tzinfo=UTC)
    token = sign_access_token(SECRET, CLAIMS, long_ago, 60)
    assert read_access_token(SECRET, token, long_ago) == CLAIMS


@pytest.mark.parametrize(
    "token",
    [
        "",
        "no token",
        "a.b.c",
        "x" * (TOKEN_CHARACTERS_MAX + 1),
        jwt.encode({"sub": "x"}, SECRET, "HS256"),
        jwt.encode({"sub": "x"}, "", "none"),
        jwt.encode({"sub": "x"}, SECRET * 2, "HS512"),
    ],
)
def test_what_is_no_token_of_ours_is_refused(token):
    with pytest.raises(TokenInvalid):
        read_access_token(SECRET, token, NOW)


def test_a_token_signed_with_another_secret_is_refused():
    token = sign_access_token(SECRET + "!", CLAIMS, NOW, 900)
    with pytest.raises(TokenInvalid):
        read_access_token(SECRET, token, NOW)


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_a_good_payload_under_another_algorithm_is_refused(algorithm):
    payload = jwt.decode(sign_access_token(SECRET, CLAIMS, NOW, 900), options={"verify_signature": False})
    token = jwt.encode(payload, None if algorithm == "none" else SECRET * 2, algorithm)
    with pytest.raises(TokenInvalid):
        read_access_token(SECRET, token, NOW)


@pytest.mark.parametrize("claim", ["sub", "tid", "sid", "iat", "exp", "jti", "scopes"])
def test_a_token_that_lacks_a_claim_is_refused(claim):
    with pytest.raises(TokenInvalid):
        read_access_token(SECRET, signed(**{claim: None}), NOW)


def test_an_opaque_token_is_read_back_and_matches_its_digest():
    made = make_token(API_KEY, new_id())
    read = read_token(API_KEY, made.text)
    assert read == made
    assert read.matches(made.digest)
    assert read.matches(memoryview(made.digest))
    assert len(made.digest) == 32


def test_an_opaque_token_with_another_secret_does_not_match():
    made = make_token(API_KEY, new_id())
    assert not replace(made, secret="A" * 43).matches(made.digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bos",
        "bos_1_2",
        "bos_" + "0" * 32 + "_short",
        "bosr_" + "0" * 32 + "_" + "A" * 43,
        "bos_" + "0" * 32 + "_" + "A" * 44,
    ],
)
def test_what_is_no_api_key_is_refused(text):
    with pytest.raises(TokenInvalid):
        read_token(API_KEY, text)


def test_a_refresh_token_is_no_api_key():
    assert is_opaque(API_KEY, make_token(API_KEY, new_id()).text)
    assert not is_opaque(API_KEY, make_token(REFRESH_TOKEN, new_id()).text)


ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize(("text", "is_one"), [(ID, True), ("x", False), (ID + "0", False), ("", False)])
def test_an_id_is_told_from_other_text(text, is_one):
    assert is_id(text) is is_one


USER = User("u", "t", "ann@acme.test", "Ann", "active", NOW)


@pytest.mark.parametrize(
    "thing",
    [
        Authority("hush", Passwords()),
        make_token(API_KEY, new_id()),
        Tokens("hush", "hush", "s", 900),
        NewApiKey(ApiKey("k", "u", "ci", ("*",), NOW), "hush"),
        Credentials(USER, None, "hush"),
        LogIn(tenant="acme", email="a@b", password="hush"),
        Refresh(refresh_token="hush"),
        ChangePassword(current="hush", new="hush"),
        NewUser(email="a@b", password="hush"),
    ],
)
def test_no_secret_is_shown(thing):
    assert "hush" not in repr(thing)
    assert getattr(thing, "secret", "hush") not in repr(thing)
