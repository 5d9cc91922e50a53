"""Invoices, credit notes, payments and what is open; posts into the ledger.

Imports sdk and itself. `hooks.py` is what the kernel calls, `rules.py` the pure rules it calls.
"""
