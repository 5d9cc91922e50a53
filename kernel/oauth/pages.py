"""The pages of logging in and consenting: plain HTML without a script, whatever stands in them escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

from fastapi import Response

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:10vh auto;padding:0 1rem;color:#1a1a1a}"
    "label{display:block;margin:.75rem 0}"
    "input{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.5rem}"
    "button{font:inherit;padding:.5rem 1.25rem;margin:.5rem .5rem 0 0}.fault{color:#a40000}small{color:#555}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def log_in_page(
    *,
    action: str,
    csrf: str,
    client: str,
    tenant: str,
    providers: Iterable[tuple[str, str]],
    fault: str = "",
    email: str = "",
    target: str = "",
) -> Response:
    """The form of email, password and one-time code. providers: title and address of those to log in with instead."""
    links = "".join(f'<p><a href="{escape(url)}">Log in with {escape(title)}</a></p>' for title, url in providers)
    body = f"""<p><strong>{escape(client)}</strong> asks to act for you at <strong>{escape(tenant)}</strong>.</p>
{_fault(fault)}<form method="post" action="{escape(action)}">
{_hidden("csrf", csrf)}{_hidden("step", "log_in")}
<label>Email <input name="email" type="email" value="{escape(email)}" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<label>One-time or recovery code, if you use one
<input name="code" autocomplete="one-time-code" maxlength="64"></label>
<button type="submit">Log in</button>
</form>
{links}"""
    return _respond("Log in", body, 200 if not fault else 401, target)


def consent_page(
    *, action: str, csrf: str, client: str, tenant: str, email: str, words: Sequence[str], way_back: str, target: str
) -> Response:
    """Who asks for what. target: where the answer goes, for browsers that hold redirects to the form's policy."""
    allowed = "".join(f"<li>{escape(each)}</li>" for each in words)
    body = f"""<p><strong>{escape(client)}</strong> asks to act for you at <strong>{escape(tenant)}</strong>,
where you are <strong>{escape(email)}</strong>. It may then:</p>
<ul>{allowed}</ul>
<p><small>It never gets your password, and never may do more than you. You can take this back at any time.
The answer goes to {escape(way_back)}</small></p>
<form method="post" action="{escape(action)}">
{_hidden("csrf", csrf)}{_hidden("step", "decide")}
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Refuse</button>
<button type="submit" name="decision" value="leave">I am somebody else</button>
</form>"""
    return _respond("Allow this?", body, 200, target)


def fault_page(fault: str, status: int = 400) -> Response:
    """Where nothing can go on, and nobody may be redirected."""
    return _respond("This cannot go on", f"{_fault(fault)}<p>Go back to the program you came from.</p>", status, "")


def _fault(text: str) -> str:
    return f'<p class="fault" role="alert">{escape(text)}</p>\n' if text else ""


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _respond(title: str, body: str, status: int, target: str) -> Response:
    allowed = f"'self' {target}".strip()
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {allowed};"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "x-frame-options": "DENY",
        # The address holds the request, and `state` with it.
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }
    page = _PAGE.format(title=escape(title), style=_STYLE, body=body)
    return Response(page, status, headers, "text/html")
