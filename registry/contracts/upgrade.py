"""What another version of the kernel and its SDK would break, for every tenant, before anything is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet

from kernel.main import Kernel
from kernel.tenancy.record import TenantRecord
from registry.compatibility import kernel_version
from registry.contracts.cached import contract_of
from registry.contracts.changes import check_change
from registry.contracts.errors import OfferUnreadable
from registry.contracts.kernel import offered_kernel
from registry.contracts.model import FORMAT, KERNEL, SDK, Contract, Offer, Offers
from registry.contracts.surface import offered_sdk
from registry.plans.findings import Finding, Severity, worst_first
from registry.releases import Releases
from registry.rows import read_rows
from sdk.errors import BosError

OFFER_BYTES_MAX = 20_000_000


@dataclass(frozen=True)
class Platform:
    """The offered contract of one version. version: the kernel's; sdk, kernel: what each offers."""

    version: str
    sdk: Offer
    kernel: Offer

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": self.version,
            "sdk": self.sdk.as_json(),
            "kernel": self.kernel.as_json(),
        }


def describe_platform(source: Path | None = None) -> Platform:
    """The version that runs, or the one whose source tree (with `sdk` and `kernel` in it) lies in a folder."""
    if source is None:
        return Platform(str(kernel_version()), offered_sdk(), offered_kernel())
    kernel = offered_kernel(source / "kernel" / "types")
    return Platform(kernel.version, offered_sdk(source / "sdk"), kernel)


def read_platform(file: Path) -> Platform:
    """What `bos upgrade describe` wrote. Raises OfferUnreadable."""
    try:
        if file.stat().st_size > OFFER_BYTES_MAX:
            raise OfferUnreadable(file=str(file), reason=f"it has more than {OFFER_BYTES_MAX} bytes")
        data = json.loads(file.read_text(encoding="utf-8"))
        return Platform(str(data["version"]), Offer.from_json(data["sdk"]), Offer.from_json(data["kernel"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OfferUnreadable(file=str(file), reason=f"{type(error).__name__}: {error}") from None


def check_platform(contracts: Mapping[str, Contract], coming: Platform) -> list[Finding]:
    """What of these applets, enabled together, will not hold with another kernel and SDK."""
    offers = [contract.offers for contract in contracts.values()]
    there = Offers([offered_sdk(), offered_kernel(), *offers])
    after = Offers([coming.sdk, coming.kernel, *offers])
    found = [finding for contract in contracts.values() for finding in check_change(contract, there, after)]
    ranges = [finding for contract in contracts.values() for finding in _ranges(contract, coming)]
    return worst_first([*ranges, *(one for one in found if one.severity is not Severity.INFORMS)])


def _ranges(contract: Contract, coming: Platform) -> Iterator[Finding]:
    for name, version in ((SDK, coming.sdk.version), (KERNEL, coming.version)):
        text = contract.requires.get(name, "")
        if text and not SpecifierSet(text).contains(version, prereleases=True):
            yield Finding(
                severity=Severity.BLOCKS,
                rule="version",
                subject=name,
                message=f"{contract.applet} requires {name} {text}, and that is {version}",
                fix=f"a release of {contract.applet} for {name} {version}",
                applet=contract.applet,
                where="applet.toml",
            )


def check_tenants(kernel: Kernel, releases: Releases, coming: Platform) -> Iterator[dict[str, Any]]:
    """One row for each tenant and finding, as JSON; a tenant whose applets cannot be read is a finding too."""
    for tenant in kernel.directory.list():
        unreadable: list[Finding] = []
        contracts = _contracts_of(kernel, releases, tenant, unreadable)
        for finding in [*unreadable, *check_platform(contracts, coming)]:
            yield {"tenant": tenant.name, **finding.as_json()}


def _contracts_of(
    kernel: Kernel, releases: Releases, tenant: TenantRecord, unreadable: list[Finding]
) -> dict[str, Contract]:
    """Of the applets a tenant has enabled."""
    contracts = {}
    with kernel.database.transaction(tenant) as uow:
        rows = [row for row in read_rows(uow).values() if row.is_enabled]
    for row in rows:
        try:
            release = releases.find(kernel.database, row.name, row.version)
            if release is None or release.applet is None:
                raise OfferUnreadable(file=f"{row.name} {row.version}", reason="this release is not here")
            contracts[row.name] = contract_of(release.applet, release.digest)
        except BosError as error:
            fix = "install the release"
            unreadable.append(Finding(Severity.BLOCKS, "code_unreadable", row.name, error.message, fix, row.name))
    return contracts


def breaks(row: Mapping[str, Any]) -> bool:
    return bool(row["severity"] == Severity.BLOCKS)
