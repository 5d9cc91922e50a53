"""`bos oauth …`"""

from __future__ import annotations

from typing import Annotated

import typer

from kernel.cli.options import AsJson, DryRun, Tenant, Yes
from kernel.cli.root import Cli, group
from kernel.cli.session import choose_tenant, find_user, open_kernel
from kernel.cli.terminal import Terminal
from kernel.main import OPERATOR
from kernel.oauth import clients as verbs
from kernel.oauth.api import show_client, show_new_client
from kernel.oauth.keys import rotate_keys
from kernel.oauth.records import CODE_GRANT, CREDENTIALS_GRANT, REFRESH_GRANT, Client, Server
from sdk.identifiers import new_id

COLUMNS = ("id", "name", "kind", "grant_types", "scopes", "redirect_uris")

ClientId = Annotated[str, typer.Argument(metavar="ID", help="The client's id.", show_default=False)]


def add_commands(cli: Cli) -> None:
    """Add the group `oauth`."""
    commands = group("Programs that act for users, see docs/oauth.md.")
    clients = group("OAuth clients of a tenant.")
    keys = group("Keys that ID tokens are signed with.")
    cli.add_typer(commands, name="oauth")
    commands.add_typer(clients, name="client")
    commands.add_typer(keys, name="key")
    for add in (_add_create, _add_list, _add_delete, _add_rotate):
        add(clients)
    _add_key_rotate(keys)


def _add_create(commands: typer.Typer) -> None:
    @commands.command()
    def create(
        context: typer.Context,
        name: Annotated[str, typer.Argument(help="What users are told it is called.", show_default=False)],
        scope: Annotated[list[str], typer.Option("--scope", "-s", help="It may ask for this; may be repeated.")],
        redirect_uri: Annotated[
            list[str] | None, typer.Option("--redirect-uri", "-r", help="Its way back; may be repeated.")
        ] = None,
        public: Annotated[bool, typer.Option("--public", help="It cannot keep a secret: an app, a web page.")] = False,
        acts_as: Annotated[
            str | None,
            typer.Option("--acts-as", help="Email of the user it is by client credentials.", show_default=False),
        ] = None,
        resource: Annotated[
            list[str] | None, typer.Option("--resource", help="A service it may ask tokens for; may be repeated.")
        ] = None,
        may_introspect: Annotated[
            bool, typer.Option("--may-introspect", help="It may look at all tokens of the tenant.")
        ] = False,
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """Register a client. The secret of one that is not public is shown once.

        Examples:

            bos oauth client create "Web shop" -s "receivables.*:*" -r https://shop.example/oauth/callback

            bos oauth client create "Night job" -s reports:run --acts-as robot@acme.example
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            found = choose_tenant(kernel, tenant)
            user_id = find_user(kernel, found, acts_as).id if acts_as else None
            grants = (CODE_GRANT, REFRESH_GRANT) if redirect_uri or not acts_as else ()
            client = Client(
                new_id(), found.id, name, "public" if public else "confidential", tuple(redirect_uri or ()),
                (*grants, *((CREDENTIALS_GRANT,) if acts_as else ())), tuple(scope), tuple(resource or ()), user_id,
                may_introspect, kernel.clock(), OPERATOR.id,
            )  # fmt: skip
            with kernel.database.platform() as uow:
                made = verbs.register_client(uow, client)
                uow.commit()
        terminal.show_record(show_new_client(made))


def _add_list(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_clients(context: typer.Context, tenant: Tenant = None, json: AsJson = False) -> None:
        """List the OAuth clients of a tenant.

        Example:

            bos oauth client list --tenant acme
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            found = choose_tenant(kernel, tenant)
            with kernel.database.platform() as uow:
                clients = verbs.list_clients(uow, found.id)
        terminal.show_rows([show_client(client) for client in clients], COLUMNS)


def _add_delete(commands: typer.Typer) -> None:
    @commands.command()
    def delete(
        context: typer.Context,
        id: ClientId,
        yes: Yes = False,
        dry_run: DryRun = False,
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """Delete a client. All its tokens stop working at once.

        Example:

            bos oauth client delete 019a8c2e-7d31-7b6e-a7b5-0c5e5d3f9b11 --dry-run
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            found = choose_tenant(kernel, tenant)
            with kernel.database.platform() as uow:
                client = verbs.get_client(uow, found.id, id)
                if not dry_run:
                    terminal.confirm(f"Delete the client {client.name} with all its tokens?", yes)
                    verbs.delete_client(uow, found.id, id, kernel.clock())
                    uow.commit()
        terminal.show_record({"id": client.id, "name": client.name, "is_deleted": not dry_run})


def _add_rotate(commands: typer.Typer) -> None:
    @commands.command("rotate-secret")
    def rotate_secret(context: typer.Context, id: ClientId, tenant: Tenant = None, json: AsJson = False) -> None:
        """Give a client a new secret, shown once. The old one stops working at once.

        Example:

            bos oauth client rotate-secret 019a8c2e-7d31-7b6e-a7b5-0c5e5d3f9b11
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            found = choose_tenant(kernel, tenant)
            with kernel.database.platform() as uow:
                made = verbs.rotate_secret(uow, found.id, id)
                uow.commit()
        terminal.show_record(show_new_client(made))


def _add_key_rotate(commands: typer.Typer) -> None:
    @commands.command("rotate")
    def rotate(context: typer.Context, json: AsJson = False) -> None:
        """Sign ID tokens with a new key from now on. The one before stays published for a day.

        Example:

            bos oauth key rotate
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel, kernel.database.platform() as uow:
            id = rotate_keys(uow, Server.of(kernel), kernel.clock())
            uow.commit()
        terminal.show_record({"key": id})
