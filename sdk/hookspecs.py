"""Every hook of Bos. `sdk/HOOKS.md` is the guide to them; decorators are in `sdk.hooks`.

A hook runs in the transaction of the change that calls it, except `on_event`, which runs after the commit in a
transaction of its own. A veto is an error of `sdk.errors` raised by the hook.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from sdk.applet import Applet
    from sdk.audit import AuditAnchor
    from sdk.context import Context
    from sdk.document import Document
    from sdk.event import Event

PROJECT = "bos"
hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
def before_save(ctx: Context, document: Document, previous: Document | None) -> None:
    """Before a document is created or updated, after its input was validated. May change the document, may veto.

    previous: the document as it stands, None when it is being created. Not called for actions.
    """


@hookspec
def validate_document(ctx: Context, document: Document, previous: Document | None) -> None:
    """After all `before_save` hooks and computed fields. May veto; must not change the document."""


@hookspec
def after_save(ctx: Context, document: Document, previous: Document | None) -> None:
    """After a created or updated document was written, still in the transaction. May veto."""


@hookspec
def before_delete(ctx: Context, document: Document) -> None:
    """Before a document is marked as deleted. May veto."""


@hookspec
def validate_action(ctx: Context, document: Document, action: str, arguments: Mapping[str, Any]) -> None:
    """Before an action is performed, after its guard held. May veto; must not change the document."""


@hookspec
def perform_action(ctx: Context, document: Document, action: str, arguments: Mapping[str, Any]) -> None:
    """What an action does, beside the change of state: set fields, record movements, create other documents.

    Only the applet that owns the document type may implement it. The document has its old state still; a number
    the action assigns is there already. May veto.
    """


@hookspec
def after_action(ctx: Context, document: Document, action: str, arguments: Mapping[str, Any]) -> None:
    """After the document was written in its new state, still in the transaction. May veto."""


@hookspec
def on_event(ctx: Context, event: Event) -> None:
    """After the commit, once per subscriber and event, in a transaction of its own, in order per document.

    The actor is the applet. An error repeats the call later with growing delays, then makes it a dead letter.
    """


@hookspec(firstresult=True)
def resolve_price(ctx: Context, product_id: str, quantity: Decimal, on: date, currency: str) -> Decimal | None:
    """The unit price of a product, in `currency`. The first answer wins."""


@hookspec(firstresult=True)
def resolve_tax_rate(ctx: Context, document: Document, line: Mapping[str, Any]) -> Decimal | None:
    """The tax rate of a line in percent (19 for 19 %). The first answer wins."""


@hookspec(firstresult=True)
def resolve_exchange_rate(ctx: Context, currency: str, base: str, on: date) -> Decimal | None:
    """How many units of `base` one unit of `currency` is worth on a date. The first answer wins."""


@hookspec
def applet_enabled(ctx: Context) -> None:
    """In the transaction that enables the applet for a tenant. Called for this applet only. May veto."""


@hookspec
def applet_disabled(ctx: Context) -> None:
    """In the transaction that disables the applet for a tenant. Called for this applet only. May veto."""


@hookspec
def check_invariants(ctx: Context) -> Iterable[str] | None:
    """Before and after the tenant's applets change: a sentence for each thing that is broken. Read only.

    ctx has the capabilities of the applet alone, whoever asks. Nothing, or None, is all is well; an error is unknown.
    """


@hookspec
def applet_upgraded(ctx: Context, previous: str) -> None:
    """In the transaction that moves a tenant to this version of the applet. Called for this applet only. May veto.

    previous: the version it comes from; a later one after a rollback.
    """


@hookspec
def load_demo_data(ctx: Context, seed: int) -> None:
    """Fill a demo tenant; the same seed gives the same documents. Called once, in order of dependency."""


@hookspec
def register_routes(router: Any, kernel: Any) -> None:
    """System plugins only, at start: add routes. router: a `fastapi.APIRouter` under `/api/v1`."""


@hookspec
def register_cli(cli: Any) -> None:
    """System plugins only, at start: add commands. cli: the root `typer.Typer` of `bos`."""


@hookspec
def register_audit_anchor(kernel: Any) -> AuditAnchor | None:
    """System plugins only, when seals are recorded or checked: an anchor that keeps them outside of the database."""


@hookspec(firstresult=True)
def load_applet(name: str, version: str, database: Any, lenses_only: bool) -> tuple[Applet, object] | None:
    """System plugins only: a release of an applet and its hooks module. The first answer wins.

    database: where releases may be kept that are on no disk here. lenses_only: it does not run, but another release of
    it, whose documents it casts: its hooks are not imported, and None stands for them.
    """


@hookspec
def register_chores(kernel: Any) -> list[Any] | None:
    """System plugins only, at start: what is to be done at intervals, each a `kernel.events.chores.Chore`."""
