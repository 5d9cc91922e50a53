"""`bos user …` about what lets users in, and `bos auth …`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from kernel.auth import factor_store, trail
from kernel.auth.factors import reset_factors
from kernel.auth.records import Origin
from kernel.auth.resets import issue_reset
from kernel.auth.sessions import list_sessions, revoke_session, revoke_sessions
from kernel.auth.token_rotation import rotate_token_key
from kernel.cli.options import AsJson, DryRun, Tenant, Yes
from kernel.cli.root import Cli, group
from kernel.cli.session import choose_tenant, find_user, open_kernel
from kernel.cli.terminal import Terminal

SESSION_COLUMNS = ("id", "created_at", "used_at", "address", "user_agent", "methods")
EVENT_COLUMNS = ("occurred_at", "type", "user_id", "actor_id", "address", "detail")
BY_OPERATOR = Origin(actor_id="operator")

Email = Annotated[str, typer.Argument(help="The user's email.", show_default=False)]


def add_auth(cli: Cli) -> None:
    """Add the group `auth`."""
    commands = group("What everybody logs in with.")
    cli.add_typer(commands, name="auth")
    _add_rotate(commands)
    _add_events(commands)


def add_credentials(commands: typer.Typer) -> None:
    """Add to the group `user`."""
    for add in (_add_sessions, _add_end_sessions, _add_reset_factors, _add_reset_password):
        add(commands)


def _add_sessions(commands: typer.Typer) -> None:
    @commands.command()
    def sessions(context: typer.Context, email: Email, tenant: Tenant = None, json: AsJson = False) -> None:
        """List where a user is logged in, last used first.

        Example:

            bos user sessions ada@acme.example
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            user = find_user(kernel, choose_tenant(kernel, tenant), email)
            with kernel.database.platform() as uow:
                found = list_sessions(uow, user.id, kernel.clock())
        terminal.show_rows([asdict(session) for session in found], SESSION_COLUMNS)


def _add_end_sessions(commands: typer.Typer) -> None:
    @commands.command("end-sessions")
    def end_sessions(
        context: typer.Context,
        email: Email,
        session: Annotated[str | None, typer.Option("--session", help="Only this one; its id.")] = None,
        dry_run: DryRun = False,
        yes: Yes = False,
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """End the sessions of a user, at once; they have to log in again.

        Example:

            bos user end-sessions ada@acme.example --yes
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            user = find_user(kernel, choose_tenant(kernel, tenant), email)
            with kernel.database.platform() as uow:
                now = kernel.clock()
                count = 1 if session else len(list_sessions(uow, user.id, now))
                if not dry_run:
                    terminal.confirm(f"End {count} session(s) of {user.email}?", yes)
                if session:
                    revoke_session(uow, user.id, session, now, origin=BY_OPERATOR)
                else:
                    revoke_sessions(uow, user.id, now, origin=BY_OPERATOR)
                if not dry_run:
                    uow.commit()
        terminal.show_record({"email": user.email, "ended": count, "dry_run": dry_run})


def _add_reset_factors(commands: typer.Typer) -> None:
    @commands.command("reset-factors")
    def reset_user_factors(
        context: typer.Context,
        email: Email,
        dry_run: DryRun = False,
        yes: Yes = False,
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """Take all second factors and recovery codes of a user away, who has lost them. Ends all sessions.

        Example:

            bos user reset-factors ada@acme.example --yes
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            user = find_user(kernel, choose_tenant(kernel, tenant), email)
            with kernel.database.platform() as uow:
                count = len(factor_store.list_factors(uow, user.id))
                if not dry_run:
                    terminal.confirm(f"Take {count} second factor(s) of {user.email} away?", yes)
                    reset_factors(uow, user, kernel.clock(), BY_OPERATOR)
                    uow.commit()
        terminal.show_record({"email": user.email, "removed": count, "dry_run": dry_run})


def _add_reset_password(commands: typer.Typer) -> None:
    @commands.command("reset-password")
    def reset_password(context: typer.Context, email: Email, tenant: Tenant = None, json: AsJson = False) -> None:
        """Make a token with which a user sets a new password, once, within a day. The old one works until then.

        Example:

            bos user reset-password ada@acme.example
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            user = find_user(kernel, choose_tenant(kernel, tenant), email)
            with kernel.database.platform() as uow:
                made = issue_reset(uow, user, kernel.clock(), origin=BY_OPERATOR)
                uow.commit()
        terminal.show_record(made)


def _add_rotate(commands: typer.Typer) -> None:
    @commands.command("rotate-token-key")
    def rotate(
        context: typer.Context,
        leaked: Annotated[bool, typer.Option("--leaked", help="Accept no token of the old key any more.")] = False,
        dry_run: DryRun = False,
        yes: Yes = False,
        json: AsJson = False,
    ) -> None:
        """Sign access tokens with a new key. Running servers follow within a minute; nobody has to log in again.

        Examples:

            bos auth rotate-token-key

            bos auth rotate-token-key --leaked --yes
        """
        terminal = Terminal.of(context)
        until: Any = None
        with open_kernel(terminal.settings) as kernel:
            if not dry_run:
                if leaked:
                    terminal.confirm("Refuse all access tokens there are? Clients have to refresh.", yes)
                until = rotate_token_key(kernel, is_leaked=leaked)
        terminal.show_record({"rotated": not dry_run, "old_accepted_until": until})


def _add_events(commands: typer.Typer) -> None:
    @commands.command("events")
    def list_events(
        context: typer.Context,
        user: Annotated[str | None, typer.Option("--user", help="Email of the user they are about.")] = None,
        limit: Annotated[int, typer.Option("--limit", min=1, max=trail.EVENTS_PAGE_MAX, help="How many.")] = 50,
        tenant: Tenant = None,
        json: AsJson = False,
    ) -> None:
        """List log-ins, failures and changes of what lets users in, newest first.

        Example:

            bos auth events --user ada@acme.example --limit 20
        """
        terminal = Terminal.of(context)
        with open_kernel(terminal.settings) as kernel:
            found = choose_tenant(kernel, tenant)
            user_id = find_user(kernel, found, user).id if user else None
            with kernel.database.platform() as uow:
                events = trail.list_events(uow, found.id, user_id=user_id, limit=limit)
        terminal.show_rows([asdict(event) for event in events], EVENT_COLUMNS)
