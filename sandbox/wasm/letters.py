"""How frames are written to and from an instance, on both ends."""

from __future__ import annotations

# Bytes travel as characters of the same numbers: texts are copied at once, lists of bytes one by one.
BYTES = "latin-1"
# The end of a call for which there was no memory left to say so.
OUT_OF_MEMORY = ""
