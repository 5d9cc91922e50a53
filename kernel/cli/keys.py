"""`bos keys …`"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from kernel.cli.options import AsJson, Tenant
from kernel.cli.root import Cli, group
from kernel.cli.session import choose_tenant, open_kernel
from kernel.cli.terminal import Terminal
from kernel.main import Kernel
from kernel.secrets.reencryption import count_stale, reencrypt
from kernel.secrets.rotation import list_keys, rotate_data_key, rotate_master

COLUMNS = ("id", "kind", "wrapped_by", "created_at", "retired_at")


def add_commands(cli: Cli) -> None:
    """Add the group `keys`."""
    commands = group("Keys that encrypt fields, and the master key that wraps them.")
    cli.add_typer(commands, name="keys")
    _add_list(commands)
    _add_rotate(commands)


def _add_list(commands: typer.Typer) -> None:
    @commands.command("list")
    def list_all(context: typer.Context, tenant: Tenant = None, json: AsJson = False) -> None:
        """List a tenant's data keys: their ids, what wraps them, since when and until when they encrypt.

        Example:

            bos keys list --tenant acme
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel, kernel.operate(choose_tenant(kernel, tenant)) as ctx:
            terminal.show_rows(list_keys(ctx), COLUMNS)


def _add_rotate(commands: typer.Typer) -> None:
    @commands.command()
    def rotate(
        context: typer.Context,
        master: Annotated[bool, typer.Option("--master", help="Wrap all keys by a new master key.")] = False,
        tenant: Annotated[
            str | None, typer.Option("--tenant", "-t", help="A new data key for this tenant.", show_default=False)
        ] = None,
        rewrap: Annotated[
            bool, typer.Option("--rewrap", help="With --master: by the first key of the file as it is; make none.")
        ] = False,
        json: AsJson = False,
    ) -> None:
        """Put new keys in the place of old ones, while everybody goes on working. Interrupted, it is run again.

        With --tenant what is encrypted is encrypted anew; where that is interrupted, the worker goes on with it.

        Examples:

            bos keys rotate --master

            bos keys rotate --tenant acme
        """
        if master == (tenant is not None) or (rewrap and not master):
            raise typer.BadParameter("say --master (with or without --rewrap), or --tenant NAME")
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            if tenant is None:
                terminal.show_record(_rotate_master(kernel, terminal, make_key=not rewrap))
            else:
                terminal.show_record(_rotate_tenant(kernel, terminal, tenant))


def _rotate_master(kernel: Kernel, terminal: Terminal, *, make_key: bool) -> dict[str, Any]:
    tenants = [tenant for tenant in kernel.directory.list() if tenant.state != "dropping"]
    with terminal.progress("Wrapping keys", len(tenants)) as advance:
        done = rotate_master(kernel, tenants, make_key=make_key, progress=lambda: advance(1))
    return {"wrapped_by": done.wrapped_by, "rewrapped": done.rewrapped, "tenants": done.tenants}


def _rotate_tenant(kernel: Kernel, terminal: Terminal, name: str) -> dict[str, Any]:
    tenant = kernel.directory.get(name)
    id = rotate_data_key(kernel, tenant)
    with kernel.operate(tenant) as ctx:
        total = count_stale(ctx)
    with terminal.progress("Encrypting documents", total) as advance:
        count = reencrypt(kernel, tenant, progress=advance)
    return {"tenant": name, "data_key": id, "encrypted": count}
