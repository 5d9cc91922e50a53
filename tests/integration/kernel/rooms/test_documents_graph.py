"""Links as a graph: how far, which way, and never through what the caller may not see."""

import pytest

from kernel.documents.errors import GraphTooLarge
from kernel.documents.graph import GRAPH_DEPTH_MAX, GRAPH_NODES_MAX, LINKS_PER_LEVEL_MAX, read_graph
from sdk.document_errors import DocumentNotFound


@pytest.fixture
def chain(shelf):
    """e → d → c → b → a, and c also holds a line with a."""
    shelf.ids = shelf.put({"name": "a"})
    for name in "bcde":
        shelf.ids += shelf.put({"name": name, "inside": shelf.ids[-1]})
    with shelf.operate() as ctx:
        ctx.documents.update("shelf.box", shelf.ids[2], {"lines": [{"box": shelf.ids[0]}]})
    return shelf


def titles(graph):
    return [node["title"] for node in graph["nodes"]]


def ask(shelf, id, type="shelf.box", **asked):
    with shelf.operate() as ctx:
        return read_graph(ctx, type, id, **asked).as_json()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"direction": "out"}, ["c", "a", "b"]),
        ({"direction": "in"}, ["c", "d"]),
        ({}, ["c", "a", "b", "d"]),
        ({"direction": "in", "depth": 2}, ["c", "d", "e"]),
        ({"direction": "out", "depth": GRAPH_DEPTH_MAX}, ["c", "a", "b"]),
    ],
)
def test_documents_are_found_level_by_level(chain, asked, expected):
    found = ask(chain, chain.ids[2], **asked)
    assert titles(found)[0] == "c"
    assert sorted(titles(found)) == sorted(expected)
    assert found["truncated"] is False


def test_edges_say_which_field_links_what(chain):
    a, b, c, d, _ = chain.ids
    found = ask(chain, c)
    edges = {(edge["from"], edge["field"], edge["to"]) for edge in found["edges"]}
    assert edges == {(c, "inside", b), (c, "lines.box", a), (d, "inside", c)}
    assert found["nodes"][0] == {"id": c, "type": "shelf.box", "title": "c", "level": 0}


def test_two_documents_met_on_one_level_are_connected_too(chain):
    a, b, c, *_ = chain.ids
    found = ask(chain, c, direction="out", depth=2)
    assert {"from": b, "field": "inside", "to": a} in found["edges"]


def test_one_statement_for_each_level(chain):
    with chain.operate() as ctx:
        sent, execute = [], ctx.uow.execute
        ctx.uow.execute = lambda sql, *given: (sent.append(sql), execute(sql, *given))[1]
        read_graph(ctx, "shelf.box", chain.ids[0], depth=3)
    assert sum("links" in sql for sql in sent) == 3


def test_a_graph_is_cut_and_says_so(chain):
    found = ask(chain, chain.ids[2], limit=2)
    assert (len(found["nodes"]), found["truncated"]) == (2, True)
    ids = {node["id"] for node in found["nodes"]}
    assert all(edge["from"] in ids and edge["to"] in ids for edge in found["edges"])


def test_a_document_everybody_links_to_is_cut_by_its_links(shelf):
    (hub,) = shelf.put({"name": "hub"})
    shelf.put({"lines": [{"box": hub}]})
    with shelf.operate() as ctx:
        ctx.uow.execute(
            "INSERT INTO {t}.links SELECT l.from_id, 'f' || n, l.to_id FROM {t}.links l, generate_series(1, %s) n"
            " WHERE l.to_id = %s",
            [LINKS_PER_LEVEL_MAX, hub],
        )
        found = read_graph(ctx, "shelf.box", hub).as_json()
    assert (len(found["nodes"]), found["truncated"]) == (2, True)


@pytest.mark.parametrize(
    "asked", [{"depth": 0}, {"depth": GRAPH_DEPTH_MAX + 1}, {"limit": 0}, {"limit": GRAPH_NODES_MAX + 1}]
)
def test_a_graph_without_bounds_is_refused(chain, asked):
    with pytest.raises(GraphTooLarge):
        ask(chain, chain.ids[0], **asked)


def test_what_is_deleted_is_no_part_of_it(chain):
    with chain.operate() as ctx:
        ctx.documents.delete("shelf.box", chain.ids[4])
    assert "e" not in titles(ask(chain, chain.ids[0], depth=5))
    with pytest.raises(DocumentNotFound):
        ask(chain, chain.ids[4])


def test_nobody_walks_through_what_they_may_not_read(yard):
    """cheap ← dear ← cheap: the one in the middle may not be read, so the last is not found."""
    with yard.operate() as ctx:
        first = ctx.documents.create("yard.tool", {"name": "first"})
        dear = ctx.documents.create("yard.tool", {"name": "dear", "price": "200.00", "goes_with": first.id})
        last = ctx.documents.create("yard.tool", {"name": "last", "goes_with": dear.id})
        near = ctx.documents.create("yard.tool", {"name": "near", "goes_with": first.id})
        assert titles(read_graph(ctx, "yard.tool", first.id, depth=2).as_json()) == ["first", "dear", "near", "last"]
    with yard.as_user(yard.make_user("yard.buyer")) as ctx:
        found = read_graph(ctx, "yard.tool", first.id, depth=5).as_json()
        assert titles(found) == ["first", "near"]
        assert found["edges"] == [{"from": near.id, "field": "goes_with", "to": first.id}]
        assert titles(read_graph(ctx, "yard.tool", last.id, depth=5).as_json()) == ["last"]


def test_a_link_by_a_hidden_field_is_not_there(yard):
    with yard.operate() as ctx:
        first = ctx.documents.create("yard.tool", {"name": "first"})
        second = ctx.documents.create("yard.tool", {"name": "second", "goes_with": first.id})
    with yard.as_user(yard.make_user("yard.helper")) as ctx:
        for id, name in ((first.id, "first"), (second.id, "second")):
            found = read_graph(ctx, "yard.tool", id).as_json()
            assert (titles(found), found["edges"]) == ([name], [])


def test_a_hidden_title_is_not_told(yard):
    with yard.operate() as ctx:
        first = ctx.documents.create("yard.tool", {"name": "first"})
    with yard.as_user(yard.make_user("yard.stranger")) as ctx:
        assert titles(read_graph(ctx, "yard.tool", first.id).as_json()) == [first.id]
