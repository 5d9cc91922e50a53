"""Which versions of applets go together: the best set of them, or the fewest reasons why there is none.

Owns no table. Imports packaging, resolvelib and sdk; `check` the registry's plans and releases.
Verbs: `resolve`, `resolution_findings`.
"""

from registry.resolver.conflict import Conflict, NoSolution
from registry.resolver.fixes import Fix, FixKind
from registry.resolver.models import Candidate, Platform, Requirement, Solution, Unfitness
from registry.resolver.resolve import resolve

__all__ = [
    "Candidate",
    "Conflict",
    "Fix",
    "FixKind",
    "NoSolution",
    "Platform",
    "Requirement",
    "Solution",
    "Unfitness",
    "resolve",
]
