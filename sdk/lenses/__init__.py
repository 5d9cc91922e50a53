"""Lenses: how documents of one version of their type are read as another, in both directions, without loss.

Owns the steps, the chain of one type, the keep-box and sources of fields. Imports the standard library and sdk.errors,
sdk.definition, sdk.nearest. Verbs: read_lenses, LensChain.cast, source, state_source, origin, renames, digest;
DocumentType.cast, which also puts aside what its version has no field for, is what reads stored documents.
"""

from sdk.lenses.aside import cast_to_schema
from sdk.lenses.chain import LensChain, Stored
from sdk.lenses.errors import CastFailed, InvalidLenses
from sdk.lenses.reading import read_lenses
from sdk.lenses.sources import (
    Absent,
    Default,
    Joined,
    Kept,
    Mapped,
    Noted,
    Opaque,
    Part,
    Path,
    Same,
    Source,
)

__all__ = [
    "Absent", "CastFailed", "Default", "InvalidLenses", "Joined", "Kept", "LensChain", "Mapped", "Noted", "Opaque",
    "Part", "Path", "Same", "Source", "Stored", "cast_to_schema", "read_lenses",
]  # fmt: skip
