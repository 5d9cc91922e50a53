"""/api/v1/registers: what there is, balances, turnovers and movements."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from kernel.context import KernelContext
from kernel.http.operations import describe
from kernel.http.requests import run
from kernel.registers import answers, service
from kernel.registers.schemas import (
    Question,
    balances_json,
    movements_json,
    read_question,
    register_json,
)
from sdk.registers import Register

if TYPE_CHECKING:
    from kernel.main import Kernel

Answer = Callable[[KernelContext, Register, Question], dict[str, Any]]
SUM = ("group_by", "company_id")
PAGE = ("since", "until", "company_id", "limit", "cursor")


def router(kernel: Kernel) -> APIRouter:
    routes = APIRouter(tags=["registers"])

    @routes.get("/registers", summary="Registers that may be read", openapi_extra=describe(answers.REGISTERS))
    def list_registers(request: Request) -> Response:
        return run(request, kernel, _registers, read_only=True)

    @routes.get(
        "/registers/{register}/balance",
        summary="Sums up to a moment: at, where.<dimension>, group_by",
        openapi_extra=describe(answers.SUMS, query=answers.query_of(("at", *SUM))),
    )
    def read_balance(request: Request, register: str) -> Response:
        return _answer(request, kernel, register, ("at", *SUM), _balance)

    @routes.get(
        "/registers/{register}/turnover",
        summary="Sums of a period: since, until, where.<dimension>, group_by",
        openapi_extra=describe(answers.SUMS, query=answers.query_of(("since", "until", *SUM))),
    )
    def read_turnover(request: Request, register: str) -> Response:
        return _answer(request, kernel, register, ("since", "until", *SUM), _turnover)

    @routes.get(
        "/registers/{register}/movements",
        summary="Movements, oldest first, page by page",
        openapi_extra=describe(answers.MOVEMENTS, query=answers.query_of(PAGE)),
    )
    def list_movements(request: Request, register: str) -> Response:
        return _answer(request, kernel, register, PAGE, _movements)

    return routes


def _answer(request: Request, kernel: Kernel, register: str, known: tuple[str, ...], answer: Answer) -> Response:
    asked = read_question(register, request.query_params.multi_items(), known)

    def verb(ctx: KernelContext) -> dict[str, Any]:
        return answer(ctx, ctx.runtime.catalogue.register(register), asked)

    return run(request, kernel, verb, read_only=True)


def _registers(ctx: KernelContext) -> dict[str, Any]:
    found = ctx.runtime.catalogue.registers
    names = [name for name in sorted(found) if ctx.permissions.reaches("register", name, "read")]
    return {"items": [register_json(found[name]) for name in names]}


def _balance(ctx: KernelContext, register: Register, asked: Question) -> dict[str, Any]:
    return balances_json(register, service.balance(ctx, register.name, where=asked.where, **asked.given))


def _turnover(ctx: KernelContext, register: Register, asked: Question) -> dict[str, Any]:
    period = {"since": None, "until": None, **asked.given}
    return balances_json(register, service.turnover(ctx, register.name, where=asked.where, **period))


def _movements(ctx: KernelContext, register: Register, asked: Question) -> dict[str, Any]:
    return movements_json(register, service.listing(ctx, register.name, where=asked.where, **asked.given))
