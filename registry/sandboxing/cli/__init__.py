"""`bos sandbox …`: try a file as an untrusted applet, look at the sandbox, switch applets off and on.

Imports registry.sandboxing, the registry's lifecycle, kernel and sandbox. Verb: `add_sandbox_commands`.
"""
