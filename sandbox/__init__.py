"""Runs code nobody here wrote: a language policy, locked-down worker processes, and the narrow wire to the kernel.

Owns policy, runtime, lockdown, worker, zygote, host, pool, broker. Imports sdk and itself only. Each of the three
layers holds alone; docs/sandbox.md is the picture.
"""
