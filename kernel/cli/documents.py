"""`bos doc …`: documents of any type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from kernel.cli import history
from kernel.cli.errors import InputUnreadable
from kernel.cli.options import ActAs, AsJson, Company, DryRun, Tenant, Yes
from kernel.cli.root import Cli, group
from kernel.cli.session import enter, find_company
from kernel.cli.terminal import Terminal
from kernel.cli.values import find_document_id, read_data, read_json_option, read_pairs
from kernel.context import KernelContext
from kernel.documents import service
from kernel.documents.listing import ARCHIVED, Archived, ListRequest, list_rows
from kernel.documents.rows import flatten, to_document
from kernel.documents.titles import title_of
from kernel.http.documents import present
from kernel.transfer.coerce import coerce
from sdk.document import SYSTEM_FIELDS
from sdk.schema import DocumentType

LISTED_FIELDS_MAX = 6

Type = Annotated[str, typer.Argument(help="Document type, e.g. receivables.invoice.", show_default=False)]
Id = Annotated[str, typer.Argument(help="Its id, its number, or a unique value such as its code.", show_default=False)]
Data = Annotated[str | None, typer.Option("--data", "-d", help="JSON, @FILE, or @- for standard input.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", help="field=value, also lines.0.quantity=2. Links by id, number or code."),
]
Version = Annotated[int | None, typer.Option("--version", help="Only if it still has this version.")]


def add_commands(cli: Cli) -> None:
    """Add the group `doc`."""
    commands = group("Documents of any type: list, get, create, update, delete, and their actions.")
    cli.add_typer(commands, name="doc")
    for add in (_add_list, _add_get, _add_create, _add_update, _add_delete, _add_action):
        add(commands)
    history.add_commands(commands)


def _add_list(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_documents(
        context: typer.Context,
        type: Type,
        filter: Annotated[str, typer.Option("--filter", "-f", help="An expression over the fields.")] = "",
        param: Annotated[list[str] | None, typer.Option("--param", help="name=value of a param.<name> in it.")] = None,
        q: Annotated[str, typer.Option("--q", help="Text to look for.")] = "",
        sort: Annotated[str, typer.Option("--sort", help="Fields between commas; - turns the order.")] = "",
        fields: Annotated[str, typer.Option("--fields", help="Only these, between commas.")] = "",
        limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 50,
        cursor: Annotated[str | None, typer.Option("--cursor", help="From the page before.")] = None,
        deleted: Annotated[bool, typer.Option("--deleted", help="The bin instead of what is there.")] = False,
        archived: Annotated[
            str, typer.Option("--archived", help="Archived ones: false, true (only) or all.")
        ] = "false",
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """List documents.

        Examples:

            bos doc list receivables.invoice --filter 'state == "draft"' --sort=-issued_on

            bos doc list parties.customer --q bakery --fields code,name --json
        """
        terminal = Terminal.of(context)
        chosen, sorted_by = _names(fields), _names(sort)
        parameters = dict(read_pairs("--param", param or ()))
        wanted = ListRequest(filter, parameters, sorted_by, limit, cursor, q, deleted, _archived(archived))
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            found = ctx.runtime.catalogue.type(type)
            page = list_rows(ctx, found, wanted)
            hidden = [ctx.permissions.mask(found, "read", to_document(found, r), ctx.scope()) for r in page.rows]
            items = [flatten(row, mask, chosen) for row, mask in zip(page.rows, hidden, strict=True)]
            titles = [title_of(found, row, mask) for row, mask in zip(page.rows, hidden, strict=True)]
            named = [{"title": title} | item for title, item in zip(titles, items, strict=True)]
        if terminal.is_json:
            terminal.show_json({"items": items, "titles": page.titles, "cursor": page.cursor})
            return
        terminal.show_rows([_with_titles(item, page.titles) for item in named], chosen or _columns(found))
        if page.cursor:
            terminal.say(f"There are more: --cursor {page.cursor}")


def _add_get(commands: typer.Typer) -> None:
    @commands.command()
    def get(
        context: typer.Context,
        type: Type,
        id: Id,
        as_of: Annotated[
            str | None, typer.Option("--as-of", help="As it was then: an instant, or the end of a day.")
        ] = None,
        revision: Annotated[int | None, typer.Option("--revision", min=1, help="As it was at this version.")] = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Show one document, as it is or as it was.

        Examples:

            bos doc get receivables.invoice INV-2025-00001

            bos doc get receivables.invoice INV-2025-00001 --as-of 2025-12-31
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user, is_kept=False) as ctx:
            found = ctx.runtime.catalogue.type(type)
            document_id = find_document_id(ctx, type, id)
            past = history.read_past(ctx, type, document_id, as_of, revision)
            shown = past.flatten() if past else present(ctx, found, service.get(ctx, type, document_id))
        terminal.show_record(shown)


def _add_create(commands: typer.Typer) -> None:
    @commands.command()
    def create(
        context: typer.Context,
        type: Type,
        data: Data = None,
        set: Set = None,
        perform: Annotated[
            list[str] | None, typer.Option("--perform", help="Then perform this action; may be repeated.")
        ] = None,
        company: Company = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Create a document. What --set says goes over what --data says.

        Examples:

            bos doc create parties.customer --set code=C9001 --set name="Corner Shop"

            bos doc create receivables.invoice --set customer=C9001 --set issued_on=2025-06-01
            --set lines.0.product=P001 --set lines.0.quantity=3 --perform post
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user) as ctx:
            found = ctx.runtime.catalogue.type(type)
            values = read_data(ctx, found, data, set or ())
            company_id = find_company(ctx, company) or values.get("company_id")
            document = service.create(ctx, type, values, company_id=company_id)
            for action in perform or ():
                document = service.perform(ctx, type, document.id, action, {})
            shown = present(ctx, found, document)
        terminal.show_record(shown)


def _add_update(commands: typer.Typer) -> None:
    @commands.command()
    def update(
        context: typer.Context,
        type: Type,
        id: Id,
        data: Data = None,
        set: Set = None,
        unset: Annotated[list[str] | None, typer.Option("--unset", help="Remove this field; may be repeated.")] = None,
        version: Version = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Change a document by a merge patch: fields not named stay, lists are replaced whole.

        Example:

            bos doc update parties.customer C9001 --set phone="+49 30 1234" --unset fax
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user) as ctx:
            found = ctx.runtime.catalogue.type(type)
            patch = read_data(ctx, found, data, set or ()) | dict.fromkeys(unset or ())
            document = service.update(ctx, type, find_document_id(ctx, type, id), patch, version=version)
            shown = present(ctx, found, document)
        terminal.show_record(shown)


def _add_delete(commands: typer.Typer) -> None:
    @commands.command()
    def delete(
        context: typer.Context,
        type: Type,
        id: Id,
        version: Version = None,
        yes: Yes = False,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Mark a document as deleted. It can be restored.

        Examples:

            bos doc delete parties.customer C9001 --dry-run

            bos doc delete parties.customer C9001 --yes
        """
        terminal = Terminal.of(context)
        if not dry_run:
            terminal.confirm(f"Delete the {type} {id}?", yes)
        with enter(terminal.settings, tenant, as_user, is_kept=not dry_run) as ctx:
            found = find_document_id(ctx, type, id)
            service.delete(ctx, type, found, version=version)
        terminal.show_record({"would_delete" if dry_run else "deleted": found, "type": type})


