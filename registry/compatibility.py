"""Whether an applet fits: SDK and kernel, other applets, its hooks, names others have. Every reason at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from packaging.version import Version

from registry.discovery import Release
from registry.loader import load_hooks
from sandbox.errors import PolicyRefused
from sdk import __version__ as sdk_version
from sdk.applet import Applet
from sdk.errors import BosError, Violation
from sdk.hookset import collect_hooks


def kernel_version() -> Version:
    """The version of the installed distribution; a bare source tree counts as its first release."""
    try:
        return Version(version("bos"))
    except PackageNotFoundError:
        return Version("0.1.0")


def check_compatibility(release: Release, releases: Mapping[str, Sequence[Release]]) -> list[Violation]:
    """Why the applet cannot run in this installation; empty when it can. releases: all here by name."""
    violations = check_release(release)
    if release.applet is not None:
        violations += check_required(release.applet, releases)
    return violations


def check_release(release: Release) -> list[Violation]:
    """The same without looking at other applets."""
    if release.applet is None:
        assert release.fault is not None
        return list(release.fault.violations) or [Violation("", release.fault.code, release.fault.message)]
    return [
        *_check_name(release.applet),
        *_check_ranges(release.applet),
        *(_check_sandboxed(release) if release.is_sandboxed else _check_hooks(release)),
    ]


def check_clashes(applet: Applet, others: Sequence[Applet]) -> list[Violation]:
    """Names of the applet that enabled ones have already."""
    return [
        Violation(f"/{what}/{name}", "clash", f"{name} is brought by {other.name} already", "another name")
        for other in others
        if other.name != applet.name
        for what in ("types", "registers", "reports", "roles")
        for name in getattr(applet, what)
        if name in getattr(other, what)
    ]


def check_required(applet: Applet, releases: Mapping[str, Sequence[Release]]) -> list[Violation]:
    """What it requires and is not among these in any fitting version."""
    found = []
    for name, range in applet.manifest.requires.applets.items():
        versions = [release.version for release in releases.get(name, ()) if release.applet]
        pointer = f"/requires/applets/{name}"
        if not versions:
            found.append(Violation(pointer, "missing_applet", f"the applet {name} is not here", f"{name} {range}"))
        elif not any(range.contains(version, prereleases=True) for version in versions):
            message = f"{name} {', '.join(versions)} is not in {range}"
            found.append(Violation(pointer, "version", message, f"{name} {range}"))
    return found


def _check_name(applet: Applet) -> Iterator[Violation]:
    if applet.name == "kernel":
        yield Violation("/name", "reserved_name", "kernel is the kernel's own name", "another name")


def _check_sandboxed(release: Release) -> Iterator[Violation]:
    """Its code is looked at in a worker; nothing of it is imported here."""
    problem = "this installation has no sandbox" if release.sandbox is None else release.sandbox.problem()
    if problem is not None:
        message = f"it asks to be sandboxed, and {problem}"
        yield Violation("/trust", "trust", message, "a sandbox, or trusted if you trust its author with this server")
        return
    try:
        collect_hooks(release.name, release.sandbox.load(release))
    except PolicyRefused as fault:
        yield from fault.violations
    except BosError as fault:
        yield from list(_hook_violations(fault)) or [Violation("/hooks", fault.code, fault.message)]


def _check_ranges(applet: Applet) -> Iterator[Violation]:
    requires = applet.manifest.requires
    for what, range, present in (
        ("sdk", requires.sdk, Version(sdk_version)),
        ("kernel", requires.kernel, kernel_version()),
    ):
        if not range.contains(present, prereleases=True):
            yield Violation(f"/requires/{what}", "version", f"{what} {present} is not in {range}", f"{what} {range}")


def _check_hooks(release: Release) -> Iterator[Violation]:
    try:
        collect_hooks(release.name, load_hooks(release))
    except BosError as fault:
        yield from _hook_violations(fault)
    except Exception as error:  # reason: an applet's import may fail in any way, and that is what is to be told
        yield Violation("/hooks", "import", f"its code cannot be imported: {type(error).__name__}: {error}")


def _hook_violations(fault: BosError) -> Iterator[Violation]:
    return (Violation(f"/hooks{v.pointer}", v.rule, v.message, v.expected) for v in fault.violations)
