"""`bos search …`"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kernel.cli.options import ActAs, AsJson, Company, Tenant
from kernel.cli.root import Cli, group
from kernel.cli.session import choose_tenant, enter, find_company, open_kernel
from kernel.cli.terminal import Terminal
from kernel.search import service
from kernel.search.refresh import count_searchable, rebuild
from kernel.search.service import SearchPage, SearchRequest

COLUMNS = ("rank", "type", "title", "number", "state", "found", "id")

Limit = Annotated[int, typer.Option("--limit", min=1, help="How many.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="From the page before.")]


def add_commands(cli: Cli) -> None:
    """Add the group `search`."""
    commands = group("Finding documents of any type by text, and the index behind it.")
    cli.add_typer(commands, name="search")
    for add in (_add_find, _add_rebuild):
        add(commands)


def _add_find(commands: typer.Typer) -> None:
    @commands.command()
    def find(
        context: typer.Context,
        text: Annotated[str, typer.Argument(help="What to look for.", show_default=False)],
        type: Annotated[
            list[str] | None, typer.Option("--type", help="Only this type, or applet.*; may be repeated.")
        ] = None,
        company: Company = None,
        archived: Annotated[bool, typer.Option("--archived", help="Only what is archived.")] = False,
        limit: Limit = service.PAGE_SIZE,
        cursor: Cursor = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Find documents of any type, the best match first.

        Example:

            bos search find "corner shop" --type parties.customer
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            company_id = find_company(ctx, company)
            page = service.search(ctx, SearchRequest(text, tuple(type or ()), company_id, archived, limit, cursor))
        _show(terminal, page)


def _add_rebuild(commands: typer.Typer) -> None:
    @commands.command("rebuild")
    def rebuild_index(context: typer.Context, tenant: Tenant = None, json: AsJson = False) -> None:
        """Write the search index anew from the documents, while everything goes on.

        Example:

            bos search rebuild --tenant demo
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            record = choose_tenant(kernel, tenant)
            total = count_searchable(kernel.database, record, kernel.runtimes)
            with terminal.progress("Documents", total) as advance:
                count = rebuild(kernel.database, record, kernel.runtimes, advance)
        terminal.show_record({"tenant": record.name, "documents": count})


def _show(terminal: Terminal, page: SearchPage) -> None:
    if terminal.is_json:
        terminal.show_json(service.describe(page))
        return
    rows: list[dict[str, Any]] = [
        {**{name: getattr(hit, name, None) for name in COLUMNS}, "found": " … ".join(h.text for h in hit.highlights)}
        for hit in page.items
    ]
    terminal.show_rows(rows, COLUMNS)
    if not page.is_complete:
        terminal.say("The index is being built; there may be more.")
    elif page.pending:
        terminal.say(f"{page.pending} changes are not in the index yet.")
    if page.cursor:
        terminal.say(f"There are more: --cursor {page.cursor}")
