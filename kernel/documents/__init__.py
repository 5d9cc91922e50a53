"""Documents: JSONB records of declared types, with versions, keys, links, states, events and movements.

Owns the tables documents, keys, links. Imports sdk, kernel.db, events, permissions, registers, series, expressions.
Verbs: create, get, find, query, update, delete, restore, perform, create_many, revisions (`service.py`).
"""
