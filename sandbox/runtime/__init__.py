"""What applet code lives in: builtins, guards, modules and the sdk, all of them read only.

Owns the globals of applets. Imports the standard library, RestrictedPython, sdk and sandbox.policy, so that it runs in
a bare interpreter and on WASM. Verbs: `prepare_program`, then `start_call` for each call.
"""

from sandbox.runtime.program import FoundHook, Program, Run, prepare_program
from sandbox.runtime.texts import plain_value

__all__ = ["FoundHook", "Program", "Run", "plain_value", "prepare_program"]
