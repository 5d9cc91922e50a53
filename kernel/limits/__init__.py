"""Limits: how often callers may ask (token buckets) and how much a tenant may keep (quotas).

Owns the platform's `rate_buckets` and `usage`. Verbs: `RateLimits.admit`, `Quotas.admit_*`, `admit_user`,
`set_limits`, `measure_usage`, `watch_usage`. May import kernel.db, kernel.tenancy and sdk.
"""
