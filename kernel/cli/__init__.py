"""The command `bos`: one file per group of commands, and what they share (session, terminal, options).

Owns no table. Imports every room, registers what system plugins add. Verbs: main, build_cli, open_kernel, act.
"""
