"""Loads applets without any language policy, so that the walls are all there is. Given to a zygote by tests alone."""

import builtins
import types

from sdk.errors import BosError


class Programs:
    def __init__(self, seal, log):
        self._seal = seal
        self._modules = {}

    def load(self, modules, files, hooks_module, keeps_state):
        self._codes = {name: compile(source, f"{name}.py", "exec") for name, source in modules.items()}
        self._keeps_state = keeps_state
        self._seal()
        self._run()
        return self._modules[hooks_module]

    def _run(self):
        self._modules = {name: {"__builtins__": builtins, "__name__": name} for name in self._codes}
        for name, code in self._codes.items():
            exec(code, self._modules[name])

    def begin(self):
        if not self._keeps_state:
            self._run()

    def namespace(self, module):
        return self._modules[module]

    def errors(self):
        values = (value for module in self._modules.values() for value in module.values())
        return [value for value in values if isinstance(value, type) and issubclass(value, BosError)]

    def module_of(self, file_name):
        name = file_name.removesuffix(".py")
        return name if name in self._modules else None


def warm():
    types.SimpleNamespace()
