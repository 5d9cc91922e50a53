"""Which names and attributes applet code may write; the guards at run time hold to the same sets."""

from __future__ import annotations

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

SPECIAL_METHODS = frozenset({
    "__init__", "__post_init__", "__repr__", "__str__", "__format__", "__len__", "__bool__", "__iter__", "__next__",
    "__reversed__", "__contains__", "__getitem__", "__setitem__", "__delitem__", "__call__", "__enter__", "__exit__",
    "__hash__", "__lt__", "__le__", "__eq__", "__ne__", "__gt__", "__ge__", "__add__", "__radd__", "__sub__",
    "__rsub__", "__mul__", "__rmul__", "__truediv__", "__rtruediv__", "__floordiv__", "__rfloordiv__", "__mod__",
    "__rmod__", "__pow__", "__neg__", "__pos__", "__abs__", "__int__", "__float__", "__round__", "__and__", "__rand__",
    "__or__", "__ror__", "__xor__", "__rxor__", "__iadd__", "__isub__", "__imul__", "__ior__", "__iand__",
})  # fmt: skip
# What a class body may assign beside methods, as a tuple of plain names.
CLASS_CONSTANTS = frozenset({"__slots__", "__match_args__"})

# Frames, code, tracebacks, running generators, method resolution: never, on whatever object.
_INTERNAL = frozenset(INSPECT_ATTRIBUTES) | frozenset({
    "mro", "with_traceback",
    "f_lasti", "f_lineno", "f_trace_lines", "f_trace_opcodes", "tb_lasti", "tb_lineno", "co_argcount", "co_branches",
    "co_cellvars", "co_consts", "co_exceptiontable", "co_filename", "co_firstlineno", "co_flags", "co_freevars",
    "co_kwonlyargcount", "co_linetable", "co_lines", "co_lnotab", "co_name", "co_names", "co_nlocals", "co_positions",
    "co_posonlyargcount", "co_qualname", "co_stacksize", "co_varnames", "gi_running", "gi_suspended", "gi_state",
    "cr_running", "cr_state", "cr_suspended", "ag_running", "ag_state", "ag_suspended", "func_closure", "func_code",
    "func_defaults", "func_dict", "func_globals", "im_class", "im_func", "im_self",
})  # fmt: skip

# Names whose harm depends on the object: `format` reads attributes by text, `obj` is what an error happened on,
# `register` changes classes of ours, `mapping` and `extensions` lead to mappings that others share.
SENSITIVE = frozenset({
    "extensions", "fdel", "fget", "format", "format_map", "fset", "func", "get_field", "get_value", "mapping", "obj",
    "register", "vformat",
})  # fmt: skip


def attribute_fault(name: str) -> str | None:
    """The rule this attribute breaks on every object; None where reading it is decided by the object, or is fine."""
    if name in _INTERNAL:
        return "internal_attribute"
    if name.startswith("__"):
        return None if name == "__name__" else "dunder_attribute"
    if is_reserved(name):
        return "reserved_attribute"
    return None


def is_guarded(name: str) -> bool:
    """Whether reading this attribute asks the guard: private names, and those that depend on the object."""
    return name.startswith("_") or name in SENSITIVE


def is_reserved(name: str) -> bool:
    """Names of the guards: `_getattr_`, `_write_`, …"""
    return name.startswith("_") and name.endswith("_") and name != "_"


def name_fault(name: str) -> str | None:
    """The rule this variable, argument, function or class breaks by its name."""
    if name.startswith("__"):
        return "dunder_name"
    if is_reserved(name) or name == "super":
        return "reserved_name"
    return None
