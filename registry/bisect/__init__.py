"""Owns no table. Finds the applets a request fails because of, on a copy of the tenant. Imports kernel and sdk.

Verbs: `find_culprits` (the search alone), `bisect_request`.
"""
