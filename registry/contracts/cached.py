"""Contracts of applets that were read before: reading one takes a good part of a second."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from registry.bundles import digest_of
from registry.contracts.extract import extract_contract
from registry.contracts.model import Contract
from sdk.applet import Applet

CONTRACTS_KEPT_MAX = 200

_kept: OrderedDict[tuple[str, str], Contract] = OrderedDict()
_lock = threading.Lock()


def contract_of(applet: Applet, digest: str | None = None) -> Contract:
    """The contract of a release. digest: of its files, where it is known. Raises UnreadableCode."""
    key = (applet.name, digest or digest_of(Path(applet.folder)))
    with _lock:
        found = _kept.get(key)
    if found is None:
        found = extract_contract(applet)
        with _lock:
            _kept[key] = found
            if len(_kept) > CONTRACTS_KEPT_MAX:
                _kept.popitem(last=False)
    return found
