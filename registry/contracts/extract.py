"""Reading an applet's usage contract from its code and data."""

from __future__ import annotations

from pathlib import Path

from registry.contracts.apart import read_apart
from registry.contracts.code import read_code
from registry.contracts.data import uses_of_data
from registry.contracts.model import Contract, collect_uses
from registry.contracts.offers import offer_of
from sdk.applet import Applet


def extract_contract(source: Path | str | Applet) -> Contract:
    """What the applet in a folder uses, offers and leaves open; its code is read, never run.

    Raises InvalidApplet where its files are wrong, and UnreadableCode where a module is no Python, or reading it took
    more than it may.
    """
    applet = source if isinstance(source, Applet) else Applet.load(Path(source))
    # What is not trusted is not even parsed in this process.
    code = read_code(applet) if applet.manifest.trust == "trusted" else read_apart(applet)
    return Contract(
        applet=applet.name,
        version=str(applet.version),
        uses=collect_uses([*uses_of_data(applet), *code.uses]),
        offers=offer_of(applet, code.emitted, code.passed, code.filled, code.taken),
        unresolved=tuple(sorted(code.unresolved, key=lambda one: (one.where, one.target, one.name, one.reason))),
        requires=_requires(applet),
    )


def _requires(applet: Applet) -> dict[str, str]:
    requires = applet.manifest.requires
    ranges = {"sdk": str(requires.sdk), "kernel": str(requires.kernel)}
    return dict(sorted((ranges | {name: str(range) for name, range in requires.applets.items()}).items()))
