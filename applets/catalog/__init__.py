"""Products, units and price lists; answers what a product costs.

Imports sdk and itself. `hooks.py` is what the kernel calls, `rules.py` the pure rules it calls.
"""
