"""What the SDK is to take away, and which applets use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from packaging.version import Version

from kernel.context import KernelContext
from registry.contracts.cached import contract_of
from registry.contracts.lookup import find_symbol
from registry.contracts.model import Contract, Offer, Use
from registry.contracts.surface import offered_sdk
from registry.plans.findings import Finding, Severity
from registry.transitions import RESOURCE
from sdk.deprecations import DEPRECATIONS, Deprecation

HOOKSPECS = "sdk.hookspecs"


def notices_of(contracts: Iterable[Contract], deprecations: Sequence[Deprecation] | None = None) -> Iterator[Finding]:
    """One for each applet and each thing of the SDK's that it uses and that goes."""
    for contract in contracts:
        for entry, use in _affected(contract, deprecations):
            yield Finding(
                severity=Severity.INFORMS,
                rule="deprecated",
                subject=entry.symbol,
                message=f"{contract.applet} uses {entry.symbol} ({use.where}), which goes with SDK {entry.removed_in}",
                fix=entry.replacement,
                applet=contract.applet,
                where=use.where,
            )


def list_notices(ctx: KernelContext) -> list[dict[str, Any]]:
    """What goes and which of the tenant's enabled applets use it, with the document types they do so for."""
    ctx.permissions.check_resource("read", RESOURCE)
    contracts = [contract_of(applet) for applet in ctx.runtime.catalogue.applets if applet.name != "kernel"]
    return describe_notices(contracts)


def describe_notices(
    contracts: Iterable[Contract], deprecations: Sequence[Deprecation] | None = None
) -> list[dict[str, Any]]:
    """As JSON, by symbol. types: those documents are of that the applet touches in the same files."""
    found: dict[str, dict[str, Any]] = {}
    for contract in contracts:
        for entry, use in _affected(contract, deprecations):
            notice = found.setdefault(entry.symbol, {**entry.as_json(), "applets": []})
            applets = notice["applets"]
            shown = next((one for one in applets if one["name"] == contract.applet), None)
            if shown is None:
                shown = {"name": contract.applet, "version": contract.version, "places": [], "types": []}
                applets.append(shown)
            shown["places"] = sorted({*shown["places"], *use.places})
            shown["types"] = sorted({*shown["types"], *_types_beside(contract, use)})
    return [found[symbol] for symbol in sorted(found)]


def _types_beside(contract: Contract, use: Use) -> set[str]:
    files = {place.partition(":")[0] for place in use.places}
    return {
        other.target
        for other in contract.of_kind("type", "field")
        if any(place.partition(":")[0] in files for place in other.places)
    }


def _affected(contract: Contract, deprecations: Sequence[Deprecation] | None) -> Iterator[tuple[Deprecation, Use]]:
    sdk = offered_sdk()
    entries = DEPRECATIONS if deprecations is None else deprecations
    present = [entry for entry in entries if Version(entry.removed_in) > Version(sdk.version)]
    for use in contract.uses if present else ():
        names = set(names_of(use, sdk))
        yield from ((entry, use) for entry in present if entry.symbol in names)


def names_of(use: Use, sdk: Offer) -> Iterator[str]:
    """What a deprecation may call the thing that is used."""
    if use.kind == "hook":
        yield f"{HOOKSPECS}.{use.target}.{use.name}" if use.name else f"{HOOKSPECS}.{use.target}"
    elif use.kind == "question":
        yield f"{HOOKSPECS}.resolve_{use.target}"
        yield from (f"{HOOKSPECS}.resolve_{use.target}.{name}" for name in use.details.get("keywords", ()))
    elif use.kind in ("symbol", "attribute", "call", "construction"):
        named = f"{use.target}.{use.name}" if use.name else use.target
        found = find_symbol(sdk, use.target, use.name) if use.name else None
        for name in {named, f"{found[0]}.{use.name}" if found else named}:
            yield name
            yield from (f"{name}.{keyword}" for keyword in use.details.get("keywords", ()))
