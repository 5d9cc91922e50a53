"""A usage contract: what an applet uses of others, what it offers them, and where its code does not say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

FORMAT = 1
SDK, KERNEL = "sdk", "kernel"
# How many places a message or a lock names of one use.
PLACES_MAX = 20


@dataclass(frozen=True)
class Use:
    """One thing of somebody's that an applet relies on. docs/upgrades-for-developers.md has the table of kinds.

    target: whose it is: a document type, register, report, event, an SDK module or class. name: which of its parts.
    mode: how, such as read, write, give, filter. places: `file:line`, the first ones. details: the shape of a call, the
    fields of a created document and the like.
    """

    kind: str
    target: str
    name: str = ""
    mode: str = ""
    places: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return self.places[0] if self.places else ""

    @property
    def owner(self) -> str:
        """Whose it is: sdk, kernel or the applet."""
        return self.target.partition(".")[0]

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"kind": self.kind, "target": self.target, "name": self.name, "mode": self.mode}
        shown |= {"places": list(self.places), "details": dict(self.details)}
        return {key: value for key, value in shown.items() if value or key in ("kind", "target")}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Use:
        texts = (data["kind"], data["target"], data.get("name", ""), data.get("mode", ""))
        return cls(*texts, tuple(data.get("places", ())), dict(data.get("details", {})))


@dataclass(frozen=True)
class Unresolved:
    """A place where the code is dynamic. target: what is known: a type, a pattern such as `sales.*`, or nothing.

    name: what is known of the part, such as a path's beginning. reason: a clause that goes on from `hooks.py:14`.
    """

    reason: str
    target: str = ""
    name: str = ""
    where: str = ""

    def as_json(self) -> dict[str, Any]:
        shown = {"reason": self.reason, "target": self.target, "name": self.name, "where": self.where}
        return {key: value for key, value in shown.items() if value}


@dataclass(frozen=True)
class Offer:
    """What one of sdk, kernel or an applet gives the others; every part is plain JSON, see `registry.contracts.offers`.

    symbols: by module and name. hooks: arguments by hook. words: what schemas, expressions and manifests may say.
    types, states, actions: by document type. events: payload members by event. lenses: renamed fields by type, the
    newest version first. sources: of what the parts of events, registers and reports are made, see
    `registry.contracts.sources`. filled: fields and parts of registers its code sets, by type or register; `*`: any.
    taken: arguments of actions its code reads, by `type.action`.
    """

    name: str
    version: str
    symbols: Mapping[str, Any] = field(default_factory=dict)
    hooks: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[str, Any] = field(default_factory=dict)
    actions: Mapping[str, Any] = field(default_factory=dict)
    events: Mapping[str, Any] = field(default_factory=dict)
    registers: Mapping[str, Any] = field(default_factory=dict)
    reports: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    lenses: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, Any] = field(default_factory=dict)
    filled: Mapping[str, Any] = field(default_factory=dict)
    taken: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        shown = {**self.__dict__, "capabilities": list(self.capabilities)}
        return {key: value for key, value in shown.items() if value or key in ("name", "version")}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Offer:
        known = {key: value for key, value in data.items() if key in cls.__dataclass_fields__}
        return cls(**{**known, "capabilities": tuple(data.get("capabilities", ()))})


class Offers:
    """Everything that is there together: sdk, kernel and the applets."""

    def __init__(self, offers: Iterable[Offer]) -> None:
        self.by_name = {offer.name: offer for offer in offers}

    def __iter__(self) -> Iterator[Offer]:
        return iter(self.by_name.values())

    def of(self, name: str) -> Offer | None:
        """By whose it is: `receivables`, or the first part of `receivables.invoice`."""
        return self.by_name.get(name.partition(".")[0])

    def part(self, what: str, name: str) -> Any:
        """One thing by its qualified name: `part("types", "receivables.invoice")`; None where it is not there."""
        offer = self.of(name)
        return None if offer is None else getattr(offer, what).get(name)

    def names(self, what: str) -> Iterator[str]:
        """All names there are of one kind of thing."""
        return (name for offer in self for name in getattr(offer, what))

    def with_offer(self, *more: Offer) -> Offers:
        """These, with others in place of those of the same name."""
        return Offers([*self, *more])

    def without(self, name: str) -> Offers:
        return Offers(offer for offer in self if offer.name != name)


@dataclass(frozen=True)
class Contract:
    """What one release of an applet uses, offers and leaves open. requires: version ranges by name, sdk among them."""

    applet: str
    version: str
    uses: tuple[Use, ...]
    offers: Offer
    unresolved: tuple[Unresolved, ...] = ()
    requires: Mapping[str, str] = field(default_factory=dict)

    def of_kind(self, *kinds: str) -> Iterator[Use]:
        return (use for use in self.uses if use.kind in kinds)

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "applet": self.applet,
            "version": self.version,
            "requires": dict(self.requires),
            "uses": [use.as_json() for use in self.uses],
            "unresolved": [one.as_json() for one in self.unresolved],
            "offers": self.offers.as_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Contract:
        return cls(
            applet=data["applet"],
            version=data["version"],
            uses=tuple(Use.from_json(use) for use in data["uses"]),
            offers=Offer.from_json(data["offers"]),
            unresolved=tuple(Unresolved(**one) for one in data.get("unresolved", ())),
            requires=dict(data.get("requires", {})),
        )

    def as_text(self) -> str:
        """What `applet.lock` holds."""
        return as_text(self.as_json())


def as_text(data: Any) -> str:
    """JSON that is the same whenever the data are, one thing a line where that helps to compare."""
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def identity_of(use: Use) -> str:
    """What two uses that differ in their places only have in common."""
    return json.dumps([use.kind, use.target, use.name, use.mode, use.details], sort_keys=True, default=str)


def collect_uses(uses: Iterable[Use]) -> tuple[Use, ...]:
    """Each use once with all its places, in an order that does not depend on how they were found."""
    places: dict[str, list[str]] = {}
    first: dict[str, Use] = {}
    for use in uses:
        key = identity_of(use)
        first.setdefault(key, use)
        places.setdefault(key, []).extend(use.places)
    return tuple(
        Use(use.kind, use.target, use.name, use.mode, _ordered(places[key]), use.details)
        for key, use in sorted(first.items())
    )


def _ordered(places: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(places), key=_place_key)[:PLACES_MAX])


def _place_key(place: str) -> tuple[str, int, str]:
    file, _, line = place.partition(":")
    return (file, int(line) if line.isdigit() else 0, line)
