"""`bos applet bisect`: which applet a request fails because of."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer

from kernel.cli.options import ActAs, AsJson, Tenant
from kernel.cli.session import choose_tenant, open_kernel
from kernel.cli.terminal import Terminal
from registry.bisect.service import FailingRequest, Trial, Verdict, bisect_request


def add_bisect_commands(commands: typer.Typer) -> None:
    """Add it to the group `applet`."""

    @commands.command()
    def bisect(
        context: typer.Context,
        request: Annotated[
            list[str],
            typer.Argument(
                help="METHOD PATH, and then --data JSON and --header NAME:VALUE if needed.", show_default=False
            ),
        ],
        shipped: Annotated[bool, typer.Option("--all", help="Look among the applets that come with Bos too.")] = False,
        tenant: Tenant = None,
        as_user: ActAs = None,
        json: AsJson = False,
    ) -> None:
        """Find the applets a request fails because of, on a copy of the tenant that is dropped again.

        Examples:

            bos applet bisect --tenant acme -- GET /api/v1/receivables/invoices

            bos applet bisect -t acme --as ann@acme.example -- POST /api/v1/parties/customers --data '{"name": "Ann"}'
        """
        terminal = Terminal.of(context)
        failing = read_request(request)
        with open_kernel(terminal.settings) as kernel:
            record = choose_tenant(kernel, tenant)
            with terminal.progress(f"Copying {record.name}") as advance:
                verdict = bisect_request(
                    kernel,
                    record,
                    failing,
                    email=as_user,
                    has_shipped=shipped,
                    tell=lambda trial: _tell(terminal, trial),
                    progress=lambda table, rows: advance(rows),
                )
        _show(terminal, verdict)


def read_request(words: list[str]) -> FailingRequest:
    """What stands behind `--`. Raises typer.BadParameter."""
    if len(words) < 2 or len(words) % 2 or not words[1].startswith("/"):
        raise typer.BadParameter("it is METHOD PATH [--data JSON] [--header NAME:VALUE]", param_hint="REQUEST")
    body, headers = None, {}
    for option, value in zip(words[2::2], words[3::2], strict=True):
        if option == "--data":
            body = _read_json(value)
        elif option == "--header" and ":" in value:
            name, _, text = value.partition(":")
            headers[name.strip()] = text.strip()
        else:
            raise typer.BadParameter(f"there is no {option} {value}", param_hint="REQUEST")
    return FailingRequest(words[0].upper(), words[1], body, headers)


def _read_json(text: str) -> bytes:
    try:
        return orjson.dumps(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter(f"--data is not JSON: {error}", param_hint="REQUEST") from None


def _tell(terminal: Terminal, trial: Trial) -> None:
    same = "fails as before" if trial.is_same else "goes another way"
    terminal.say(f"With {', '.join(trial.applets) or 'none of them'}: {trial.outcome}, {same}")


def _show(terminal: Terminal, verdict: Verdict) -> None:
    if terminal.is_json:
        terminal.show_json(verdict.as_json())
        return
    if not verdict.culprits:
        typer.echo(f"It is no applet: the request fails ({verdict.outcome}) without them too.")
    elif len(verdict.culprits) == 1:
        typer.echo(f"It is {verdict.culprits[0]}: without it the request does not fail ({verdict.outcome}).")
    else:
        typer.echo(f"It is these together: {', '.join(verdict.culprits)} ({verdict.outcome}).")
