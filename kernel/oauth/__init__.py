"""Programs that act for users (OAuth 2.1), and users who log in elsewhere (OpenID Connect).

Owns the platform tables oauth_* and oidc_*. Imports sdk, kernel.auth, kernel.db, kernel.http, kernel.permissions.
Verbs: register_client, authorize, exchange, introspect, revoke, begin_log_in, finish_log_in.
"""
