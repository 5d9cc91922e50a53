"""Codes of authenticator apps by the vectors of the RFCs, and recovery codes."""

import json
from base64 import b32encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from kernel.auth import recovery, totp

VECTORS = Path(__file__).resolve().parents[5] / "shared" / "data" / "conformance" / "rfc_vectors.json"
# "12345678901234567890", as RFC 4226 and 6238 have it.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW = datetime(2026, 3, 10, 9, 0, 15, tzinfo=UTC)
STEP = int(NOW.timestamp()) // totp.STEP_S


@pytest.fixture(scope="module")
def vectors():
    if not VECTORS.exists():
        pytest.skip(f"the vectors of the RFCs are not there: {VECTORS}")
    return json.loads(VECTORS.read_text(encoding="utf-8"))


def test_codes_are_those_of_rfc_4226(vectors):
    wanted = vectors["rfc4226_hotp"]["codes"]
    assert [totp.code_at(SECRET, step) for step in range(len(wanted))] == wanted


def test_codes_are_those_of_rfc_6238(vectors):
    """Its codes have eight digits; fewer are the last of them (RFC 4226, 5.3)."""
    given = vectors["rfc6238_totp"]
    wanted = {seconds: sha1[-totp.DIGITS :] for seconds, sha1, *_ in given["rows"]}
    assert given["step"] == totp.STEP_S
    assert {seconds: totp.code_at(SECRET, seconds // totp.STEP_S) for seconds in wanted} == wanted


def test_all_hashes_of_rfc_6238_agree_with_the_library(vectors):
    given = vectors["rfc6238_totp"]
    for name, seed in given["secrets_ascii"].items():
        secret = totp_base32(seed)
        column = list(given["secrets_ascii"]).index(name) + 1
        codes = [pyotp.TOTP(secret, digits=8, digest=name.lower()).at(row[0]) for row in given["rows"]]
        assert codes == [row[column] for row in given["rows"]]


def totp_base32(seed):
    return b32encode(seed.encode()).decode()


@pytest.mark.parametrize(("aside", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_counts_one_step_early_or_late(aside, is_good):
    found = totp.find_step(SECRET, totp.code_at(SECRET, STEP + aside), NOW, None)
    assert found == (STEP + aside if is_good else None)


def test_a_code_counts_once_and_none_before_it_afterwards():
    code = totp.code_at(SECRET, STEP)
    assert totp.find_step(SECRET, code, NOW, STEP) is None
    assert totp.find_step(SECRET, totp.code_at(SECRET, STEP - 1), NOW, STEP) is None
    assert totp.find_step(SECRET, totp.code_at(SECRET, STEP + 1), NOW, STEP) == STEP + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "12 456", "１２３４５６", "-12345"])
def test_what_is_no_code_is_refused(code):
    assert totp.find_step(SECRET, code, NOW, None) is None


def test_a_secret_has_160_bits_and_is_read_from_the_uri():
    secret = totp.make_secret()
    uri = urlsplit(totp.provisioning_uri(secret, "ann@acme.example (acme)"))
    assert (len(secret), secret != totp.make_secret()) == (32, True)
    assert (uri.scheme, uri.netloc, parse_qs(uri.query)["secret"]) == ("otpauth", "totp", [secret])
    code = pyotp.parse_uri(uri.geturl()).at(NOW)
    assert totp.find_step(secret, code, NOW + timedelta(seconds=20), None) == STEP


def test_recovery_codes_are_ten_different_ones_of_80_bits():
    codes = recovery.make_codes()
    assert len(set(codes)) == 10
    assert {len(code.replace("-", "")) for code in codes} == {16}


def test_a_recovery_code_is_the_same_however_it_is_typed_and_belongs_to_one_user():
    assert recovery.digest("ann", "k3fm-x2qp-9dha-w7ru") == recovery.digest("ann", " K3FM X2QP9dha-w7ru ")
    assert recovery.digest("ann", "k3fm-x2qp-9dha-w7ru") != recovery.digest("bob", "k3fm-x2qp-9dha-w7ru")
