"""Numbers of documents: as their type's series says, at the action it names.

A gapless number comes from a row that stays locked until the commit, so it is taken by the very statement that writes
the document, unless somebody asks for it before. Until then a placeholder stands for it in what is to be written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from kernel.context import KernelContext
from kernel.series.service import NO_COMPANY, next_number
from sdk.document import SYSTEM_FIELDS, Document
from sdk.schema import DocumentType
from sdk.schema.numbering import NumberRule

# Of Unicode's private use: nothing people write.
_MARK = "\ue000"
_MARK_BYTES = 5


@dataclass(frozen=True, slots=True)
class LateNumber:
    """A number that is still to be taken. token: what stands for it, as long as the shortest number there is."""

    token: str
    series: str
    company_id: str
    period: str
    rule: NumberRule
    day: date

    def format(self, value: int) -> str:
        return self.rule.format(value, self.day)

    @property
    def parts(self) -> tuple[str, int, str]:
        """What stands before the digits, how many of them there are at least, and what stands behind."""
        before, _, rest = self.rule.pattern.partition("{number")
        digits, _, after = rest.partition("}")
        year, month = f"{self.day.year:04}", f"{self.day.month:02}"
        return (
            before.format(year=year, month=month),
            int(digits.removeprefix(":0") or 1),
            after.format(year=year, month=month),
        )


class Unnumbered(Document):
    """A document whose number is taken when somebody reads it, at the latest with its write."""

    @classmethod
    def of(cls, ctx: KernelContext, document: Document, late: LateNumber) -> Unnumbered:
        made = cls(**document.__dict__)
        made.__dict__["_pending"] = (ctx, late)
        return made

    @property
    def number(self) -> str | None:
        self.settle()
        taken: str | None = self.__dict__["number"]
        return taken

    @number.setter
    def number(self, value: str | None) -> None:
        self.__dict__["number"] = value

    @property
    def late(self) -> LateNumber | None:
        """The number as long as it was not taken."""
        pending = self.__dict__.get("_pending")
        return pending[1] if pending else None

    def settle(self, value: int | None = None) -> None:
        """Give it its number: this value of the series, or the next one, taken now."""
        if self.late is None:
            return
        ctx, late = self.__dict__.pop("_pending")
        if value is None:
            value = next_number(ctx.uow, late.series, late.company_id, late.period)
        self.number = late.format(value)

    def copy(self) -> Document:
        plain = Document(**{name: value for name, value in self.__dict__.items() if name != "_pending"})
        return plain.copy()

    def scope(self) -> dict[str, object]:
        """Without its number, unless that was taken."""
        return {**self.fields, **{name: self.__dict__[name] for name in SYSTEM_FIELDS}}


def assign_number(ctx: KernelContext, type: DocumentType, document: Document, action: str) -> Document:
    """The document, numbered if this is the moment for it; a number once given stays."""
    rule = type.number
    if rule is None or rule.on != action or document.number is not None:
        return document
    day = (document.get(rule.date) if rule.date else None) or ctx.today
    if rule.gapless:
        return _number_late(ctx, type, document, rule, day)
    tenant, kernel, period = ctx.runtime.tenant, ctx.kernel, rule.period(day)
    value = kernel.numbers.take(
        lambda: kernel.database.transaction(tenant, aside=True), tenant.id, type.name, document.company_id, period
    )
    document.number = rule.format(value, day)
    return document


def _number_late(ctx: KernelContext, type: DocumentType, document: Document, rule: NumberRule, day: date) -> Document:
    shortest = rule.format(1, day)
    token = (_MARK + os.urandom(_MARK_BYTES).hex() + _MARK).ljust(len(shortest), _MARK)
    late = LateNumber(token, type.name, document.company_id or NO_COMPANY, rule.period(day), rule, day)
    unnumbered = Unnumbered.of(ctx, document, late)
    # In JSON a number must look as it does outside; an expression may do anything with it.
    is_plain = orjson.dumps(shortest) == f'"{shortest}"'.encode()
    if (
        not is_plain
        or ctx.work.bulk is not None
        or any("number" in field.computed.names for field in type.computed if field.computed)
    ):
        unnumbered.settle()
    else:
        ctx.work.late[token] = unnumbered
    return unnumbered


def settle_number(document: Document) -> None:
    """Take the number now, if it is one that waits for somebody to read it."""
    if isinstance(document, Unnumbered):
        document.settle()


def number_of(document: Document) -> str | None:
    """The number, or what stands for it."""
    late = document.late if isinstance(document, Unnumbered) else None
    return late.token if late is not None else document.number


def tokens_in(ctx: KernelContext, text: str) -> list[str]:
    """What stands in a text for numbers, taken by now or not."""
    return [token for token in ctx.work.late if token in text]


def with_numbers(ctx: KernelContext, tree: Any) -> Any:
    """A JSON tree with the numbers that something stands for in it, each taken now if it was not."""
    if isinstance(tree, str):
        for token in tokens_in(ctx, tree):
            tree = tree.replace(token, ctx.work.late[token].number)
        return tree
    if isinstance(tree, Mapping):
        return {name: with_numbers(ctx, value) for name, value in tree.items()}
    return [with_numbers(ctx, item) for item in tree] if isinstance(tree, list | tuple) else tree
