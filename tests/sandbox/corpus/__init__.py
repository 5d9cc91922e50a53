"""Programs against the sandbox, and programs it must not get in the way of.

`attacks()` and `benign()` give them as data; `model.py` says how an escape is recognised, with the policy and without.
"""

from tests.sandbox.corpus.model import Attack, Benign, attacks, benign, escape_of

__all__ = ["Attack", "Benign", "attacks", "benign", "escape_of"]
