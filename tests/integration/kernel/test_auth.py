"""Logging in and out, keys, suspension: on the real tables."""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from dataclasses import replace
from datetime import timedelta

import pytest

from kernel.auth import service
from kernel.auth.errors import (
    ApiKeyUnknown,
    CredentialsMissing,
    EmailInvalid,
    EmailTaken,
    InvalidCredentials,
    KeyRevoked,
    PasswordTooWeak,
    SessionRevoked,
    SessionUnknown,
    TenantSuspended,
    TokenExpired,
    TokenInvalid,
    UserSuspended,
    UserUnknown,
)
from kernel.auth.passwords import Passwords
from kernel.auth.records import Authority, Origin
from kernel.auth.service import KEY_USE_NOTED_EVERY, authenticate
from kernel.auth.tokens import Claims, sign_access_token
from kernel.permissions.errors import ScopesInvalid
from sdk.identifiers import new_id

CHEAP = Passwords(memory_kib=64, passes=1, lanes=1)
PASSWORD = "correct horse battery"


class House:
    """A tenant with one user, Ann, and the verbs with their usual arguments."""

    def __init__(self, kernel, tenant):
        self.kernel, self.tenant = kernel, tenant
        self.authority = Authority(kernel.installation.token_secret, CHEAP, 900, 3600)
        self.ann = self.do(service.create_user, CHEAP, tenant.id, "Ann@Acme.test ", kernel.clock(), password=PASSWORD)

    def do(self, verb, *arguments, **named):
        with self.kernel.database.platform() as uow:
            result = verb(uow, *arguments, **named)
            uow.commit()
        return result

    def log_in(self, password=PASSWORD, email="ann@acme.test", tenant=None, origin=None):
        tenant = tenant or self.tenant.name
        return self.do(service.log_in, self.authority, tenant, email, password, self.kernel.clock(), origin=origin)

    def refresh(self, token, authority=None):
        return self.do(service.refresh, authority or self.authority, token, self.kernel.clock())

    def make_key(self, *scopes, **named):
        return self.do(service.create_api_key, self.ann.id, "ci", scopes or ["*"], self.kernel.clock(), **named)

    def enter(self, token):
        return authenticate(self.kernel, f"Bearer {token}")


@pytest.fixture
def house(kernel, tenant):
    return House(kernel, tenant)


def test_who_logs_in_is_recognized_by_the_access_token(house):
    tokens = house.log_in()
    identity = house.enter(tokens.access_token)
    assert (identity.actor.id, identity.actor.kind, identity.actor.email) == (house.ann.id, "user", "ann@acme.test")
    assert identity.tenant == house.tenant
    assert (identity.scopes, identity.session_id, identity.key_id) == (None, tokens.session_id, None)
    assert (tokens.expires_in_s, tokens.token_type) == (900, "Bearer")


@pytest.mark.parametrize(
    ("where", "email", "password"),
    [
        (None, "ann@acme.test", "wrong password"),
        (None, "bob@acme.test", PASSWORD),
        ("nowhere", "ann@acme.test", PASSWORD),
    ],
)
def test_wrong_credentials_are_refused_alike(house, where, email, password):
    with pytest.raises(InvalidCredentials) as refused:
        house.log_in(password, email, where)
    assert str(refused.value) == "Tenant, email and password do not belong together."


def test_an_email_of_another_tenant_does_not_log_in_here(house, new_tenant):
    with pytest.raises(InvalidCredentials):
        house.log_in(tenant=new_tenant().name)


def test_a_user_without_password_cannot_log_in(house):
    house.do(service.create_user, CHEAP, house.tenant.id, "robot@acme.test", house.kernel.clock())
    with pytest.raises(InvalidCredentials):
        house.log_in("", "robot@acme.test")


