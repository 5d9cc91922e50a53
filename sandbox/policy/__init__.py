"""The language applets are written in: source to checked code, every fault at once, nothing executed.

Owns what may be written, imported and named. Imports RestrictedPython and sdk.errors. Verbs: `check_sources`,
`compile_sources`, `is_stateless`.
"""

from sandbox.policy.compiling import CheckedProgram, check_sources, compile_sources
from sandbox.policy.statelessness import is_stateless
from sandbox.policy.violation import PolicyBroken, PolicyViolation

__all__ = ["CheckedProgram", "PolicyBroken", "PolicyViolation", "check_sources", "compile_sources", "is_stateless"]
