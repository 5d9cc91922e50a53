"""Who is asking: users, passwords, second factors, sessions, access tokens, API keys, and the record of it (`trail`).

Owns the platform tables users, sessions, api_keys, auth_* and recovery_codes. Imports sdk, kernel.db, http, limits,
permissions, secrets, tenancy. Verbs: authenticate, sign_in, answer_second_factor, refresh_session, require_step_up.
"""
