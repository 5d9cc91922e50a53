"""What the routes of the room answer, for the description of the API."""

from __future__ import annotations

from kernel.auth.factors import NewFactor
from kernel.auth.records import ApiKey, SessionRecord, Tokens, User
from kernel.auth.trail import AuthEvent
from kernel.http.shapes import (
    ANYTHING,
    COUNT,
    ID,
    INSTANT,
    TEXT,
    fields_of,
    items_of,
    listed,
    members,
    nullable,
    page_of,
)
from sdk.context import Actor, Tenant

TOKENS = fields_of(Tokens)
CHALLENGE = members(challenge=TEXT, expires_in_s=COUNT, webauthn=ANYTHING)
ME = members(actor=fields_of(Actor), tenant=fields_of(Tenant), roles=listed(TEXT))
SESSIONS = items_of(fields_of(SessionRecord))
ENDED = members(ended=COUNT)
# With passkeys among the factors there are options for the browser.
STEP_UP = members({"webauthn": ANYTHING}, challenge=TEXT, expires_in_s=COUNT, factors=listed(TEXT))

_FACTOR = members(id=ID, kind=TEXT, name=TEXT, created_at=INSTANT, used_at=nullable(INSTANT))
FACTORS = items_of(_FACTOR, recovery_codes_left=COUNT)
NEW_FACTOR = fields_of(NewFactor)
RECOVERY_CODES = members(recovery_codes=listed(TEXT))
TOTP_SECRET = members(id=ID, kind=TEXT, secret=TEXT, uri=TEXT)
AUTH_EVENTS = page_of(fields_of(AuthEvent))

USER = fields_of(User)
USERS = page_of(USER)
FACTORS_REMOVED = members(removed=COUNT)
PASSWORD_RESET = members(email=TEXT, token=TEXT, expires_at=INSTANT)

_KEY = fields_of(ApiKey)
KEYS = items_of(_KEY)
NEW_KEY = members(**_KEY["properties"], secret=TEXT)
