"""Merkle trees as RFC 6962 (section 2.1) and RFC 9162 define them: SHA-256, leaves and nodes hashed under different
prefixes, so that no node can be passed off as a leaf; a tree is split at the largest power of two below its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"
HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def hash_leaf(data: bytes) -> bytes:
    return sha256(LEAF + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes. Level by level: an odd last one moves up as it is, which gives the RFC's tree."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        level = _next_level(level)
    return level[0]


def proof_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of a leaf, from the bottom to the top (RFC 6962, 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    path, level = [], list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level, index = _next_level(level), index // 2
    return path


def root_from_proof(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root a path leads to (RFC 9162, 2.1.3.2); None where it is no path of a leaf at that place."""
    if not 0 <= index < size:
        return None
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            found = hash_node(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = hash_node(found, sibling)
        place, last = place >> 1, last >> 1
    return found if last == 0 else None


def _next_level(level: Sequence[bytes]) -> list[bytes]:
    pairs = [hash_node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
