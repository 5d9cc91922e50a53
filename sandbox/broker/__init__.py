"""Answers what a worker asks in the middle of a call: a closed table of names, each a verb of the call's own `ctx`.

Imports sdk and sandbox.host. The user's permissions within the applet's capabilities hold because nothing else than
`ctx` is asked. Verbs: Broker.answer, Budgets.check, Budgets.spend.
"""

from sandbox.broker.broker import Broker
from sandbox.broker.budgets import Budgets
from sandbox.broker.errors import ArgumentUnfit, QuotaExceeded, RequestFailed
from sandbox.broker.quotas import Quotas

__all__ = ["ArgumentUnfit", "Broker", "Budgets", "QuotaExceeded", "Quotas", "RequestFailed"]
