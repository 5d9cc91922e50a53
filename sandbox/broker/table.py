"""The closed table of requests: what each is called, what it takes, and which verb of `sdk.Context` answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sandbox.broker.arguments as kinds
from sandbox.broker.arguments import Kind, plain
from sdk.context import Context, Page
from sdk.document import Document
from sdk.registers import Balance, Question

QUESTIONS_MAX = 100


class Asked(Protocol):
    """The call a request belongs to, as verbs need it."""

    def document(self, named: list[str]) -> Document:
        """The real document of this type and id; see `sandbox.broker.known`."""

    def as_seen(self, document: Document) -> Document:
        """The document with the fields that the worker has in it."""


@dataclass(frozen=True, slots=True)
class Verb:
    """takes: one kind for each argument. writes, emits: what quotas count it as."""

    takes: Sequence[Kind]
    run: Callable[..., Any]
    writes: bool = False
    emits: bool = False


def _page(page: Page) -> list[Any]:
    return [list(page.items), page.cursor, dict(page.titles)]


def _sums(balances: Sequence[Balance]) -> list[Any]:
    return [[dict(balance.dimensions), dict(balance.resources)] for balance in balances]


def _query(
    ctx: Context,
    asked: Asked,
    type: str,
    filter: str,
    parameters: Mapping[str, Any] | None,
    sort: list[str],
    limit: int,
    cursor: str | None,
) -> list[Any]:
    page = ctx.documents.query(type, filter, parameters=parameters, sort=tuple(sort), limit=limit, cursor=cursor)
    return _page(page)


def _perform(
    ctx: Context,
    asked: Asked,
    type: str,
    id: str,
    action: str,
    arguments: Mapping[str, Any] | None,
    version: int | None,
) -> Document:
    return ctx.documents.perform(type, id, action, arguments, version=version)


def _record(
    ctx: Context,
    asked: Asked,
    named: list[str],
    register: str,
    occurred_at: Any,
    dimensions: Mapping[str, str],
    resources: Mapping[str, Any],
) -> None:
    document = asked.document(named)
    ctx.registers.record(document, register, occurred_at=occurred_at, dimensions=dimensions, resources=resources)


def _reverse(ctx: Context, asked: Asked, named: list[str], occurred_at: Any) -> None:
    ctx.registers.reverse(asked.document(named), occurred_at=occurred_at)


def _balance(
    ctx: Context, asked: Asked, register: str, at: Any, where: Any, group_by: list[str], company_id: str | None
) -> list[Any]:
    return _sums(ctx.registers.balance(register, at=at, where=where, group_by=group_by, company_id=company_id))


def _question(given: list[Any]) -> Question:
    register, at, where, group_by, company_id = given
    return Question(register, at, where or {}, group_by, company_id)


def _balances(ctx: Context, asked: Asked, questions: list[list[Any]]) -> list[Any]:
    found = ctx.registers.balances(*map(_question, questions))
    return [_sums(each) for each in found]


def _turnover(
    ctx: Context,
    asked: Asked,
    register: str,
    since: Any,
    until: Any,
    where: Any,
    group_by: list[str],
    company_id: str | None,
) -> list[Any]:
    return _sums(
        ctx.registers.turnover(
            register, since=since, until=until, where=where, group_by=group_by, company_id=company_id
        )
    )


def _emit(ctx: Context, asked: Asked, type: str, named: list[str], payload: Mapping[str, Any] | None) -> Any:
    return ctx.events.emit(type, asked.document(named), payload)


def _resolve(ctx: Context, asked: Asked, question: str, arguments: Mapping[str, Any]) -> Any:
    seen = {name: asked.as_seen(value) if isinstance(value, Document) else value for name, value in arguments.items()}
    return plain(ctx.resolve(question, **seen))


def _is_question(value: Any) -> bool:
    return (
        type(value) is list
        and len(value) == len(_BALANCE)
        and all(kind.fits(each) for kind, each in zip(_BALANCE, value, strict=True))
    )


_BALANCE = (kinds.TEXT, kinds.MOMENT_OR_NONE, kinds.WHERE_OR_NONE, kinds.TEXTS, kinds.TEXT_OR_NONE)
_QUESTIONS = Kind(
    f"up to {QUESTIONS_MAX} questions",
    lambda value: type(value) is list and len(value) <= QUESTIONS_MAX and all(map(_is_question, value)),
)
_KEY = (kinds.TEXT, kinds.TEXT)

VERBS: Mapping[str, Verb] = {
    "documents.get": Verb(
        (*_KEY, kinds.LOCK), lambda ctx, asked, type, id, lock: ctx.documents.get(type, id, lock=lock)
    ),
    "documents.get_many": Verb(
        (kinds.IDS_BY_TYPE,), lambda ctx, asked, wanted: dict(ctx.documents.get_many(wanted))
    ),
    "documents.find": Verb(
        (kinds.TEXT, kinds.FIELDS), lambda ctx, asked, type, fields: ctx.documents.find(type, **fields)
    ),
    "documents.find_all": Verb(
        (kinds.TEXT, kinds.FIELDS), lambda ctx, asked, type, fields: list(ctx.documents.find_all(type, **fields))
    ),
    "documents.query": Verb(
        (kinds.TEXT, kinds.FILTER, kinds.VALUES_OR_NONE, kinds.TEXTS, kinds.WHOLE, kinds.TEXT_OR_NONE), _query
    ),
    "documents.create": Verb(
        (kinds.TEXT, kinds.VALUES, kinds.TEXT_OR_NONE, kinds.TEXT_OR_NONE),
        lambda ctx, asked, type, data, company_id, perform: ctx.documents.create(
            type, data, company_id=company_id, perform=perform
        ),
        writes=True,
    ),
    "documents.coming_number": Verb(
        (kinds.DOCUMENT,), lambda ctx, asked, named: ctx.documents.coming_number(asked.document(named))
    ),
    # Reading it takes the turn of a gapless number.
    "documents.number": Verb((kinds.DOCUMENT,), lambda ctx, asked, named: asked.document(named).number),
    "documents.update": Verb(
        (*_KEY, kinds.VALUES, kinds.WHOLE_OR_NONE),
        lambda ctx, asked, type, id, patch, version: ctx.documents.update(type, id, patch, version=version),
        writes=True,
    ),
    "documents.delete": Verb(
        (*_KEY, kinds.WHOLE_OR_NONE),
        lambda ctx, asked, type, id, version: ctx.documents.delete(type, id, version=version),
        writes=True,
    ),
    "documents.restore": Verb(_KEY, lambda ctx, asked, type, id: ctx.documents.restore(type, id), writes=True),
    "documents.archive": Verb(
        (*_KEY, kinds.WHOLE_OR_NONE),
        lambda ctx, asked, type, id, version: ctx.documents.archive(type, id, version=version),
        writes=True,
    ),
    "documents.unarchive": Verb(
        (*_KEY, kinds.WHOLE_OR_NONE),
        lambda ctx, asked, type, id, version: ctx.documents.unarchive(type, id, version=version),
        writes=True,
    ),
    "documents.perform": Verb(
        (*_KEY, kinds.TEXT, kinds.VALUES_OR_NONE, kinds.WHOLE_OR_NONE), _perform, writes=True
    ),
    "registers.record": Verb(
        (kinds.DOCUMENT, kinds.TEXT, kinds.MOMENT, kinds.TEXTS_BY_NAME, kinds.AMOUNTS_BY_NAME), _record
    ),
    "registers.reverse": Verb((kinds.DOCUMENT, kinds.MOMENT_OR_NONE), _reverse),
    "registers.balance": Verb(_BALANCE, _balance),
    "registers.balances": Verb((_QUESTIONS,), _balances),
    "registers.turnover": Verb(
        (
            kinds.TEXT, kinds.MOMENT_OR_NONE, kinds.MOMENT_OR_NONE, kinds.WHERE_OR_NONE, kinds.TEXTS,
            kinds.TEXT_OR_NONE,
        ),
        _turnover,
    ),
    "reports.run": Verb(
        (kinds.TEXT, kinds.VALUES_OR_NONE),
        lambda ctx, asked, name, parameters: [plain(row) for row in ctx.reports.run(name, parameters)],
    ),
    "events.emit": Verb((kinds.TEXT, kinds.DOCUMENT, kinds.VALUES_OR_NONE), _emit, emits=True),
    "sequence": Verb((kinds.TEXT,), lambda ctx, asked, name: ctx.sequence(name), writes=True),
    "resolve": Verb((kinds.TEXT, kinds.QUESTION_ARGUMENTS), _resolve),
}  # fmt: skip
