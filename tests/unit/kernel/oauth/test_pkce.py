"""PKCE as RFC 7636 shows it in appendix B."""

from __future__ import annotations

import pytest

from kernel.oauth.pkce import challenge_of, is_proven

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_challenge_is_that_of_the_standard() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE
    assert is_proven(VERIFIER, CHALLENGE)


@pytest.mark.parametrize("challenge", ["", VERIFIER, f"{CHALLENGE}=", CHALLENGE.lower(), CHALLENGE[:-1], "größer"])
def test_another_challenge_is_not_proven(challenge: str) -> None:
    assert not is_proven(VERIFIER, challenge)
