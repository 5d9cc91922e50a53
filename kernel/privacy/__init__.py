"""Privacy: what is known of a person, given to them or erased, and how long the law makes us keep what.

Owns kernel.retention_rule and kernel.erasure. Imports sdk, kernel.documents, secrets, expressions.
Verbs: export_subject (`export.py`), plan, erase (`erasure.py`), run_rules (`retention.py`).
"""
