"""Customers, suppliers and contacts.

Imports sdk and itself. `hooks.py` is what the kernel calls, `rules.py` the pure rules it calls.
"""
