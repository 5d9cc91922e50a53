"""Who may do what: roles and grants compiled into decisions about actions, lists, fields, registers and reports.

Owns no table: roles and grants are documents. This module imports sdk only; service, guards and api the kernel.
Verbs: compile_permissions, compile_for, Permissions.check, .filter, .mask, .register, .report, explain.
"""

from kernel.permissions.compile import Grant, compile_permissions
from kernel.permissions.permissions import DENIED, Denied, Permissions
from kernel.permissions.rules import Rule

__all__ = ["DENIED", "Denied", "Grant", "Permissions", "Rule", "compile_permissions"]