@pytest.mark.parametrize("change", ["password", "state"])
def test_a_log_in_does_not_outlive_what_happened_while_the_password_was_checked(house, change):
    now = house.kernel.clock()
    found = house.do(service.find_credentials, house.tenant.name, "ann@acme.test")
    checked = service.check_password(CHEAP, found, PASSWORD)
    if change == "password":
        house.do(service.set_password, CHEAP, house.ann, "another good password", now)
    else:
        house.do(service.suspend_user, house.tenant.id, house.ann.id, now)
    # At another cost: the old password would be hashed anew, over the new one.
    authority = replace(house.authority, passwords=Passwords(memory_kib=128, passes=1, lanes=1))
    with pytest.raises(InvalidCredentials):
        house.do(service.open_session, authority, checked, PASSWORD, Origin(), now)
    assert house.do(service.list_sessions, house.ann.id, now) == []
    if change == "password":
        assert house.log_in("another good password").session_id


def test_logging_in_notes_when_and_where(house):
    house.log_in(origin=Origin("203.0.113.7", "curl"))
    (session,) = house.do(service.list_sessions, house.ann.id, house.kernel.clock())
    assert (session.address, session.user_agent) == ("203.0.113.7", "curl")
    assert session.expires_at - session.created_at == timedelta(seconds=3600)
    assert house.do(service.get_user, house.tenant.id, house.ann.id).last_login_at is not None


def test_a_password_is_hashed_anew_when_its_cost_is_out_of_date(house):
    house.authority = replace(house.authority, passwords=Passwords(memory_kib=128, passes=1, lanes=1))
    house.log_in()
    found = house.do(service.find_credentials, house.tenant.name, "ann@acme.test")
    assert "$m=128," in found.password_hash
    house.log_in()


def test_refreshing_gives_new_tokens_and_ends_the_old_refresh_token(house):
    first = house.log_in()
    second = house.refresh(first.refresh_token)
    assert second.session_id == first.session_id
    assert second.refresh_token != first.refresh_token
    assert house.enter(second.access_token).session_id == first.session_id
    house.refresh(second.refresh_token)


def test_a_session_not_refreshed_in_time_is_over(house):
    house.authority = replace(house.authority, refresh_token_ttl_s=0)
    tokens = house.log_in()
    with pytest.raises(SessionRevoked):
        house.refresh(tokens.refresh_token)
    with pytest.raises(SessionRevoked):
        house.enter(tokens.access_token)


def test_logging_out_ends_access_and_refresh_at_once_and_may_be_repeated(house):
    tokens, other = house.log_in(), house.log_in()
    for _ in range(2):
        house.do(service.log_out, house.ann.id, tokens.session_id, house.kernel.clock())
    with pytest.raises(SessionRevoked):
        house.enter(tokens.access_token)
    with pytest.raises(SessionRevoked):
        house.refresh(tokens.refresh_token)
    assert house.enter(other.access_token).session_id == other.session_id


def test_only_ones_own_sessions_can_be_revoked(house):
    tokens = house.log_in()
    bob = house.do(service.create_user, CHEAP, house.tenant.id, "bob@acme.test", house.kernel.clock())
    for user_id, session_id in [(bob.id, tokens.session_id), (house.ann.id, new_id()), (house.ann.id, "no id")]:
        with pytest.raises(SessionUnknown):
            house.do(service.revoke_session, user_id, session_id, house.kernel.clock())
    house.do(service.revoke_session, house.ann.id, tokens.session_id, house.kernel.clock())
    assert house.do(service.list_sessions, house.ann.id, house.kernel.clock()) == []


def test_an_expired_token_is_refused(house):
    house.authority = replace(house.authority, access_token_ttl_s=0)
    with pytest.raises(TokenExpired):
        house.enter(house.log_in().access_token)


@pytest.mark.parametrize("change", ["user_id", "tenant"])
def test_a_token_must_agree_with_its_session(house, change):
    claims = Claims(house.ann.id, house.tenant.name, house.log_in().session_id)
    token = sign_access_token(
        house.authority.token_secret, replace(claims, **{change: new_id()}), house.kernel.clock(), 900
    )
    with pytest.raises(TokenInvalid):
        house.enter(token)


def test_a_token_of_a_session_that_never_was_is_refused(house):
    claims = Claims(house.ann.id, house.tenant.name, new_id())
    with pytest.raises(SessionRevoked):
        house.enter(sign_access_token(house.authority.token_secret, claims, house.kernel.clock(), 900))


