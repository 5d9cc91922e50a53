"""Secrets: the master key, the keys it wraps, and what is sealed with them.

Owns {p}.keyring and {t}.cipher_keys. Imports sdk, kernel.db, settings, parts.
Verbs: seal, open_sealed (`envelope.py`); protect, reveal (`fields.py`); rotate_master, rotate_tenant (`rotation.py`).
"""