def _add_action(commands: typer.Typer) -> None:
    @commands.command()
    def action(
        context: typer.Context,
        type: Type,
        id: Id,
        name: Annotated[str, typer.Argument(help="The action, e.g. post; `restore` undoes a delete.")],
        data: Annotated[str | None, typer.Option("--data", "-d", help="Its arguments: JSON, @FILE or @-.")] = None,
        arg: Annotated[list[str] | None, typer.Option("--arg", "-a", help="name=value of an argument.")] = None,
        version: Version = None,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Perform an action on a document.

        Examples:

            bos doc action receivables.invoice 01890a5d-ac96-774b-bcce-b302099a8057 post

            bos doc action receivables.invoice INV-2025-00001 cancel --arg cancelled_on=2025-12-31
        """
        terminal = Terminal.of(context)
        with enter(terminal.settings, tenant, as_user) as ctx:
            found = ctx.runtime.catalogue.type(type)
            document_id = find_document_id(ctx, type, id)
            if name == "restore":
                document = service.restore(ctx, type, document_id)
            else:
                arguments = _arguments(ctx, found, name, data, arg or ())
                document = service.perform(ctx, type, document_id, name, arguments, version=version)
            shown = present(ctx, found, document)
        terminal.show_record(shown)


def _arguments(
    ctx: KernelContext, type: DocumentType, action: str, data: str | None, pairs: Sequence[str]
) -> dict[str, Any]:
    values = read_json_option("--data", data) if data else {}
    values |= dict(read_pairs("--arg", pairs))
    machine = ctx.runtime.catalogue.machines.get(type.name)
    declared = machine.action(action).arguments if machine else None
    return coerce(declared, values) if declared else values


def _archived(text: str) -> Archived:
    found = next((each for each in ARCHIVED if each == text), None)
    if found is None:
        raise InputUnreadable(option="--archived", reason=f"it is none of {', '.join(ARCHIVED)}")
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _columns(type: DocumentType) -> list[str]:
    """What tells documents of a type apart at a glance: the title, the state, the required and the indexed fields."""
    telling = [
        path
        for path, field in type.fields.items()
        if "." not in path and field.kind not in ("array", "object") and (field.required or field.index)
    ]
    chosen = [path for path in telling if path != type.title_field][:LISTED_FIELDS_MAX]
    return ["title", "state", *chosen, "id"]


def _with_titles(item: dict[str, Any], titles: Any) -> dict[str, Any]:
    """For people: the names of linked documents instead of their ids."""
    return {
        name: titles.get(value, value) if isinstance(value, str) and name not in SYSTEM_FIELDS else value
        for name, value in item.items()
    }
