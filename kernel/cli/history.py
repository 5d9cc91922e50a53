"""`bos doc …` about what documents were, where they are put away, and what they are linked with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

import typer

from kernel.cli.errors import InputUnreadable
from kernel.cli.options import ActAs, AsJson, Tenant
from kernel.cli.root import EXIT_FAILED
from kernel.cli.session import enter
from kernel.cli.terminal import Terminal
from kernel.cli.values import find_document_id
from kernel.context import KernelContext
from kernel.documents import archive, service
from kernel.documents.graph import DIRECTIONS, GRAPH_NODES, Direction, read_graph
from kernel.documents.history import Past, as_of, at_revision
from kernel.documents.reversion import restore_revision
from kernel.documents.verification import count_documents, verify
from kernel.http.documents import present
from sdk.document import Document
from sdk.values import to_date, to_instant

Type = Annotated[str, typer.Argument(help="Document type, e.g. receivables.invoice.", show_default=False)]
Id = Annotated[str, typer.Argument(help="Its id, its number, or a unique value such as its code.", show_default=False)]
Version = Annotated[int | None, typer.Option("--version", help="Only if it still has this version.")]
Verb = Callable[[KernelContext, str], Document]


def add_commands(commands: typer.Typer) -> None:
    """Add them to the group `doc`."""
    for add in (_add_restore, _add_archive, _add_unarchive, _add_links, _add_verify):
        add(commands)


def read_past(ctx: KernelContext, type: str, id: str, moment: str | None, revision: int | None) -> Past | None:
    """The document as it was at --as-of or --revision; None when neither is asked for."""
    if moment is not None and revision is not None:
        raise InputUnreadable(option="--revision", reason="it excludes --as-of")
    if revision is not None:
        return at_revision(ctx, type, id, revision)
    return as_of(ctx, type, id, _moment(moment)) if moment is not None else None


def _moment(text: str) -> date | datetime:
    try:
        return to_date(text) if len(text) == len("2026-01-31") else to_instant(text)
    except ValueError as error:
        raise InputUnreadable(option="--as-of", reason=str(error)) from error


def _change(context: typer.Context, type: str, id: str, tenant: str | None, as_user: str | None, verb: Verb) -> None:
    terminal = Terminal.of(context)
    with enter(terminal.settings, tenant, as_user) as ctx:
        document = verb(ctx, find_document_id(ctx, type, id))
        shown = present(ctx, ctx.runtime.catalogue.type(type), document)
    terminal.show_record(shown)


def _add_restore(commands: typer.Typer) -> None:
    @commands.command()
    def restore(
        context: typer.Context,
        type: Type,
        id: Id,
        revision: Annotated[
            int | None, typer.Option("--revision", min=1, help="Give it the fields it had at this version.")
        ] = None,
        version: Version = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Undo a delete; with --revision, go back to an earlier revision by a new one.

        Examples:

            bos doc restore parties.customer 01890a5d-ac96-774b-bcce-b302099a8057

            bos doc restore parties.customer C9001 --revision 3
        """

        def verb(ctx: KernelContext, found: str) -> Document:
            if revision is None:
                return service.restore(ctx, type, found)
            return restore_revision(ctx, type, found, revision, version=version)

        _change(context, type, id, tenant, as_user, verb)


def _add_archive(commands: typer.Typer) -> None:
    @commands.command("archive")
    def archive_document(
        context: typer.Context,
        type: Type,
        id: Id,
        version: Version = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Put a document away: it is left out of lists, and not changed, until it is taken out again.

        Example:

            bos doc archive catalog.product P001
        """
        _change(
            context, type, id, tenant, as_user, lambda ctx, found: archive.archive(ctx, type, found, version=version)
        )


def _add_unarchive(commands: typer.Typer) -> None:
    @commands.command("unarchive")
    def unarchive_document(
        context: typer.Context,
        type: Type,
        id: Id,
        version: Version = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Take an archived document out again.

        Example:

            bos doc unarchive catalog.product P001
        """
        _change(
            context, type, id, tenant, as_user, lambda ctx, found: archive.unarchive(ctx, type, found, version=version)
        )


def _add_links(commands: typer.Typer) -> None:
    @commands.command()
    def links(
        context: typer.Context,
        type: Type,
        id: Id,
        depth: Annotated[int, typer.Option("--depth", min=1, help="How many links far.")] = 1,
        direction: Annotated[str, typer.Option("--direction", help="out, in or both.")] = "both",
        limit: Annotated[int, typer.Option("--limit", min=1, help="How many documents.")] = GRAPH_NODES,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Show what a document is linked with, and what that is linked with.

        Example:

            bos doc links receivables.invoice INV-2025-00001 --depth 2 --direction out
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            found = find_document_id(ctx, type, id)
            graph = read_graph(ctx, type, found, depth=depth, direction=_direction(direction), limit=limit).as_json()
        if terminal.is_json:
            terminal.show_json(graph)
            return
        names = {node["id"]: f"{node['type']} {node['title']}" for node in graph["nodes"]}
        rows = [
            {"from": names[edge["from"]], "field": edge["field"], "to": names[edge["to"]]} for edge in graph["edges"]
        ]
        terminal.show_rows(rows, ("from", "field", "to"))
        if graph["truncated"]:
            terminal.say("There is more than this.")


def _direction(text: str) -> Direction:
    found = next((direction for direction in DIRECTIONS if direction == text), None)
    if found is None:
        raise InputUnreadable(option="--direction", reason=f"it is none of {', '.join(DIRECTIONS)}")
    return found


def _add_verify(commands: typer.Typer) -> None:
    @commands.command("verify")
    def verify_documents(context: typer.Context, tenant: Tenant = None, json: AsJson = False) -> None:
        """Rebuild every document of a tenant from the event log alone and compare; exit with 1 if one is different.

        Example:

            bos doc verify --tenant demo
        """
        terminal = Terminal.of(context)
        with (
            enter(terminal.settings, tenant, None, is_kept=False) as ctx,
            terminal.progress("Comparing", count_documents(ctx)) as progress,
        ):
            report = verify(ctx, progress)
        if terminal.is_json:
            terminal.show_json(report.as_json())
        else:
            terminal.show_record(
                {"documents": report.documents, "changes": report.changes, "different": report.different}
            )
            if report.differences:
                rows = [{"type": d.type, "id": d.id, "fields": ", ".join(d.fields)} for d in report.differences]
                terminal.show_rows(rows, ("type", "id", "fields"))
        if report.different:
            raise typer.Exit(EXIT_FAILED)