@pytest.mark.parametrize("header", [None, "", "Basic YW5uOnB3", "Bearer", "Bearer ", "Bearer x", "bearer bos_1_2"])
def test_a_header_without_good_credentials_is_refused(kernel, header):
    with pytest.raises((CredentialsMissing, TokenInvalid)) as refused:
        authenticate(kernel, header)
    assert refused.value.status == 401


def test_a_user_renamed_while_being_suspended_stays_suspended(house):
    tenant_id, ann, now = house.tenant.id, house.ann.id, house.kernel.clock()
    with ThreadPoolExecutor(1) as other:
        with house.kernel.database.platform() as uow:
            service.suspend_user(uow, tenant_id, ann, now)
            renaming = other.submit(house.do, service.rename_user, tenant_id, ann, "Ann B.")
            with pytest.raises(StillWaiting):
                renaming.result(0.3)
            uow.commit()
        renaming.result(10)
    user = house.do(service.get_user, tenant_id, ann)
    assert (user.name, user.state) == ("Ann B.", "suspended")


def test_a_suspended_user_is_out_at_once_and_logs_in_again_when_resumed(house):
    tokens, key = house.log_in(), house.make_key()
    house.do(service.suspend_user, house.tenant.id, house.ann.id, house.kernel.clock())
    with pytest.raises(SessionRevoked):
        house.enter(tokens.access_token)
    with pytest.raises(UserSuspended):
        house.enter(key.secret)
    with pytest.raises(UserSuspended):
        house.log_in()
    with pytest.raises(InvalidCredentials):
        house.log_in("wrong password")
    house.do(service.resume_user, house.tenant.id, house.ann.id, house.kernel.clock())
    assert house.enter(house.log_in().access_token).actor.id == house.ann.id
    assert house.enter(key.secret).key_id == key.key.id


def test_users_of_a_suspended_tenant_are_out_at_once(house, tenants):
    tokens, key = house.log_in(), house.make_key()
    tenants.suspend_tenant(house.tenant.name)
    for attempt in (
        lambda: house.enter(tokens.access_token),
        lambda: house.enter(key.secret),
        lambda: house.refresh(tokens.refresh_token),
        house.log_in,
    ):
        with pytest.raises(TenantSuspended):
            attempt()
    tenants.resume_tenant(house.tenant.name)
    assert house.enter(tokens.access_token).tenant.state == "active"


def test_an_api_key_acts_as_its_user_within_its_scopes(house):
    made = house.make_key("sales.*:read", "reports:run")
    identity = house.enter(made.secret)
    assert (identity.actor.id, identity.actor.kind) == (house.ann.id, "key")
    assert identity.scopes == {"sales.*:read", "reports:run"}
    assert (identity.session_id, identity.key_id) == (None, made.key.id)
    assert house.enter(house.make_key("*").secret).scopes is None


def test_the_secret_of_a_key_is_not_stored(house):
    made = house.make_key()
    with house.kernel.database.platform() as uow:
        (row,) = uow.execute("SELECT k::text FROM {p}.api_keys k WHERE id = %s", [made.key.id]).fetchall()
    assert made.secret.rsplit("_", 1)[1] not in row[0]


def test_a_key_with_one_wrong_letter_is_refused(house):
    secret = house.make_key().secret
    with pytest.raises(TokenInvalid):
        house.enter(secret[:-1] + ("A" if secret[-1] != "A" else "B"))


def test_a_revoked_or_expired_key_is_refused_at_once(house):
    kept, gone = house.make_key(), house.make_key()
    expired = house.make_key(expires_at=house.kernel.clock())
    house.do(service.revoke_api_key, house.ann.id, gone.key.id, house.kernel.clock())
    for made in (gone, expired):
        with pytest.raises(KeyRevoked):
            house.enter(made.secret)
    assert [key.id for key in house.do(service.list_api_keys, house.ann.id)] == [kept.key.id, expired.key.id]
    with pytest.raises(ApiKeyUnknown):
        house.do(service.revoke_api_key, house.ann.id, gone.key.id, house.kernel.clock())


