"""The keys of this process: the master key, and what it has unwrapped, kept in memory for a bounded time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from kernel.secrets.errors import MasterKeyMissing
from kernel.secrets.kms import KmsMaster
from kernel.secrets.master import FILE_NAME, FileMaster, MasterKey, make_key_file
from kernel.settings import Settings

KEYS_REMEMBERED_MAX = 4096

# The id of a key of the platform, or (tenant id, key id).
KeyName = str | tuple[str, str]


class Keyring:
    """One per process. Nothing is read or asked for before the first secret is."""

    def __init__(self, settings: Settings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._monotonic = settings, monotonic
        self._lock = threading.Lock()
        self._keys: OrderedDict[KeyName, tuple[float, bytes]] = OrderedDict()
        self._master: MasterKey | None = None
        # Which key of the platform seals now.
        self.active_id: str | None = None

    def master(self, *, is_new: bool = False) -> MasterKey:
        """The master key. is_new: nothing was wrapped yet in this installation, so a missing file is made.

        Raises MasterKeyMissing, MasterKeyUnreadable.
        """
        if self._master is None:
            self._master = self._open(is_new)
        return self._master

    def recall(self, id: KeyName) -> bytes | None:
        """An unwrapped key, as long as it may be kept."""
        found = self._keys.get(id)
        if found is None:
            return None
        if found[0] > self._monotonic():
            return found[1]
        with self._lock:
            self._keys.pop(id, None)
        return None

    def remember(self, id: KeyName, key: bytes) -> bytes:
        with self._lock:
            self._keys[id] = (self._monotonic() + self._settings.key_cache_ttl_s, key)
            while len(self._keys) > KEYS_REMEMBERED_MAX:
                self._keys.popitem(last=False)
        return key

    def forget(self) -> None:
        """Drop all that was unwrapped."""
        with self._lock:
            self._keys.clear()
            self.active_id = None

    def _open(self, is_new: bool) -> MasterKey:
        settings = self._settings
        if settings.kms_url:
            return KmsMaster(settings.kms_url, settings.kms_token)
        path = settings.master_key_file or settings.data_dir / FILE_NAME
        if not path.exists():
            # A file the operator has named is theirs to make: a misspelt name must not become a second key.
            if settings.master_key_file or not is_new:
                raise MasterKeyMissing(path=path)
            make_key_file(path)
        return FileMaster(path)
