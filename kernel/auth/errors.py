"""Why somebody is not let in. No message says which part of a credential was wrong."""

from sdk.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated


class CredentialsMissing(Unauthenticated):
    """Log in first: send an access token or an API key as "Authorization: Bearer ..."."""


class InvalidCredentials(Unauthenticated):
    """Tenant, email and password do not belong together."""


class TokenInvalid(Unauthenticated):
    """The token or API key is not a valid one: log in again."""


class TokenExpired(Unauthenticated):
    """The token has expired: refresh it, or log in again."""


class SessionRevoked(Unauthenticated):
    """The session has ended: log in again."""


class KeyRevoked(Unauthenticated):
    """The API key was revoked or has expired: make a new one."""


class TenantSuspended(Forbidden):
    """The tenant {tenant} is suspended; ask the operator."""


class UserSuspended(Forbidden):
    """This user is suspended; ask an administrator."""


class LogInRequired(Forbidden):
    """This takes a person who has logged in: an API key cannot do it."""


class UserTooPowerful(Forbidden):
    """The user {email} may do more than you, so you can neither change the password nor make keys for them."""


class PasswordTooWeak(Invalid):
    """The password is refused."""


class EmailInvalid(Invalid):
    """{email} is not an email address."""


class EmailTaken(Conflict):
    """There is a user {email} already."""


class UserUnknown(NotFound):
    """There is no user {id}."""


class SessionUnknown(NotFound):
    """There is no session {id}."""


class ApiKeyUnknown(NotFound):
    """There is no API key {id}."""


class OwnSuspension(Conflict):
    """You cannot suspend yourself: somebody else must."""
