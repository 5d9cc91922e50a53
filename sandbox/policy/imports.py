"""Imports: what Bos offers by name, and the applet's own modules."""

from __future__ import annotations

import ast

from sandbox.policy.base import PolicyBase
from sandbox.policy.names import attribute_fault
from sandbox.policy.offer import OFFER
from sandbox.policy.packages import PACKAGE, find_module, package_of
from sandbox.policy.rules import MODULES_INSTEAD
from sdk.nearest import nearest


class ImportRules(PolicyBase):
    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            self.check_name(node, alias.asname)
            if alias.name not in self.offered:
                self._refuse_module(node, alias.name)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        for alias in node.names:
            # The name that is bound, and below the one that is read.
            self.check_name(node, alias.asname or alias.name)
            if alias.name == "*":
                self.refuse(node, "star_import", "*")
                return node
            if attribute_fault(alias.name) is not None:
                if alias.asname is not None:
                    self.refuse(node, "dunder_attribute", alias.name)
                return node
        if node.module == "__future__" and not node.level:
            return self._future(node)
        if node.level:
            self._check_own(node)
        elif node.module not in self.offered:
            self._refuse_module(node, str(node.module))
        else:
            self._check_offered(node, str(node.module))
        return node

    def _future(self, node: ast.ImportFrom) -> ast.AST:
        for alias in node.names:
            if alias.name != "annotations":
                self.refuse(node, "future", alias.name)
        # Annotations are dropped anyway.
        return ast.copy_location(ast.Pass(), node)

    def _check_offered(self, node: ast.ImportFrom, module: str) -> None:
        names = OFFER[module]
        for alias in node.names:
            if alias.name not in names and f"{module}.{alias.name}" not in self.offered:
                meant = nearest(alias.name, names)
                offered = ", ".join(names)
                self.refuse(node, "name_missing", alias.name, meant or "", source=module, offered=offered)

    def _check_own(self, node: ast.ImportFrom) -> None:
        package = package_of(self.module, self.own, node.level)
        if package is None:
            self.refuse(node, "own_module_missing", "." * node.level + (node.module or ""))
            return
        if node.module is not None:
            self._check_own_module(node, f"{package}.{node.module}" if package else node.module)
            return
        for alias in node.names:
            # What is no module may be a name of the package itself.
            if find_module(f"{package}.{PACKAGE}" if package else PACKAGE, self.own) is None:
                self._check_own_module(node, f"{package}.{alias.name}" if package else alias.name)

    def _check_own_module(self, node: ast.AST, name: str) -> None:
        if find_module(name, self.own) is None:
            self.refuse(node, "own_module_missing", name, nearest(name, self.own) or "")

    def _refuse_module(self, node: ast.AST, name: str) -> None:
        own = name.split(".", 2)
        instead = MODULES_INSTEAD.get(own[0], "") or nearest(name, self.offered) or ""
        if own[0] == "applets":
            instead = f"from .{own[2] if len(own) > 2 else 'module'} import …"
        known = ", ".join(sorted(self.offered))
        # Rules are told with what there is when nothing comes near.
        self.refuse(node, "module_missing", name, instead or f"one of: {known}")
