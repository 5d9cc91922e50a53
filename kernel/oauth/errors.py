"""What can be wrong when clients, consents and providers are administered, or somebody logs in elsewhere."""

from sdk.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable


class OauthClientInvalid(Invalid):
    """The client breaks {count} rule(s)."""


class OauthClientUnknown(NotFound):
    """There is no OAuth client {id}."""


class OauthClientPublic(Conflict):
    """The client {id} is public: it has no secret to change."""


class ConsentUnknown(NotFound):
    """You have given no consent to the client {id}."""


class ProviderInvalid(Invalid):
    """The provider breaks {count} rule(s)."""


class ProviderUnknown(NotFound):
    """There is no identity provider {name}."""


class ProviderTaken(Conflict):
    """There is an identity provider {name} already."""


class ProviderAddressRefused(Invalid):
    """The address {url} is not called: {reason}."""


class ProviderUnreachable(Unavailable):
    """The identity provider does not answer as it should: {reason}."""


class ExternalLogInFailed(Unauthenticated):
    """The identity provider did not log you in: {reason}. Begin again."""


class ExternalLogInExpired(Unauthenticated):
    """This log-in took too long, was used before, or began in another browser. Begin again."""


class ExternalUserUnknown(Forbidden):
    """The identity provider knows you, but no user here belongs to you: ask an administrator."""


class LinkTaken(Conflict):
    """The subject {subject} is linked to a user already."""


class LinkUnknown(NotFound):
    """Nobody is linked to the subject {subject}."""


class CodeRequired(Unauthenticated):
    """Enter the code of your authenticator app, or a recovery code."""
