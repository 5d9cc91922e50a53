"""What can be wrong with movements and with what is asked of a register."""

from __future__ import annotations

from sdk.errors import Forbidden, Invalid


class ForeignRegister(Forbidden):
    """The applet {applet} may not record into {resource}: a register is written by the applet that declares it."""


class DimensionNotText(Invalid):
    """The dimension {dimension} of the register {register} is a text."""


class AmountInexact(Invalid):
    """{amount} is no exact amount of {resource} in the register {register}: give a Decimal."""


class CompanyNotReadable(Forbidden):
    """You may not read the register {register} of the company {company_id}."""


class InvalidRegisterQuery(Invalid):
    """The question to the register {register} breaks {count} rule(s)."""


class InvalidCursor(Invalid):
    """The cursor is not one of this list: begin again without it."""
