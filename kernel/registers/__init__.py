"""Registers: append-only movements and their monthly totals, the read model of balances and turnovers.

Owns the tables movements, totals. Imports sdk, kernel.db, kernel.series (the nil company), permissions by the context.
Verbs: stage, reverse, take_staged, write_columns, check_non_negative, balance, turnover, listing, fold, rebuild_totals.
"""
