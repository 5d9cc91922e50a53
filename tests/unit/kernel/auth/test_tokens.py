"""Access tokens: signed, short-lived, of one algorithm only; and the opaque secrets beside them."""

import base64
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from kernel.auth.errors import TokenExpired, TokenInvalid
from kernel.auth.opaque import (
    API_KEY,
    REFRESH_TOKEN,
    derive_refresh_key,
    is_id,
    is_opaque,
    make_refresh_token,
    make_token,
    read_token,
    was_issued,
)
from kernel.auth.passwords import Passwords
from kernel.auth.proofs import Proof
from kernel.auth.records import ApiKey, Authority, Credentials, NewApiKey, Tokens, User
from kernel.auth.schemas import ChangePassword, LogIn, NewUser, Refresh, StepUp
from kernel.auth.tokens import TOKEN_CHARACTERS_MAX, Claims, key_id, read_access_token, sign_access_token
from sdk.identifiers import new_id

SECRET = "a secret of the installation, long enough for HS256"
OTHER = "a secret of some other installation, as long as ours"
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
CLAIMS = Claims("018f0000-0000-7000-8000-000000000001", "acme", "018f0000-0000-7000-8000-000000000002")
HEADERS = {"typ": "at+jwt", "kid": key_id(SECRET)}


def find_secret(kid):
    return SECRET if kid == key_id(SECRET) else None


def read(token, now=NOW):
    return read_access_token(find_secret, token, now)


def payload_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def good_token():
    return sign_access_token(SECRET, CLAIMS, NOW, 900)


def signed(headers=HEADERS, **changes):
    """A token whose payload has been tampered with before signing; a change to None leaves the claim out."""
    payload = {**payload_of(good_token()), **changes}
    kept = {key: value for key, value in payload.items() if value is not None}
    return jwt.encode(kept, SECRET, "HS256", headers=headers)


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def assembled(header, *, secret=SECRET, digest="sha256"):
    """A token under any header at all, signed rightly by that secret."""
    payload = segment(payload_of(good_token()))
    signature = hmac.digest(secret.encode(), f"{segment(header)}.{payload}".encode(), digest)
    return f"{segment(header)}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_a_token_gives_back_its_claims():
    assert read(good_token()) == CLAIMS


def test_a_token_put_together_by_hand_as_the_standard_says_is_read():
    assert read(assembled({"alg": "HS256", **HEADERS})) == CLAIMS


def test_a_token_says_who_where_for_whom_and_for_how_long():
    token = good_token()
    payload = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience="bos-api", issuer="bos", options={"verify_exp": False}
    )
    assert payload.pop("jti")
    assert payload == {
        "iss": "bos", "aud": "bos-api", "sub": CLAIMS.user_id, "tid": "acme", "sid": CLAIMS.session_id,
        "scopes": ["*"], "iat": 1773133200, "exp": 1773134100,
    }  # fmt: skip
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "at+jwt", "kid": key_id(SECRET)}
    assert SECRET not in key_id(SECRET)


def test_no_two_tokens_have_one_id():
    assert len({payload_of(good_token())["jti"] for _ in range(10)}) == 10


@pytest.mark.parametrize(("seconds", "is_good"), [(0, True), (899, True), (900, False), (10_000, False)])
def test_a_token_lives_as_long_as_its_clock_says(seconds, is_good):
    later = NOW + timedelta(seconds=seconds)
    if is_good:
        assert read(good_token(), later) == CLAIMS
    else:
        with pytest.raises(TokenExpired):
            read(good_token(), later)


def test_the_clock_at_hand_counts_and_not_the_one_of_the_machine():
    long_ago = datetime(1999, 1, 1, tzinfo=UTC)
    assert read(sign_access_token(SECRET, CLAIMS, long_ago, 60), long_ago) == CLAIMS


