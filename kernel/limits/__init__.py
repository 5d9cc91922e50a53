"""Limits: how often callers may ask (token buckets) and how much a tenant may keep (quotas).

Owns the platform's `rate_buckets` and `usage`. Verbs: `RateLimits.admit`, `Quotas.spend`, `check_capacity`,
`measure_usage`. May import kernel.db, kernel.tenancy and sdk.
"""
