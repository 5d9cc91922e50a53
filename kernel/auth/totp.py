"""Codes of an authenticator app (TOTP, RFC 6238): six digits, SHA-1, thirty seconds, as all apps know them."""

from __future__ import annotations

import hmac
from datetime import datetime

from kernel.lazy import LazyModule

_pyotp = LazyModule("pyotp")

STEP_S = 30
DIGITS = 6
# The step before and the one after: a slow hand or a slow clock (RFC 6238, 5.2).
STEPS_ASIDE = 1
ISSUER = "Bos"


def make_secret() -> str:
    """160 random bits in base32, as RFC 4226 recommends."""
    return str(_pyotp.random_base32(32))


def provisioning_uri(secret: str, account: str, issuer: str = ISSUER) -> str:
    """What an app reads from a QR code."""
    return str(_pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer))


def code_at(secret: str, step: int) -> str:
    """The code of a time step (seconds since 1970 by thirty)."""
    return str(_pyotp.HOTP(secret, digits=DIGITS).at(step))


def find_step(secret: str, code: str, now: datetime, used_step: int | None) -> int | None:
    """The time step a code belongs to, among those that count now and come after the last one used; else None."""
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        return None
    today = int(now.timestamp()) // STEP_S
    fitting = [
        step
        for step in range(today - STEPS_ASIDE, today + STEPS_ASIDE + 1)
        if hmac.compare_digest(code_at(secret, step), code) and (used_step is None or step > used_step)
    ]
    return fitting[-1] if fitting else None
