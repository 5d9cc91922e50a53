"""Sandboxed releases in this process: the pool they run in, found by a self-test, and what becomes of their violations.

Imports kernel, sandbox and sdk. Nothing of a sandboxed applet is parsed, compiled or run in the kernel's own process.
Verbs: Sandbox.load, Sandbox.problem.
"""
