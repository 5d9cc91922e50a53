"""Passwords are hashed by Argon2id; how much one hash costs is set by the operator and grows with the years."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kernel.auth.errors import PasswordTooWeak
from kernel.auth.weakness import find_weakness
from sdk.errors import Violation

LENGTH_MIN = 12
LENGTH_MAX = 1024
_GENERATED_BYTES = 15


class PasswordSettings(Protocol):
    """The part of the settings that says what one hash costs."""

    @property
    def password_memory_kib(self) -> int: ...
    @property
    def password_passes(self) -> int: ...
    @property
    def password_lanes(self) -> int: ...
    @property
    def password_length_min(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Passwords:
    """Hashes and verifies at one cost. memory_kib: at least 8 for each lane. length_min: of passwords that are new."""

    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 4
    length_min: int = LENGTH_MIN

    @classmethod
    def of(cls, settings: PasswordSettings) -> Passwords:
        return cls(
            settings.password_memory_kib,
            settings.password_passes,
            settings.password_lanes,
            settings.password_length_min,
        )

    def hash(self, password: str, context: Iterable[str] = ()) -> str:
        """The hash of a password that keeps the rules. context: names it must not be made of.

        Raises PasswordTooWeak.
        """
        check_strength(password, context, self.length_min)
        return self.rehash(password)

    def rehash(self, password: str) -> str:
        """The hash of a password that was accepted before, perhaps under other rules."""
        return _hasher(self).hash(_normal(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. Without a stored hash it takes just as long, so that time tells nothing."""
        if len(password) > LENGTH_MAX:
            return False
        try:
            return _hasher(self).verify(stored or _dummy_hash(self), _normal(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether it was hashed at another cost than today's: hash anew while the password is at hand."""
        return _hasher(self).check_needs_rehash(stored)


def check_strength(password: str, context: Iterable[str] = (), length_min: int = LENGTH_MIN) -> None:
    """Length is what counts, and that nobody guesses it early (NIST SP 800-63B, 5.1.1.2). Raises PasswordTooWeak."""
    if not length_min <= len(password) <= LENGTH_MAX:
        expected = f"{length_min} to {LENGTH_MAX} characters"
        message = f"the password has {len(password)} characters"
        raise PasswordTooWeak(violations=[Violation("/password", "password_length", message, expected)])
    weakness = find_weakness(_normal(password), context)
    if weakness is not None:
        message = f"the password is easy to guess: {weakness}"
        raise PasswordTooWeak(violations=[Violation("/password", "password_common", message, "a few unrelated words")])


def generate_password() -> str:
    """A random password of 120 bits, for whoever sets up an account for somebody."""
    return secrets.token_urlsafe(_GENERATED_BYTES)


def _normal(password: str) -> str:
    # The same letters typed on another keyboard may arrive composed differently.
    return unicodedata.normalize("NFKC", password)


@lru_cache(maxsize=8)
def _hasher(cost: Passwords) -> PasswordHasher:
    return PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)


@lru_cache(maxsize=8)
def _dummy_hash(cost: Passwords) -> str:
    return _hasher(cost).hash(secrets.token_urlsafe(_GENERATED_BYTES))
