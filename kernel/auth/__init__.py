"""Who is asking: users, passwords, sessions, access tokens, API keys.

Owns the platform tables users, sessions, api_keys. Imports sdk, kernel.db, kernel.tenancy, kernel.permissions.
Verbs: authenticate, log_in, refresh, log_out, create_user, update_user, create_api_key, revoke_api_key.
"""
