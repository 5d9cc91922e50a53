"""How much source an applet may have, each with its unit."""

from __future__ import annotations

SOURCE_BYTES_MAX = 256 * 1024
# A program has to fit into one frame, with room for what stands around it.
PROGRAM_BYTES_MAX = 900_000
MODULES_MAX = 200
NODES_MAX = 60_000
# Levels of the syntax tree, of which every `elif` is one. A visitor takes four Python frames for each.
DEPTH_MAX = 150
# More than these help nobody.
VIOLATIONS_MAX = 100
CONSTRUCT_CHARACTERS_MAX = 80
