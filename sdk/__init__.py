"""The contract between Bos and its applets: all an applet imports.

Owns hookspecs, decorators, protocols, values, errors, definitions. Imports the standard library, pluggy, packaging
and jsonschema only.
"""

from sdk import errors, hooks
from sdk.context import Actor, Context, Page, Tenant
from sdk.document import Document
from sdk.event import Event
from sdk.registers import Balance, Movement, Question
from sdk.values import decimal_text, round_half_up

__version__ = "1.0.0"

__all__ = [
    "Actor", "Balance", "Context", "Document", "Event", "Movement", "Page", "Question", "Tenant",
    "decimal_text", "errors", "hooks", "round_half_up",
]  # fmt: skip
