"""Full-text search over the x-search fields of all document types.

Owns the table search, a projection. May import db, context, documents, events.horizon, expressions, permissions.
Verbs: search, refresh, rebuild.
"""
