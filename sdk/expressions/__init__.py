"""The one expression language: a checked subset of Python expressions, never `eval`ed.

Owns the grammar, its limits and its evaluation in Python; imports the standard library and sdk.errors, sdk.values.
Verbs: parse, Expression.evaluate, Expression.holds, Expression.to_json, from_json, scope_of, rename_names.
"""

from sdk.expressions.errors import EvaluationTooLong, InvalidExpression
from sdk.expressions.expression import Expression, from_json, parse
from sdk.expressions.rename import rename_names
from sdk.expressions.scope import scope_of

__all__ = ["EvaluationTooLong", "Expression", "InvalidExpression", "from_json", "parse", "rename_names", "scope_of"]
