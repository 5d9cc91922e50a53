"""Renaming fields in an expression's source text: names at their positions, everything else untouched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sdk.expressions.convert import convert_source
from sdk.expressions.errors import InvalidExpression
from sdk.expressions.nodes import Comprehension, Name, Node, children

_BETWEEN = re.compile(r"\s*\.\s*")


def rename_names(source: str, names: Mapping[str, str]) -> str:
    """The source with fields called by their new names: {"total": "amount", "address.city": "city"}.

    The longest old name that a path begins with counts. A path into the items of a list is renamed where the items are
    looped over: {"lines.qty": "lines.quantity"} makes of sum(line.qty for line in lines) what it must. A field that
    leaves its list for somewhere else is left as it is. Raises InvalidExpression where the source is none, or a loop
    in it has taken the new name.
    """
    if not names:
        return source
    changes = sorted(_find_changes(convert_source(source), names, {}), key=lambda change: change[0], reverse=True)
    for start, path, new in changes:
        end = _end_of(source, start, path)
        source = source[:start] + new + source[end:]
    return source


def _find_changes(
    node: Node, names: Mapping[str, str], loops: Mapping[str, str]
) -> Iterator[tuple[int, tuple[str, ...], str]]:
    """Where names stand, what stands there and what should. loops: what the variables of loops are items of."""
    if isinstance(node, Name):
        new = _renamed(node.path, names, loops)
        if new is not None:
            yield node.at, node.path, new
        return
    if isinstance(node, Comprehension):
        yield from _find_changes(node.source, names, loops)
        inner = {**loops, node.variable: _list_of(node.source, loops)}
        for below in (node.element, *node.conditions):
            yield from _find_changes(below, names, inner)
        return
    for below in children(node):
        yield from _find_changes(below, names, loops)


def _list_of(source: Node, loops: Mapping[str, str]) -> str:
    """The path of the list looped over, empty where it is none of a document's."""
    return _whole(source.path, loops) if isinstance(source, Name) else ""


def _whole(path: tuple[str, ...], loops: Mapping[str, str]) -> str:
    if path[0] not in loops:
        return ".".join(path)
    above = loops[path[0]]
    return ".".join((above, *path[1:])) if above else ""


def _renamed(path: tuple[str, ...], names: Mapping[str, str], loops: Mapping[str, str]) -> str | None:
    whole = _whole(path, loops)
    new = _look_up(whole, names)
    if new == whole:
        return None
    if path[0] not in loops:
        if new.partition(".")[0] in loops:
            raise InvalidExpression(f"{whole} is now called as the loop's own name", instead="Rename the loop's name.")
        return new
    above = _look_up(loops[path[0]], names)
    # The list may have another name as well; within the loop only what is below it is said.
    return f"{path[0]}.{new.removeprefix(f'{above}.')}" if new.startswith(f"{above}.") and len(path) > 1 else None


def _look_up(path: str, names: Mapping[str, str]) -> str:
    known = path
    while known:
        if known in names:
            return names[known] + path[len(known) :]
        known = known.rpartition(".")[0]
    return path


def _end_of(source: str, start: int, path: tuple[str, ...]) -> int:
    """Where a name ends in the text: between its parts there may be spaces."""
    end = start + len(path[0])
    for part in path[1:]:
        between = _BETWEEN.match(source, end)
        end = (between.end() if between else end) + len(part)
    return end
