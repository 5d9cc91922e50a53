"""Accounts, periods and journal entries; answers exchange rates.

Imports sdk and itself. `hooks.py` is what the kernel calls, `rules.py` the pure rules it calls.
"""
