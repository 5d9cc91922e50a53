"""Secrets never reach a log line."""

import pytest

from kernel.telemetry.redaction import REDACTED, redact, redact_text


@pytest.mark.parametrize(
    "key",
    ["password", "Password", "new_password", "access_token", "refreshToken", "authorization", "Cookie", "api_key",
     "apiKey", "token_secret", "database_dsn", "private_key"],
)  # fmt: skip
def test_members_with_telling_names_are_blanked(key):
    assert redact({"a": [{key: "hunter2"}], "b": 1}) == {"a": [{key: REDACTED}], "b": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"),
        ("basic dXNlcjpwYXNz!", "basic [redacted]!"),
        ("postgresql://bos:hunter2@127.0.0.1/bos", "postgresql://bos:[redacted]@127.0.0.1/bos"),
        ("host=x password=hunter2 port=5", "host=x password=[redacted] port=5"),
        ("token eyJhbGci.eyJzdWIi.c2ln end", "token eyJ[redacted] end"),
        ("nothing to hide at https://example.org/a:b", "nothing to hide at https://example.org/a:b"),
    ],
)
def test_texts_that_look_like_secrets_are_blanked(text, expected):
    assert redact_text(text) == expected


def test_a_missing_secret_is_told_as_missing():
    assert redact({"password": None}) == {"password": None}


def test_what_nests_too_deeply_is_still_redacted():
    value = "Bearer abc"
    for _ in range(20):
        value = {"x": value}
    assert "abc" not in str(redact(value))


def test_other_values_stay_as_they_are():
    assert redact({"n": 1, "t": (1, "x"), "f": 1.5}) == {"n": 1, "t": [1, "x"], "f": 1.5}
