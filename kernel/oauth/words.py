"""Scopes in words, for people who are asked to allow them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kernel.oauth.scopes import EMAIL, EVERYTHING, OPENID, PROFILE

_WHOLE = {
    EVERYTHING: "do everything you may do",
    OPENID: "know which user you are",
    PROFILE: "know your name",
    EMAIL: "know your email",
    "reports:run": "run reports",
}


def put_in_words(scopes: Iterable[str], titles: Mapping[str, str]) -> list[str]:
    """One line each. titles: of document types, by name; an unknown one is told by its name."""
    return [_WHOLE.get(scope) or _one(scope, titles) for scope in scopes]


def _one(scope: str, titles: Mapping[str, str]) -> str:
    resource, _, verb = scope.partition(":")
    if resource == EVERYTHING:
        what = "documents of all kinds"
    elif resource.endswith(".*"):
        what = f"everything of {resource[:-2]}"
    else:
        what = titles.get(resource, resource)
    return f"do anything with: {what}" if verb == EVERYTHING else f"{verb.replace('_', ' ')}: {what}"
