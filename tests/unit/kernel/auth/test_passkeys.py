"""What an authenticator may answer, hostile answers included: all are refused in one way, none breaks anything."""

import random

import cbor2
import pytest

from kernel.auth.errors import PasskeyRefused, SecondFactorInvalid
from kernel.auth.factor_store import Factor
from kernel.auth.passkeys import (
    RelyingParty,
    assertion_options,
    credential_id,
    names_user,
    registration_options,
    verify_assertion,
    verify_registration,
)
from kernel.auth.records import User
from kernel.settings import Settings
from tests.integration.kernel.auth.authenticator import ATTESTED, Authenticator, encode
from tests.unit.kernel.auth.test_tokens import NOW

NONCE = b"n" * 32
OPTIONS = {"challenge": encode(NONCE)}
USER = User("018f0000-0000-7000-8000-000000000001", "t", "ann@acme.test", "", "active", NOW)
PARTY = RelyingParty("localhost", ("http://localhost:8000",))
STATEMENTS = [
    {}, [], "x", None, {"x5c": []}, {"x5c": [b"0\x82"], "sig": b"s", "alg": -7}, {"sig": b"s", "alg": -999},
    {"ver": "2.0", "certInfo": b"x", "pubArea": b"y", "x5c": [b"z"], "sig": b"", "alg": -257},
    {"ver": "1", "response": b"a.b.c"},
]  # fmt: skip
FORMATS = ["packed", "tpm", "android-key", "android-safetynet", "apple", "fido-u2f", "unheard", 1, None]


def answer(key, attestation):
    client = key._client("webauthn.create", encode(NONCE))
    return key._credential({"clientDataJSON": encode(client), "attestationObject": encode(attestation)})


def registered(key, data):
    return cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})


def data_of(key):
    return key._data(ATTESTED) + bytes(16) + len(key.id).to_bytes(2) + key.id + key._public_key()


@pytest.mark.parametrize(
    ("settings", "party"),
    [
        ({}, RelyingParty("localhost", ("http://localhost:8000",))),
        ({"public_url": "https://bos.acme.example"}, RelyingParty("bos.acme.example", ("https://bos.acme.example",))),
        (
            {
                "webauthn_rp_id": "acme.example",
                "webauthn_origins": ("https://a.acme.example", "https://b.acme.example"),
            },
            RelyingParty("acme.example", ("https://a.acme.example", "https://b.acme.example")),
        ),
    ],
)
def test_whom_passkeys_are_for_is_set_by_the_operator(settings, party):
    assert RelyingParty.of(Settings(**settings)) == party


def test_options_name_the_user_by_id_and_the_passkeys_there_are():
    known = [Factor("f", USER.id, "webauthn", "Key", NOW, credential_id=b"abc")]
    made = registration_options(PARTY, "Bos: Acme", USER, NONCE, known)
    assert (made["rp"], made["user"]["name"]) == ({"id": "localhost", "name": "Bos: Acme"}, "ann@acme.test")
    assert [each["id"] for each in made["excludeCredentials"]] == [encode(b"abc")]
    asked = assertion_options(PARTY, NONCE, known)
    assert (asked["challenge"], [each["id"] for each in asked["allowCredentials"]]) == (encode(NONCE), [encode(b"abc")])


@pytest.mark.parametrize("format", FORMATS)
def test_a_hostile_attestation_is_refused(format):
    key = Authenticator()
    for statement in STATEMENTS:
        attestation = cbor2.dumps({"fmt": format, "attStmt": statement, "authData": data_of(key)})
        with pytest.raises(PasskeyRefused):
            verify_registration(PARTY, NONCE, answer(key, attestation))


@pytest.mark.parametrize(
    "attestation",
    [
        b"",
        b"\x1b",
        b"\x9b" + b"\xff" * 8,
        b"\x5b" + b"\xff" * 8,
        b"\xbb" + b"\xff" * 8,
        b"\x81" * 100_000,
        b"\xa1" * 50_000,
        b"\xd9\xd9\xf7" * 1000,
    ],
    ids=["empty", "cut", "long list", "long bytes", "long map", "deep lists", "deep maps", "tags"],
)
def test_an_attestation_that_is_no_cbor_or_a_bomb_is_refused(attestation):
    with pytest.raises(PasskeyRefused):
        verify_registration(PARTY, NONCE, answer(Authenticator(), attestation))


def test_bytes_changed_at_random_are_refused_or_another_key_but_break_nothing():
    chance, key = random.Random(7), Authenticator()
    good, refused = data_of(key), 0
    for _ in range(300):
        data = bytearray(good)
        for _ in range(3):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            verify_registration(PARTY, NONCE, answer(key, registered(key, bytes(data[: chance.randint(1, len(data))]))))
        except PasskeyRefused:
            refused += 1
    assert refused > 250


def test_a_good_answer_gives_the_counter_and_a_spoilt_one_nothing():
    key = Authenticator()
    id, public_key, count = verify_registration(PARTY, NONCE, answer(key, registered(key, data_of(key))))
    factor = Factor("f", USER.id, "webauthn", "Key", NOW, credential_id=id, public_key=public_key, sign_count=count)
    assert (id, count) == (key.id, 0)
    assert verify_assertion(PARTY, NONCE, key.get(OPTIONS), factor) == 1
    assert credential_id(key.get(OPTIONS)) == key.id
    key.verifies_user = False
    assert verify_assertion(PARTY, NONCE, key.get(OPTIONS), factor) == 3
    with pytest.raises(SecondFactorInvalid):
        verify_assertion(PARTY, NONCE, key.get(OPTIONS), factor, is_alone=True)


@pytest.mark.parametrize(
    ("handle", "is_theirs"), [(None, True), (USER.id, True), ("018f0000-0000-7000-8000-000000000002", False)]
)
def test_a_user_handle_is_the_users(handle, is_theirs):
    response = {} if handle is None else {"userHandle": encode(bytes.fromhex(handle.replace("-", "")))}
    assert names_user({"response": response}, USER.id) is is_theirs
    assert not names_user({}, USER.id)
