"""Functions and classes, their arguments, fields and annotations."""

from __future__ import annotations

import ast
from typing import Any

from sandbox.policy.base import PolicyBase
from sandbox.policy.names import CLASS_CONSTANTS, attribute_fault, is_guarded

# What the class statement hands to the metaclass: names of annotated fields, in order.
FIELDS = "_fields_"
KEYWORD_ONLY = "*"
_TYPE_NODES = (
    ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Tuple, ast.List, ast.BinOp, ast.BitOr, ast.Load,
)  # fmt: skip


class DefinitionRules(PolicyBase):
    def check_annotation(self, annotation: ast.expr | None) -> None:
        """Annotations are dropped, never evaluated; still they are to be types, as readers take them for."""
        for part in ast.walk(annotation) if annotation is not None else ():
            name = getattr(part, "id", None) or getattr(part, "attr", None) or ""
            if not isinstance(part, _TYPE_NODES) or name.startswith("__"):
                self.refuse(part if hasattr(part, "lineno") else annotation, "annotation", name or type(part).__name__)  # type: ignore[arg-type]
                return

    def visit_arg(self, node: ast.arg) -> ast.AST:
        self.check_annotation(node.annotation)
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.check_name(node, node.name, allow_magic_methods=True)
        self.check_function_argument_names(node)
        self.check_annotation(node.returns)
        self._refuse_type_parameters(node, f"def {node.name}")
        node.returns = None
        with self.class_body(False):
            return self.node_contents_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.check_annotation(node.annotation)
        if node.value is None:
            if isinstance(node.target, ast.Name):
                self.check_name(node.target, node.target.id)
            else:
                self.visit(node.target)
            return ast.copy_location(ast.Pass(), node)
        made: ast.AST = self.visit(ast.copy_location(ast.Assign([node.target], node.value), node))
        return made

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id == "__all__":
            # Said to readers and tools: * imports nothing here.
            return ast.copy_location(ast.Pass(), node)
        if self.in_class_body and isinstance(target, ast.Name) and target.id in CLASS_CONSTANTS:
            # Python reads attributes by these names, so they keep to the rule of attributes.
            if len(node.targets) > 1 or not _is_tuple_of_plain_names(node.value):
                self.refuse(node, "class_constant", target.id)
            return node
        return self.node_contents_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.check_name(node, node.name)
        self._refuse_type_parameters(node, f"class {node.name}")
        for keyword in node.keywords:
            self.refuse(keyword, "class_argument", keyword.arg or "**")
        for base in node.bases:
            if isinstance(base, ast.Starred):
                self.refuse(base, "base_class", "*")
        fields = _annotated_fields(node)
        node.bases = self.visit_all(node.bases)
        node.decorator_list = self.visit_all(node.decorator_list)
        with self.class_body(True):
            node.body = self.visit_all(node.body)
        if fields:
            # The stubs know no tuples as constants; the compiler makes them itself.
            names = ast.Constant(tuple(fields))  # type: ignore[arg-type]
            assign = ast.copy_location(ast.Assign([ast.Name(FIELDS, ast.Store())], names), node)
            node.body.append(ast.fix_missing_locations(assign))
        metaclass = ast.keyword("metaclass", ast.Name("__metaclass__", ast.Load()))
        node.keywords = [ast.fix_missing_locations(ast.copy_location(metaclass, node))]
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        for name in node.names:
            self.check_name(node, name)
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        for name in node.names:
            self.check_name(node, name)
        return node

    def visit_TypeAlias(self, node: ast.AST) -> ast.AST:
        self.refuse(node, "type_parameters", "type", "Name = int | str")
        return node

    def _refuse_type_parameters(self, node: Any, construct: str) -> None:
        if getattr(node, "type_params", None):
            self.refuse(node, "type_parameters", construct)


def _is_tuple_of_plain_names(node: ast.expr) -> bool:
    names = [item.value for item in node.elts if isinstance(item, ast.Constant)] if isinstance(node, ast.Tuple) else []
    is_whole = isinstance(node, ast.Tuple) and len(names) == len(node.elts)
    return is_whole and all(
        type(name) is str and name.isidentifier() and attribute_fault(name) is None and not is_guarded(name)
        for name in names
    )


def _annotated_fields(node: ast.ClassDef) -> list[str]:
    """Names of the fields a dataclass would have, in order; those after `_: KW_ONLY` follow a mark."""
    fields = []
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            kind = _head(statement.annotation)
            if kind == "KW_ONLY":
                fields.append(KEYWORD_ONLY)
            elif kind != "ClassVar":
                fields.append(statement.target.id)
    return fields


def _head(annotation: ast.expr) -> str:
    """`ClassVar` of `ClassVar[int]`, of `typing.ClassVar`, and of either as text."""
    if isinstance(annotation, ast.Subscript):
        return _head(annotation.value)
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value.partition("[")[0].rpartition(".")[2]
    return str(getattr(annotation, "id", None) or getattr(annotation, "attr", ""))
