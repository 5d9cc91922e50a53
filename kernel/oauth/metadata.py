"""What clients find out by themselves: RFC 8414 and OpenID Connect Discovery 1.0, one document for both."""

from __future__ import annotations

from typing import Any

from kernel.oauth.issuer import AUTHORIZE_PATH, INTROSPECT_PATH, KEYS_PATH, REVOKE_PATH, TOKEN_PATH, USERINFO_PATH
from kernel.oauth.keys import ALGORITHM
from kernel.oauth.records import GRANT_TYPES
from kernel.oauth.scopes import IDENTITY_SCOPES

_SECRET_METHODS = ["client_secret_basic", "client_secret_post"]


def describe_server(issuer: str) -> dict[str, Any]:
    """The metadata. Permission scopes are not listed: there are as many as document types and actions."""
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE_PATH,
        "token_endpoint": issuer + TOKEN_PATH,
        "introspection_endpoint": issuer + INTROSPECT_PATH,
        "revocation_endpoint": issuer + REVOKE_PATH,
        "userinfo_endpoint": issuer + USERINFO_PATH,
        "jwks_uri": issuer + KEYS_PATH,
        "scopes_supported": list(IDENTITY_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [*_SECRET_METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": _SECRET_METHODS,
        "revocation_endpoint_auth_methods_supported": [*_SECRET_METHODS, "none"],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name", "email", "tid"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
