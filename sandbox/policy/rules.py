"""Every rule of the policy: what is refused, and how the same is written instead."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    message: str
    instead: str


RULES: dict[str, Rule] = {
    "syntax": Rule("this is not Python: {problem}", "valid Python"),
    "encoding": Rule("the source is not text: {problem}", "UTF-8 without null bytes"),
    "source_too_large": Rule("the source has {size} bytes, the most is {maximum}", "several modules, or a data file"),
    "program_too_large": Rule("the applet has {size} bytes of source, the most is {maximum}", "data in data files"),
    "too_many_modules": Rule("the applet has {size} modules, the most is {maximum}", "fewer modules"),
    "too_many_nodes": Rule("the source has {size} syntax nodes, the most is {maximum}", "several modules"),
    "too_deep": Rule("the source is nested {size} levels deep, the most is {maximum}", "functions, or a mapping"),
    "module_name": Rule("{construct} is no name of a module", "lower-case words joined by underscores"),
    "async": Rule("{construct} is asynchronous", "a plain function; what takes long belongs into an on_event hook"),
    "except_star": Rule("except* and exception groups are not available", "except with a tuple of errors"),
    "type_parameters": Rule("{construct} has type parameters", "TypeVar of typing, or no type variable"),
    "template_string": Rule("template strings are not available", "an f-string"),
    "statement": Rule("{construct} is not part of the language of applets", "the plain statements of Python"),
    "dunder_name": Rule("the name {construct} belongs to Python", "a name without two leading underscores"),
    "reserved_name": Rule("the name {construct} is reserved", "another name"),
    "builtin_missing": Rule("{construct} is not available", "what ctx offers"),
    "dunder_attribute": Rule("the attribute {construct} belongs to Python", "what the object offers by plain names"),
    "internal_attribute": Rule("the attribute {construct} reaches into the interpreter", "nothing takes its place"),
    "reserved_attribute": Rule("the attribute {construct} is reserved", "another name"),
    "augmented_attribute": Rule("{construct} is not changed in place", "a plain assignment"),
    "super_arguments": Rule("super takes no argument here", "super() inside of a method, called at once"),
    "keyword_name": Rule("the argument name {construct} belongs to Python", "another name"),
    "annotation": Rule("{construct} is no plain type", "names, dots, brackets and | only"),
    "class_argument": Rule("a class takes no keyword argument such as {construct}", "base classes and decorators"),
    "base_class": Rule("base classes are written one by one, not {construct}", "class A(B, C)"),
    "special_method": Rule("the method {construct} is not available", "a property, or a method with a plain name"),
    "class_constant": Rule("{construct} is a tuple of plain names", '__slots__ = ("name", …)'),
    "pattern_attribute": Rule("{construct} is not read in a pattern", "a guard: case … if …"),
    "star_import": Rule("* imports what nobody can see", "the names one by one"),
    "future": Rule("from __future__ import {construct} is not available", "from __future__ import annotations"),
    "module_missing": Rule("the module {construct} is not available", "one of: {offered}"),
    "name_missing": Rule("{construct} is not available in {source}", "one of: {offered}"),
    "own_module_missing": Rule("the applet has no module {construct}", "a module of this applet"),
}

# What authors reach for first, and what Bos has for it.
MODULES_INSTEAD = {
    "asyncio": "plain functions; what takes long belongs into an on_event hook",
    "builtins": "the functions by their names",
    "contextvars": "arguments",
    "ctypes": "nothing: native code does not run here",
    "http": "outgoing calls are made by Bos, for hosts the manifest names",
    "httpx": "outgoing calls are made by Bos, for hosts the manifest names",
    "importlib": "import statements",
    "inspect": "nothing: code does not look at itself here",
    "io": "text and bytes",
    "logging": "ctx.log",
    "numpy": "the modules math and statistics",
    "os": "nothing: there is no operating system; settings are in ctx.settings",
    "pickle": "json",
    "requests": "outgoing calls are made by Bos, for hosts the manifest names",
    "secrets": "random, or uuid.uuid4()",
    "shutil": "documents: ctx.documents",
    "signal": "nothing",
    "socket": "outgoing calls are made by Bos, for hosts the manifest names",
    "sqlite3": "documents: ctx.documents",
    "subprocess": "nothing: there are no processes",
    "sys": "nothing: there is no interpreter to look at",
    "tempfile": "values in memory",
    "textwrap": "f-strings and str methods",
    "threading": "plain functions",
    "time": "ctx.now and ctx.today",
    "types": "classes",
    "urllib": "outgoing calls are made by Bos, for hosts the manifest names",
    "zoneinfo": "ctx.today, and instants in UTC",
}
BUILTINS_INSTEAD = {
    "BaseException": "Exception, or the error you mean",
    "GeneratorExit": "try … finally",
    "KeyboardInterrupt": "Exception, or the error you mean",
    "SystemExit": "return, or an error of sdk.errors",
    "breakpoint": "ctx.log",
    "compile": "functions",
    "dir": "the names themselves",
    "eval": "functions, or json.loads for data",
    "exec": "functions",
    "exit": "return, or an error of sdk.errors",
    "globals": "a mapping of your own",
    "id": "the operator `is`, or a key of your own",
    "input": "arguments of the action, or ctx.settings",
    "locals": "a mapping of your own",
    "memoryview": "slices",
    "bytearray": "bytes, or a list of numbers",
    "open": "json data files of the applet, or documents: ctx.documents",
    "quit": "return, or an error of sdk.errors",
    "vars": "dataclasses.asdict, or a mapping of your own",
}
ATTRIBUTES_INSTEAD = {
    "__class__": "type(value)",
    "__dict__": "dataclasses.asdict, or a mapping of your own",
    "__doc__": "a constant with the text",
    "__module__": "a constant with the text",
    "__setattr__": "dataclasses.replace, or a plain assignment",
    "__new__": "a plain function that makes the value",
    "__init__": "super().__init__(…), or the class called",
    "mro": "isinstance and issubclass",
    "with_traceback": "raise … from error",
}
NAMES_INSTEAD = {
    "__name__": "nothing: an applet is never run as a script",
    "__builtins__": "the functions by their names",
    "__import__": "import statements",
    "super": "super(), called at once",
}
