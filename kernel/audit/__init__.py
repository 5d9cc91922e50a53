"""The sealed event log: a chain of Merkle roots over it, its proof, its verification, its anchors outside the database.

Owns the table seals. May import db, context, events.horizon, lazy. Verbs: seal, verify, prove, export_anchors.
"""
