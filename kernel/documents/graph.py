"""Links as a graph: what a document points to and what points to it, level by level, as far as the caller may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from kernel.context import KernelContext
from kernel.documents.casting import cast_row, show_rows, shown_name
from kernel.documents.errors import GraphTooLarge
from kernel.documents.rows import COLUMNS, Row, read_row, to_document
from kernel.documents.service import get
from kernel.documents.titles import title_of
from sdk.document_errors import DocumentUncastable

GRAPH_DEPTH_MAX = 5
GRAPH_NODES = 100
GRAPH_NODES_MAX = 500
# Of one level, those that lead to what may not be read among them: a document may be linked to by a million others.
LINKS_PER_LEVEL_MAX = 2_000

Direction = Literal["out", "in", "both"]
DIRECTIONS: tuple[Direction, ...] = ("out", "in", "both")

_COLUMNS = ", ".join(f"d.{column.strip()}" for column in COLUMNS.split(","))
_OUT = f"""
SELECT l.from_id::text AS source, l.field AS field, l.to_id::text AS target, {_COLUMNS}
  FROM {{t}}.links l JOIN {{t}}.documents d ON d.id = l.to_id
 WHERE l.from_id = ANY(%(ids)s::uuid[]) AND d.deleted_at IS NULL"""
_IN = f"""
SELECT l.from_id::text, l.field, l.to_id::text, {_COLUMNS}
  FROM {{t}}.links l JOIN {{t}}.documents d ON d.id = l.from_id
 WHERE l.to_id = ANY(%(ids)s::uuid[]) AND d.deleted_at IS NULL"""
_LIMIT = " LIMIT %(limit)s"
_SQL = {"out": _OUT + _LIMIT, "in": _IN + _LIMIT, "both": f"({_OUT}{_LIMIT}) UNION ALL ({_IN}{_LIMIT})"}


class Edge(NamedTuple):
    """source links to target by the field of this path."""

    source: str
    field: str
    target: str


@dataclass
class Graph:
    """nodes by id, the document asked about first. is_truncated: there is more than was asked for."""

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)
    is_truncated: bool = False

    def as_json(self) -> dict[str, Any]:
        edges = [{"from": edge.source, "field": edge.field, "to": edge.target} for edge in self.edges]
        return {"nodes": list(self.nodes.values()), "edges": edges, "truncated": self.is_truncated}


def read_graph(
    ctx: KernelContext,
    type_name: str,
    id: str,
    *,
    depth: int = 1,
    direction: Direction = "both",
    limit: int = GRAPH_NODES,
) -> Graph:
    """The documents within `depth` links of one, in one statement per level; the bin is not part of it.

    A document the caller may not read is neither shown nor walked through, nor is a link by a field that is hidden.
    Raises DocumentNotFound, PermissionDenied, GraphTooLarge.
    """
    if not (1 <= depth <= GRAPH_DEPTH_MAX and 1 <= limit <= GRAPH_NODES_MAX):
        raise GraphTooLarge(depth=GRAPH_DEPTH_MAX, nodes=GRAPH_NODES_MAX)
    root = get(ctx, type_name, id)
    walk = Walk(ctx, limit)
    row = read_row(ctx.uow, root.type, root.id)
    frontier = walk.add(0, [row] if row else [])
    for level in range(1, depth + 1):
        if not frontier:
            break
        frontier = walk.step(level, frontier, direction)
    return walk.graph


class Walk:
    """One walk: what was found so far, and what is hidden of each document met."""

    def __init__(self, ctx: KernelContext, limit: int) -> None:
        self.ctx, self.limit, self.graph = ctx, limit, Graph()
        self._hidden: dict[str, frozenset[str] | None] = {}

    def step(self, level: int, frontier: Iterable[str], direction: Direction) -> list[str]:
        """Follow all links of the documents met last; the ids of those met by that."""
        found = self.ctx.uow.execute(
            _SQL[direction], {"ids": list(frontier), "limit": LINKS_PER_LEVEL_MAX + 1}
        ).fetchall()
        self.graph.is_truncated |= len(found) > LINKS_PER_LEVEL_MAX
        links = [(self._edge(Edge(*row[:3]), Row(*row[3:])), Row(*row[3:])) for row in found]
        met = self.add(level, [row for edge, row in links if self._is_visible(edge, row)])
        for edge, row in links:
            if self._is_visible(edge, row) and edge.source in self.graph.nodes and edge.target in self.graph.nodes:
                self.graph.edges[edge] = None
        return met

    def add(self, level: int, rows: Iterable[Row]) -> list[str]:
        """Take documents in, as many as there is room for; the ids of the new ones."""
        met: dict[str, None] = {}
        for row in rows:
            if row.id in self.graph.nodes or self._look_at(row) is None:
                continue
            if len(self.graph.nodes) == self.limit:
                self.graph.is_truncated = True
                break
            self.graph.nodes[row.id] = self._node(row, level)
            met[row.id] = None
        return list(met)

    def _edge(self, stored: Edge, row: Row) -> Edge:
        """By the present name of its field. row: of the one of both ends that was read with the link."""
        type = row.type if row.id == stored.source else self.graph.nodes[stored.source]["type"]
        return stored._replace(field=shown_name(self.ctx.runtime.catalogue.types.get(type), stored.field))

    def _is_visible(self, edge: Edge, row: Row) -> bool:
        """Whether the caller may know of the link: it is a field of its source, which must not be hidden there."""
        self._look_at(row)
        hidden = self._hidden.get(edge.source)
        return hidden is not None and edge.field.partition(".")[0] not in hidden

    def _look_at(self, row: Row) -> frozenset[str] | None:
        """The hidden fields of a document; None where it may not be read at all, or cannot be."""
        if row.id not in self._hidden:
            self._hidden[row.id] = self._hidden_fields(row)
        return self._hidden[row.id]

    def _hidden_fields(self, row: Row) -> frozenset[str] | None:
        type, scope = self.ctx.runtime.catalogue.types.get(row.type), self.ctx.scope()
        if type is None:
            return None
        try:
            document = to_document(type, *show_rows(self.ctx, type, [row]))
        except DocumentUncastable:
            return None
        if not self.ctx.permissions.allows("read", type, document, scope):
            return None
        return self.ctx.permissions.mask(type, "read", document, scope)

    def _node(self, row: Row, level: int) -> dict[str, Any]:
        type = self.ctx.runtime.catalogue.type(row.type)
        row = cast_row(type, row)
        title = title_of(type, row, self._hidden[row.id] or frozenset())
        node = {"id": row.id, "type": row.type, "title": title, "state": row.state, "number": row.number}
        return {name: value for name, value in {**node, "level": level}.items() if value is not None}
