"""By what somebody can prove who they are, as sessions remember it."""

PASSWORD = "password"
TOTP, WEBAUTHN, RECOVERY_CODE = "totp", "webauthn", "recovery_code"
# A passkey by itself, which has verified its user.
PASSKEY = "passkey"
# What proves more than a password does.
SECOND_FACTORS = frozenset({TOTP, WEBAUTHN, RECOVERY_CODE, PASSKEY})
