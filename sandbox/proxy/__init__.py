"""Hooks of a sandboxed applet as plain functions, which the kernel takes like those of any module.

Imports sdk and the sandbox's broker, host and pool. Verbs: make_module, Caller.call.
"""

from sandbox.proxy.calling import Caller, Watcher
from sandbox.proxy.functions import make_module
from sandbox.proxy.raising import AppletFault

__all__ = ["AppletFault", "Caller", "Watcher", "make_module"]
