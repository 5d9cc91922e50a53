"""Loads applets without any language policy, so that the walls are all there is. Given to a zygote by tests alone."""

import builtins
from types import FunctionType, SimpleNamespace

from sdk.hooks import SUBJECTS_ATTRIBUTE


class Programs:
    def __init__(self, seal, log):
        self._seal = seal
        self._modules = {}

    def load(self, applet, modules, files, hooks_module, keeps_state):
        self._codes = {name: compile(source, f"{name}.py", "exec") for name, source in modules.items()}
        self._keeps_state = keeps_state
        self._seal()
        self._run()
        return [found(value) for value in self._modules[hooks_module].values() if hasattr(value, "bos_impl")]

    def _run(self):
        self._modules = {name: {"__builtins__": builtins, "__name__": name} for name in self._codes}
        for name, code in self._codes.items():
            exec(code, self._modules[name])

    def begin(self):
        if not self._keeps_state:
            self._run()

    def function(self, module, name):
        function = self._modules[module].get(name)
        if type(function) is not FunctionType:
            raise LookupError(f"{module} has no function {name}")
        return function

    def plain(self, value):
        raise TypeError(f"a {type(value).__name__} is no data")

    def module_of(self, file_name):
        name = file_name.removesuffix(".py")
        return name if name in self._modules else None


def found(function):
    code = function.__code__
    return SimpleNamespace(
        function=function.__name__,
        hook=function.bos_impl["specname"],
        subjects=getattr(function, SUBJECTS_ATTRIBUTE),
        parameters=code.co_varnames[: code.co_argcount],
        line=code.co_firstlineno,
    )


def warm():
    """There is nothing of its own that would be put off."""