TAMPERED = {
    "nothing": lambda: "",
    "no token": lambda: "no token",
    "three letters": lambda: "a.b.c",
    "two segments": lambda: good_token().rpartition(".")[0],
    "four segments": lambda: good_token() + ".e30",
    "too long": lambda: "x" * (TOKEN_CHARACTERS_MAX + 1),
    "not ASCII": lambda: good_token().replace(".", ".é", 1),
    "alg none, unsigned": lambda: f"{segment({'alg': 'none', **HEADERS})}.{segment(payload_of(good_token()))}.",
    "alg None": lambda: assembled({"alg": "None", **HEADERS}),
    "alg HS512": lambda: assembled({"alg": "HS512", **HEADERS}, digest="sha512"),
    "alg HS384": lambda: assembled({"alg": "HS384", **HEADERS}, digest="sha384"),
    "alg RS256 with an HMAC": lambda: assembled({"alg": "RS256", **HEADERS}),
    "no alg": lambda: assembled(HEADERS),
    "another type": lambda: assembled({"alg": "HS256", "typ": "JWT", "kid": key_id(SECRET)}),
    "no type": lambda: assembled({"alg": "HS256", "kid": key_id(SECRET)}),
    "no key id": lambda: assembled({"alg": "HS256", "typ": "at+jwt"}),
    "a key id that is no text": lambda: assembled({"alg": "HS256", "typ": "at+jwt", "kid": ["x"]}),
    "a key id that is a path": lambda: assembled({"alg": "HS256", "typ": "at+jwt", "kid": "../../dev/null"}),
    "a key of its own": lambda: assembled({"alg": "HS256", **HEADERS, "jwk": {"kty": "oct", "k": "AAAA"}}),
    "a key elsewhere": lambda: assembled({"alg": "HS256", **HEADERS, "jku": "https://evil.example/keys"}),
    "critical extensions": lambda: assembled({"alg": "HS256", **HEADERS, "crit": ["exp"]}),
    "a header that is a list": lambda: assembled(["HS256"]),
    "the wrong key": lambda: sign_access_token(OTHER, CLAIMS, NOW, 900),
    "the wrong key under our id": lambda: assembled({"alg": "HS256", **HEADERS}, secret=OTHER),
    "no signature": lambda: good_token().rpartition(".")[0] + ".",
    "a longer signature": lambda: good_token() + "A",
    "a padded signature": lambda: good_token() + "=",
    "a swapped audience": lambda: signed(aud="another-api"),
    "several audiences": lambda: signed(aud=["bos-api", "another-api"]),
    "a swapped issuer": lambda: signed(iss="another"),
    "an expiry that is no number": lambda: signed(exp="never"),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_what_is_no_token_of_ours_is_refused(case):
    with pytest.raises(TokenInvalid):
        read(TAMPERED[case]())


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "tid", "sid", "exp", "scopes"])
def test_a_token_that_lacks_a_claim_is_refused(claim):
    with pytest.raises(TokenInvalid):
        read(signed(**{claim: None}))


def test_a_token_changed_in_any_place_is_refused():
    token = good_token()
    for place, character in enumerate(token):
        changed = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
        with pytest.raises(TokenInvalid):
            read(changed)


KEY = derive_refresh_key("the root secret")


def test_a_refresh_token_is_told_from_one_that_was_made_up():
    made = make_refresh_token(KEY, ID)
    assert was_issued(KEY, made)
    assert read_token(REFRESH_TOKEN, made.text) == made
    assert not was_issued(KEY, make_token(REFRESH_TOKEN, ID))
    assert not was_issued(KEY, replace(made, id=OTHER_ID))
    assert not was_issued(derive_refresh_key("another secret"), made)
    assert make_refresh_token(KEY, ID).secret != made.secret


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


ID, OTHER_ID = "01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058"


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
        StepUp(password="hush"),
        Proof(code="hush", recovery_code="hush", password="hush"),
    ],
)
def test_no_secret_is_shown(thing):
    assert "hush" not in repr(thing)
    assert getattr(thing, "secret", "hush") not in repr(thing)
