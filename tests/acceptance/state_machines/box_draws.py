"""What is drawn for boxes: every kind of field, with and without a definition, nulls, and links to any box."""

from __future__ import annotations

from hypothesis import strategies as st

PICKS = st.integers(0, 20)
# How an act is tried inside its transaction: as it is, or first done and taken back by a savepoint.
WAYS = st.sampled_from(("plain", "plain", "plain", "again", "undone"))
LINK = st.tuples(st.just("link"), PICKS)
MONEY = st.sampled_from(["1.00", "2.50", "0.00"])
LINE = st.fixed_dictionaries({}, optional={"what": st.sampled_from(["x", "y", None]), "box": LINK, "amount": MONEY})
FREE = st.recursive(
    st.sampled_from([0, 1, True, False, "t", 1.5]),
    lambda inner: st.one_of(
        st.lists(st.one_of(st.none(), inner), max_size=2),
        st.dictionaries(st.sampled_from("ab"), st.one_of(st.none(), inner), max_size=2),
    ),
    max_leaves=4,
)
FIELDS: dict[str, st.SearchStrategy] = {
    "name": st.sampled_from(["oak", "elm", "birch", "oak"]),
    "remark": st.sampled_from(["old", "green", None]),
    "code": st.sampled_from(["c1", "c2", "c3", None]),
    "price": st.sampled_from(["1.00", "2.5", None]),
    "count": st.sampled_from([0, 1, None, 2, "x"]),
    "is_open": st.sampled_from([True, False, None]),
    "inside": st.one_of(st.none(), LINK),
    "about": st.one_of(st.none(), LINK),
    "size": st.sampled_from([{"width": 1}, {"width": None, "unit": "m"}, None, {"unit": None}, {}]),
    "tags": st.sampled_from([["a"], [], None, ["b", "a"]]),
    "lines": st.one_of(st.none(), st.lists(LINE, max_size=2)),
    "custom_size": st.sampled_from(["2.5", "2.50", 7, "7", None, "big", [1, {"a": None}]]),
    "custom_seen": st.sampled_from(["2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z", None, "soon"]),
    "custom_peer": st.one_of(LINK, LINK, st.none(), st.just("nobody")),
    "custom_mark": st.sampled_from(["m1", "m2", True, None]),
    "custom_free": st.one_of(st.none(), FREE),
}
PATCHES = st.fixed_dictionaries({}, optional=FIELDS)
DATA = st.fixed_dictionaries({"name": FIELDS["name"]}, optional={k: v for k, v in FIELDS.items() if k != "name"})