def test_a_key_with_bad_scopes_is_not_made(house):
    with pytest.raises(ScopesInvalid):
        house.make_key("everything")
    assert house.do(service.list_api_keys, house.ann.id) == []


def test_the_use_of_a_key_is_noted_now_and_then(house):
    made, clock = house.make_key(), house.kernel.clock
    house.enter(made.secret)
    (first,) = house.do(service.list_api_keys, house.ann.id)
    house.enter(made.secret)
    (second,) = house.do(service.list_api_keys, house.ann.id)
    assert first.used_at is not None
    assert second.used_at == first.used_at
    clock.now += KEY_USE_NOTED_EVERY
    house.enter(made.secret)
    (third,) = house.do(service.list_api_keys, house.ann.id)
    assert third.used_at >= first.used_at + KEY_USE_NOTED_EVERY


def test_emails_are_kept_in_lower_case_and_once_per_tenant(house, new_tenant):
    assert house.ann.email == "ann@acme.test"
    with pytest.raises(EmailTaken):
        house.do(service.create_user, CHEAP, house.tenant.id, "ANN@acme.TEST", house.kernel.clock())
    elsewhere = house.do(service.create_user, CHEAP, new_tenant().id, "ann@acme.test", house.kernel.clock())
    assert elsewhere.id != house.ann.id


@pytest.mark.parametrize("email", ["", "ann", "ann@", "@acme.test", "a b@acme.test", "a@b@c", "a@" + "b" * 260])
def test_what_is_no_email_address_is_refused(house, email):
    with pytest.raises(EmailInvalid) as refused:
        house.do(service.create_user, CHEAP, house.tenant.id, email, house.kernel.clock())
    assert refused.value.violations[0].pointer == "/email"


def test_a_user_with_a_weak_password_is_not_created(house):
    with pytest.raises(PasswordTooWeak):
        house.do(service.create_user, CHEAP, house.tenant.id, "bob@acme.test", house.kernel.clock(), password="short")
    assert house.do(service.find_user_by_email, house.tenant.name, "bob@acme.test") is None


def test_users_are_listed_by_email_page_by_page(house):
    for name in ("zoe", "bob", "kim"):
        house.do(service.create_user, CHEAP, house.tenant.id, f"{name}@acme.test", house.kernel.clock())
    first = house.do(service.list_users, house.tenant.id, limit=3)
    rest = house.do(service.list_users, house.tenant.id, after=first[-1].email)
    assert [user.email[:3] for user in (*first, *rest)] == ["ann", "bob", "kim", "zoe"]


def test_a_user_of_another_tenant_is_unknown_here(house, new_tenant):
    for tenant_id, user_id in [(new_tenant().id, house.ann.id), (house.tenant.id, new_id()), (house.tenant.id, "x")]:
        with pytest.raises(UserUnknown):
            house.do(service.get_user, tenant_id, user_id)


def test_a_user_is_renamed_and_nothing_else_changes(house):
    renamed = house.do(service.rename_user, house.tenant.id, house.ann.id, "Ann Archer")
    assert renamed == replace(house.ann, name="Ann Archer")


def test_setting_a_password_ends_all_sessions(house):
    tokens = house.log_in()
    house.do(service.set_password, CHEAP, house.ann, "another good password", house.kernel.clock())
    with pytest.raises(SessionRevoked):
        house.enter(tokens.access_token)
    with pytest.raises(InvalidCredentials):
        house.log_in()
    house.log_in("another good password")


def test_changing_ones_own_password_takes_the_old_one_and_keeps_this_session_only(house):
    here, elsewhere = house.log_in(), house.log_in()
    identity = house.enter(here.access_token)

    def change(current, new):
        house.do(
            service.change_password, CHEAP, identity, current, new, house.kernel.clock(), session_id=here.session_id
        )

    with pytest.raises(InvalidCredentials):
        change("not my password", "another good password")
    with pytest.raises(PasswordTooWeak):
        change(PASSWORD, "short")
    change(PASSWORD, "another good password")
    assert house.enter(here.access_token).actor.id == house.ann.id
    with pytest.raises(SessionRevoked):
        house.enter(elsewhere.access_token)
