"""What a client may be; all faults are told at once."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from kernel.oauth.errors import OauthClientInvalid
from kernel.oauth.records import CODE_GRANT, CREDENTIALS_GRANT, GRANT_TYPES, REFRESH_GRANT, Client
from kernel.oauth.redirects import URI_CHARACTERS_MAX, find_fault
from kernel.oauth.scopes import permission_scopes
from kernel.permissions.errors import ScopesInvalid
from kernel.permissions.limits import check_scopes
from sdk.errors import Violation

REDIRECT_URIS_MAX = 20
RESOURCES_MAX = 20


def check_client(client: Client) -> None:
    """Raises OauthClientInvalid."""
    checks = (_name_faults, _grant_faults, _redirect_faults, _scope_faults, _resource_faults)
    faults = [fault for check in checks for fault in check(client)]
    if faults:
        raise OauthClientInvalid(violations=faults)


def _name_faults(client: Client) -> Iterator[Violation]:
    """It stands on the page where users decide: nothing in it may turn the text around, say."""
    if not client.name.isprintable() or not client.name.strip():
        yield Violation("/name", "text", "the name is empty or has unprintable characters")


def _grant_faults(client: Client) -> Iterator[Violation]:
    grants = client.grant_types
    if not grants or not set(grants) <= set(GRANT_TYPES):
        yield Violation("/grant_types", "grant_type", "there is none, or one is unknown", ", ".join(GRANT_TYPES))
    if REFRESH_GRANT in grants and CODE_GRANT not in grants:
        yield Violation("/grant_types", "grant_type", "only codes lead to refresh tokens", CODE_GRANT)
    if CREDENTIALS_GRANT in grants and not client.is_confidential:
        yield Violation("/kind", "kind", "a public client has no credentials to act by", "confidential")
    if CREDENTIALS_GRANT in grants and client.user_id is None:
        yield Violation("/user_id", "user_required", "whom does it act as?", "the id of a user")
    if CREDENTIALS_GRANT not in grants and client.user_id is not None:
        yield Violation("/user_id", "user_unused", "it acts as nobody of its own", CREDENTIALS_GRANT)
    if client.may_introspect and not client.is_confidential:
        yield Violation("/may_introspect", "kind", "a public client cannot prove who it is", "confidential")


def _redirect_faults(client: Client) -> Iterator[Violation]:
    has_codes, count = CODE_GRANT in client.grant_types, len(client.redirect_uris)
    if has_codes != bool(count) or count > REDIRECT_URIS_MAX:
        expected = f"1 to {REDIRECT_URIS_MAX}" if has_codes else "none"
        yield Violation("/redirect_uris", "redirect_count", f"{count} redirect URIs", expected)
    for index, uri in enumerate(client.redirect_uris[:REDIRECT_URIS_MAX]):
        fault = find_fault(uri, is_public=not client.is_confidential)
        if fault:
            yield Violation(f"/redirect_uris/{index}", "redirect_uri", f"{uri[:80]} cannot be one", fault)


def _scope_faults(client: Client) -> Iterator[Violation]:
    permissions = permission_scopes(client.scopes)
    try:
        if permissions or not client.scopes:
            check_scopes(permissions)
    except ScopesInvalid as error:
        yield from error.violations


def _resource_faults(client: Client) -> Iterator[Violation]:
    if len(client.resources) > RESOURCES_MAX:
        yield Violation("/resources", "resource_count", f"{len(client.resources)} resources", f"≤ {RESOURCES_MAX}")
    for index, uri in enumerate(client.resources):
        if not _is_resource(uri):
            expected = "an absolute URI without a fragment"
            yield Violation(f"/resources/{index}", "resource", f"{uri[:80]} is no resource", expected)


def _is_resource(uri: str) -> bool:
    """RFC 8707 section 2."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return uri.isascii() and uri.isprintable() and bool(parts.scheme and parts.netloc) and (
        "#" not in uri and " " not in uri and len(uri) <= URI_CHARACTERS_MAX
    )  # fmt: skip
