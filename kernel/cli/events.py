"""`bos events …`"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from kernel.cli.errors import InputUnreadable
from kernel.cli.options import ActAs, AsJson, DryRun, Tenant, Yes
from kernel.cli.root import Cli, group
from kernel.cli.session import enter
from kernel.cli.terminal import Terminal
from kernel.events import service
from kernel.events.service import EventFilter
from sdk.event import Event
from sdk.values import to_instant

EVENT_COLUMNS = ("occurred_at", "type", "aggregate_id", "version", "actor", "applet")
DELIVERY_COLUMNS = ("id", "subscriber", "state", "attempts", "due_at", "event_type", "aggregate_id", "last_error")
STATES = ("pending", "dead", "waiting")

Limit = Annotated[int, typer.Option("--limit", min=1, help="How many.")]
Cursor = Annotated[str, typer.Option("--cursor", help="From the page before.")]
DeliveryId = Annotated[int, typer.Argument(help="Id of the delivery.", show_default=False)]


def add_commands(cli: Cli) -> None:
    """Add the group `events`."""
    commands = group("Events, and their deliveries to applets.")
    cli.add_typer(commands, name="events")
    for add in (_add_list, _add_deliveries, _add_retry, _add_drop):
        add(commands)


def _add_list(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_events(
        context: typer.Context,
        type: Annotated[str | None, typer.Option("--type", help="Exact, or a prefix ending in *.")] = None,
        document: Annotated[str | None, typer.Option("--document", help="Id of the document they are about.")] = None,
        document_type: Annotated[str | None, typer.Option("--document-type", help="Its type.")] = None,
        actor: Annotated[str | None, typer.Option("--actor", help="Id of who did it.")] = None,
        correlation: Annotated[str | None, typer.Option("--correlation", help="Id of the whole story.")] = None,
        since: Annotated[str | None, typer.Option("--since", help="Instant, e.g. 2026-01-31T12:00:00Z.")] = None,
        until: Annotated[str | None, typer.Option("--until", help="Instant, inclusive.")] = None,
        limit: Limit = service.PAGE_SIZE,
        cursor: Cursor = "",
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """List events, newest first.

        Examples:

            bos events list --type 'receivables.invoice.*' --limit 5

            bos events list --document-type receivables.invoice --document 01890a5d-ac96-774b-bcce-b302099a8057
        """
        terminal = Terminal.of(context)
        moments = _instant("--since", since), _instant("--until", until)
        wanted = EventFilter(type, document_type, document, actor, correlation, *moments)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            page = service.list_events(ctx, wanted, limit=limit, cursor=cursor)
        terminal.show_rows([_describe(event) for event in page.items], EVENT_COLUMNS)
        if page.cursor:
            terminal.say(f"There are more: --cursor {page.cursor}")


def _add_deliveries(commands: typer.Typer) -> None:
    @commands.command()
    def deliveries(
        context: typer.Context,
        state: Annotated[str | None, typer.Option("--state", help=f"{', '.join(STATES)}.")] = None,
        limit: Limit = service.PAGE_SIZE,
        cursor: Cursor = "",
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """List deliveries that are not done: waiting to be tried, given up, or for an applet that is not enabled.

        Example:

            bos events deliveries --state dead
        """
        if state not in (None, *STATES):
            raise typer.BadParameter(", ".join(STATES), param_hint="--state")
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            page = service.list_deliveries(ctx, state, limit=limit, cursor=cursor)
        terminal.show_rows(page.items, DELIVERY_COLUMNS)
        if page.cursor:
            terminal.say(f"There are more: --cursor {page.cursor}")


def _add_retry(commands: typer.Typer) -> None:
    @commands.command()
    def retry(
        context: typer.Context, id: DeliveryId, tenant: Tenant = None, as_user: ActAs = None, json: AsJson = False
    ) -> None:
        """Try a dead delivery anew.

        Example:

            bos events retry 17
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user) as ctx:
            delivery = service.retry_delivery(ctx, id)
        terminal.show_record(delivery)


def _add_drop(commands: typer.Typer) -> None:
    @commands.command()
    def drop(
        context: typer.Context,
        id: DeliveryId,
        yes: Yes = False,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Give a delivery up: its subscriber never hears of the event.

        Example:

            bos events drop 17 --yes
        """
        terminal = Terminal.of(context)
        if not dry_run:
            terminal.confirm(f"Drop the delivery {id}?", yes)
        with enter(terminal.settings, tenant, as_user, is_kept=not dry_run) as ctx:
            delivery = service.drop_delivery(ctx, id)
        terminal.show_record({"would_drop" if dry_run else "dropped": id, **delivery})


def _instant(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return to_instant(text)
    except ValueError as error:
        raise InputUnreadable(option=option, reason=str(error)) from error


def _describe(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__slots__}
