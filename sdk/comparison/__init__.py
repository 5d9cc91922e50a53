"""What changed between two releases' definitions, and what it means for documents and for who uses them.

Imports of the SDK definitions and lenses. Verbs: compare_applets, compare_types, compare_settings, compare_machines,
compare_registers, compare_roles, compare_reports; each answers with a list of SchemaChange.
"""

from sdk.comparison.applets import compare_applets
from sdk.comparison.changes import Impact, SchemaChange
from sdk.comparison.machines import compare_machines
from sdk.comparison.registers import compare_registers
from sdk.comparison.reports import compare_reports
from sdk.comparison.roles import compare_roles
from sdk.comparison.types import compare_settings, compare_types

__all__ = [
    "Impact", "SchemaChange", "compare_applets", "compare_machines", "compare_registers", "compare_reports",
    "compare_roles", "compare_settings", "compare_types",
]  # fmt: skip
