"""Routes of plans: make one, look at it, apply it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kernel.http.admission import identify
from kernel.http.operations import describe
from kernel.http.requests import Reply, answer, parse_body
from kernel.http.shapes import ANYTHING, FLAG, INSTANT, NUMBER, TEXT, Schema, items_of, listed, members
from kernel.transfer.caller import Caller
from registry.plans.apply import apply_plan, plan
from registry.plans.findings import Severity
from registry.plans.situation import PlanRequest, Verb
from registry.plans.store import list_plans, read_plan
from registry.releases import Releases
from registry.transitions import RESOURCE

if TYPE_CHECKING:
    from kernel.main import Kernel

REASON_LENGTH_MAX = 500
NAME_LENGTH_MAX = 40

_FINDING = members(
    {"fix": TEXT, "applet": TEXT, "where": TEXT, "details": ANYTHING},
    id=TEXT, severity={"type": "string", "enum": list(Severity)}, rule=TEXT, subject=TEXT, message=TEXT,
)  # fmt: skip
_VERSION: Schema = {"type": ["string", "null"]}
_MOVE = members(applet=TEXT, verb=TEXT, from_state=TEXT, to_state=TEXT, from_version=_VERSION, to_version=_VERSION)
_HEAD: dict[str, Schema] = {
    "digest": TEXT, "request": ANYTHING, "applicable": FLAG, "moves": listed(_MOVE), "needs_consent": listed(TEXT),
    "estimate_s": {"type": "number"}, "position": NUMBER,
}  # fmt: skip
_KEPT: dict[str, Schema] = {"made_at": INSTANT, "made_by": TEXT, "applied_at": INSTANT, "applied_by": TEXT}
_PLAN = members(_KEPT, **_HEAD, findings=listed(_FINDING))


class NewPlan(BaseModel):
    """What is to be planned. `name` is left out with `all_upgrades`."""

    model_config = ConfigDict(extra="forbid", strict=True)
    verb: Verb
    name: str = Field(default="", max_length=NAME_LENGTH_MAX)
    version: str | None = Field(default=None, max_length=NAME_LENGTH_MAX)
    with_required: bool = False
    all_upgrades: bool = False
    keep_stubs: bool = False
    reason: str = Field(default="", max_length=REASON_LENGTH_MAX)


class Application(BaseModel):
    """consent: ids of the findings that need it, or true for all of them."""

    model_config = ConfigDict(extra="forbid", strict=True)
    consent: list[str] | Literal[True] = Field(default_factory=list)
    reason: str = Field(default="", max_length=REASON_LENGTH_MAX)


def add_plan_routes(router: APIRouter, kernel: Kernel, releases: Releases) -> None:
    """`/applets/plans` and what is below it."""

    @router.post("/applets/plans", openapi_extra=describe(_PLAN, body=NewPlan, status=201, refusals=(404, 409)))
    def make_plan(request: Request) -> Response:
        """Say what a move would do and what speaks against it. Nothing is changed."""
        caller = _caller(request, kernel)
        wanted = PlanRequest(**parse_body(request, NewPlan).model_dump())
        made = plan(caller, releases, wanted)
        return answer(Reply(made, 201, {"location": f"/api/v1/applets/plans/{made['digest']}"}))

    @router.get("/applets/plans", openapi_extra=describe(items_of(members(_KEPT, **_HEAD))))
    def read_plans(request: Request) -> Response:
        """The latest plans of the tenant, newest first, without their findings."""
        caller = _reader(request, kernel)
        return answer({"items": list_plans(kernel.database, caller.tenant)})

    @router.get("/applets/plans/{digest}", openapi_extra=describe(_PLAN, refusals=(404,)))
    def read_one(request: Request, digest: str) -> Response:
        """A plan as it was made."""
        caller = _reader(request, kernel)
        return answer(read_plan(kernel.database, caller.tenant, digest)[2])

    @router.post("/applets/plans/{digest}/apply", openapi_extra=describe(_PLAN, body=Application, refusals=(404, 409)))
    def apply_one(request: Request, digest: str) -> Response:
        """Make the plan again and, if it is the same, do it: one transaction, in force with the next request."""
        caller = _caller(request, kernel)
        given = parse_body(request, Application)
        return answer(apply_plan(caller, releases, digest, consent=given.consent, reason=given.reason))


def _caller(request: Request, kernel: Kernel) -> Caller:
    identity = identify(request, kernel)
    return Caller(kernel, identity.tenant, identity)


def _reader(request: Request, kernel: Kernel) -> Caller:
    caller = _caller(request, kernel)
    with caller.begin() as uow:
        caller.context(uow).permissions.check_resource("read", RESOURCE)
    return caller
