"""What can be wrong with what is asked of a register; movements have their errors in sdk.document_errors."""

from __future__ import annotations

from sdk.errors import Forbidden, Invalid


class CompanyNotReadable(Forbidden):
    """You may not read the register {register} of the company {company_id}."""


class InvalidRegisterQuery(Invalid):
    """The question to the register {register} breaks {count} rule(s)."""
