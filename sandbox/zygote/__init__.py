"""The fork server that workers come from, outside of the kernel's memory, and the kernel's handle of it.

Owns the program, what it warms up, the birth of a worker and the self-test. Imports lockdown, worker and sdk. Verbs:
Zygote.spawn, Zygote.exit_status, test_walls.
"""
