"""Programs that act for users (OAuth 2.1), and users who log in elsewhere (OpenID Connect).

Owns the platform tables oauth_* and oidc_*. Imports sdk, kernel.auth, kernel.db, kernel.http, kernel.secrets.
Verbs: register_client, issue_code, answer_token_request, introspect, revoke, revoke_consent, find_or_link.
"""
