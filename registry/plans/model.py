"""A plan: what will be done in which order, what was found, and the digest that says whether it is still the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from registry.plans.findings import Finding, Severity, first_of, worst_first
from registry.plans.situation import Move, PlanRequest, Situation

DIGEST_LENGTH = 16


@dataclass(frozen=True)
class Plan:
    """position: the tenant's last event when it was made. state: what of the tenant it was made from."""

    request: PlanRequest
    moves: Sequence[Move]
    findings: Sequence[Finding]
    digest: str
    position: int
    estimate_s: float = 0.0

    @property
    def blocks(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is Severity.BLOCKS]

    @property
    def consents(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is Severity.CONSENT]

    def as_json(self) -> dict[str, Any]:
        return {
            "digest": self.digest,
            "request": self.request.as_json(),
            "applicable": not self.blocks,
            "moves": [move.as_json() for move in self.moves],
            "findings": [finding.as_json() for finding in self.findings],
            "needs_consent": [finding.id for finding in self.consents],
            "estimate_s": round(self.estimate_s, 1),
            "position": self.position,
        }


def make(situation: Situation, findings: Sequence[Finding], position: int, estimate_s: float) -> Plan:
    """The plan of a situation with what its checks have found; the digest is of all of it."""
    ordered = worst_first(findings)
    return Plan(
        request=situation.request,
        moves=tuple(situation.moves),
        findings=tuple(first_of(ordered)),
        digest=_digest(situation, ordered),
        position=position,
        estimate_s=estimate_s,
    )


def _digest(situation: Situation, findings: Sequence[Finding]) -> str:
    """A function of the tenant's state and the releases, and of nothing that changes with every document."""
    rows = [
        (row.name, row.version, row.state, sorted(row.capabilities), row.previous_version, row.lens_version)
        for row in sorted(situation.rows.values(), key=lambda row: row.name)
    ]
    releases = {
        (name, release.version): release.digest
        for side in (situation.before, situation.after)
        for name, release in side.items()
    }
    told = {
        "request": {name: value for name, value in situation.request.as_json().items() if name != "reason"},
        "rows": rows,
        "releases": sorted((*key, digest) for key, digest in releases.items()),
        "moves": [move.as_json() for move in situation.moves],
        "findings": [finding.identity for finding in findings],
    }
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:DIGEST_LENGTH]
