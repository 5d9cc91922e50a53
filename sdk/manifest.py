"""The manifest `applet.toml`: what an applet is, what it needs, what it may."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from sdk.definition import NAME, QUALIFIED_NAME, Reader
from sdk.errors import Invalid, Violation
from sdk.nearest import nearest_or_all

MANIFEST_KEYS = (
    "name", "version", "title", "description", "author", "license", "trust", "hooks", "capabilities", "requires",
    "limits",
)  # fmt: skip
REQUIRES_KEYS = ("sdk", "kernel", "applets")
LIMITS_KEYS = ("hook_ms", "memory_mb", "when_suspended")
WHEN_SUSPENDED = ("fail_closed", "fail_open")
LIMIT_RANGES = {"hook_ms": (10, 60_000), "memory_mb": (16, 4_096)}
TRUST_TIERS = ("trusted", "sandboxed")
# What the platform calls its own things; an applet of such a name could not be reached by URL.
RESERVED_APPLET_NAMES = (
    "auth", "users", "registers", "reports", "events", "deliveries", "permissions", "applets", "openapi", "docs",
    "healthz", "readyz", "metrics", "imports", "exports", "oauth",
)  # fmt: skip
CAPABILITY_VERBS = {
    "documents": ("read", "write"),
    "registers": ("read",),
    "reports": ("run",),
}


class InvalidManifest(Invalid):
    """The manifest of {applet} cannot be used: {count} fault(s)."""


@dataclass(frozen=True, slots=True)
class Capability:
    """`documents:write:ledger.journal_entry`: what an applet may do beyond its own things. name may end in `*`."""

    resource: str
    verb: str
    name: str

    def allows(self, resource: str, verb: str, name: str) -> bool:
        """Whether it covers this; writing documents includes reading them."""
        verbs = (self.verb, "read") if self.verb == "write" else (self.verb,)
        if resource != self.resource or verb not in verbs:
            return False
        return name == self.name or (self.name.endswith("*") and name.startswith(self.name[:-1]))

    def __str__(self) -> str:
        return f"{self.resource}:{self.verb}:{self.name}"


@dataclass(frozen=True)
class Requires:
    """Version ranges the applet works with. applets: by name; those must be enabled too."""

    sdk: SpecifierSet = field(default_factory=SpecifierSet)
    kernel: SpecifierSet = field(default_factory=SpecifierSet)
    applets: Mapping[str, SpecifierSet] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """hook_ms: how long one hook call may take; memory_mb: of a sandboxed worker. None: the platform's own.

    when_suspended: what becomes of a change its hooks might have refused; `fail_open` leaves them out.
    """

    hook_ms: int | None = None
    memory_mb: int | None = None
    when_suspended: str = "fail_closed"


@dataclass(frozen=True)
class Manifest:
    """hooks: the name of the module, inside the applet's folder, that holds its hook functions."""

    name: str
    version: Version
    title: str
    description: str = ""
    author: str = ""
    license: str = ""
    trust: str = "trusted"
    hooks: str = "hooks"
    capabilities: tuple[Capability, ...] = ()
    requires: Requires = field(default_factory=Requires)
    limits: Limits = field(default_factory=Limits)

    def allows(self, resource: str, verb: str, name: str) -> bool:
        """Whether a capability covers this; the applet's own things always are."""
        own = name.partition(".")[0] == self.name
        return own or any(capability.allows(resource, verb, name) for capability in self.capabilities)

    @classmethod
    def from_toml(cls, text: str) -> Manifest:
        """The manifest of an `applet.toml`; raises InvalidManifest with all faults."""
        faults: list[Violation] = []
        manifest = read_manifest(parse_toml(text, faults), faults)
        if faults:
            raise InvalidManifest(applet=manifest.name or "?", violations=faults)
        return manifest


def parse_toml(text: str, faults: list[Violation]) -> dict[str, Any]:
    """The tables of a TOML text; a violation, and nothing, where it is none."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        faults.append(Violation("", "toml", f"not TOML: {str(error)[:200]}"))
        return {}


def parse_capability(text: str) -> Capability | None:
    """The capability, None where the text is none."""
    parts = text.split(":")
    if len(parts) != 3 or parts[1] not in CAPABILITY_VERBS.get(parts[0], ()):
        return None
    name = parts[2]
    plain = name[:-1] + "x" if name.endswith(".*") else name
    return Capability(*parts) if name == "*" or QUALIFIED_NAME.fullmatch(plain) else None


def read_manifest(data: Any, faults: list[Violation]) -> Manifest:
    """The manifest as far as it can be read; what is wrong goes to `faults`."""
    reader = Reader(data, faults)
    reader.keys(MANIFEST_KEYS, ("name", "version", "title", "requires"))
    return Manifest(
        name=_read_name(reader),
        version=_read_version(reader),
        title=reader.text("title"),
        description=reader.text("description"),
        author=reader.text("author"),
        license=reader.text("license"),
        trust=reader.choice("trust", TRUST_TIERS, "trusted"),
        hooks=reader.name("hooks", NAME, "a module's name") or "hooks",
        capabilities=_read_capabilities(reader),
        requires=_read_requires(reader),
        limits=_read_limits(reader),
    )


def _read_name(reader: Reader) -> str:
    name = reader.name("name", re.compile(r"[a-z][a-z0-9_]{0,39}"), "snake_case, at most 40 characters")
    if name in RESERVED_APPLET_NAMES:
        reader.fault("name", "reserved_name", f"{name} is reserved", "another name")
    return name


def _read_version(reader: Reader) -> Version:
    text = reader.text("version", "0")
    try:
        return Version(text)
    except InvalidVersion:
        reader.fault("version", "version", f"{text[:60]} is not a version", "such as 1.4.2 (PEP 440)")
        return Version("0")


def _read_capabilities(reader: Reader) -> tuple[Capability, ...]:
    capabilities = []
    for text in reader.texts("capabilities"):
        capability = parse_capability(text)
        if capability is None:
            known = [f"{resource}:{verb}:…" for resource, verbs in CAPABILITY_VERBS.items() for verb in verbs]
            reader.fault("capabilities", "capability", f"there is no {text[:80]}", nearest_or_all(text[:80], known))
        else:
            capabilities.append(capability)
    return tuple(capabilities)


def _read_requires(reader: Reader) -> Requires:
    requires = reader.child("requires")
    if requires is None:
        return Requires()
    requires.keys(REQUIRES_KEYS, ("sdk",))
    applets = requires.child("applets")
    others = {} if applets is None else {name: _read_range(applets, name) for name in applets.data}
    for name in others:
        if applets is not None and (not NAME.fullmatch(name) or name == reader.data.get("name")):
            applets.fault(name, "name", f"{name[:60]} cannot be required", "another applet's name")
    return Requires(_read_range(requires, "sdk"), _read_range(requires, "kernel"), others)


def _read_range(reader: Reader, key: str) -> SpecifierSet:
    text = reader.text(key)
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        reader.fault(key, "version_range", f"{text[:60]} is not a range of versions", "such as >=1.2,<2")
        return SpecifierSet()


def _read_limits(reader: Reader) -> Limits:
    limits = reader.child("limits")
    if limits is None:
        return Limits()
    limits.keys(LIMITS_KEYS)
    numbers = {key: limits.integer(key, *LIMIT_RANGES[key]) for key in LIMIT_RANGES}
    return Limits(**numbers, when_suspended=limits.choice("when_suspended", WHEN_SUSPENDED, "fail_closed"))
