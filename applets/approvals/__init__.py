"""Approval of invoices above a limit, and notices of payments; written as a third party would.

Imports sdk and itself. `hooks.py` is what the kernel calls, `rules.py` the pure rules it calls.
"""
