"""Search: who is found, in which order, with which words marked; and nothing the caller may not see."""

import pytest

from kernel.search.errors import SearchTextInvalid, SearchTypeUnknown
from sdk.document_errors import CursorInvalid, PageSizeExceeded
from tests.integration.kernel.search.den import make_den


@pytest.fixture(scope="module")
def crowd(dens):
    den = make_den(dens)
    den.people("Corner Shop", "Müller & Söhne", "The Running Company", "Runners United", "O'Neil Ltd", "Kaffee 東京")
    den.put("den.person", {"name": "Owner", "home": {"street": "Fluffy Lane"}})
    den.put("den.paper", {"subject": "About the corner shop", "body": "one"}, {"subject": "Lease", "body": "100% off"})
    den.refresh()
    return den


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("corner shop", {"Corner Shop", "About the corner shop"}),
        ("CORNER SHOP", {"Corner Shop", "About the corner shop"}),
        ("cornr shop", {"Corner Shop", "About the corner shop"}),
        ("Mueller", {"Müller & Söhne"}),
        ("muller", {"Müller & Söhne"}),
        ("sohne MÜLLER", {"Müller & Söhne"}),
        ("runs", {"The Running Company", "Runners United"}),
        ("fluffy", {"Owner"}),
        ("P-0001", {"About the corner shop"}),
        ("0002", {"Lease"}),
        ("the", {"The Running Company", "About the corner shop"}),
        ("o'neil", {"O'Neil Ltd"}),
        ("东京", set()),
        ("東京", {"Kaffee 東京"}),
        ("zebra", set()),
        ("corner zebra", set()),
    ],
)
def test_documents_are_found_by_words_stems_parts_and_with_typos(crowd, q, expected):
    assert set(crowd.titles(q)) == expected


@pytest.mark.parametrize(
    "q",
    [
        '"corner', "corner & | ! <-> shop", ":*", "\\", "a:*b'c", "%", "_", "100%", "'; DROP TABLE documents; --", "🦊",
        "the and of", "((((", "<script>", "{t}", "%(limit)s", "%s", "\ud800corner", "corner\x00shop", "\u202ecorner",
        "w" * 1000, " ".join(["word"] * 150), "\N{COMBINING ACUTE ACCENT}x",
    ],
)  # fmt: skip
def test_odd_questions_have_clean_answers(crowd, q):
    assert crowd.find(q).pending == 0


@pytest.mark.parametrize("q", ["", "   ", "\x00", "x" * 1001, "corner " * 2000])
def test_a_question_without_words_or_out_of_bounds_is_refused(crowd, q):
    with pytest.raises(SearchTextInvalid):
        crowd.find(q)


def test_percent_signs_are_text(crowd):
    assert crowd.titles("100%") == ["Lease"]


def test_titles_rank_above_other_fields(den):
    den.put("den.person", {"name": "Somebody", "nickname": "Anchor"}, {"name": "Anchor"}, {"name": "Anchorage Port"})
    assert den.titles("anchor")[0] == "Anchor"


def test_pages_follow_each_other_without_gaps_or_doubles(den):
    den.people(*(f"Harbour {number}" for number in range(7)))
    den.refresh()
    pages, cursor = [], None
    while True:
        page = den.find("harbour", limit=3, cursor=cursor)
        pages.append([hit.title for hit in page.items])
        cursor = page.cursor
        if cursor is None:
            break
    assert [len(page) for page in pages] == [3, 3, 1]
    assert {title for page in pages for title in page} == {f"Harbour {number}" for number in range(7)}


@pytest.mark.parametrize("cursor", ["", "x", "WyJhIiwiYiJd"])
def test_a_cursor_that_was_not_given_is_refused(crowd, cursor):
    with pytest.raises(CursorInvalid):
        crowd.find("corner", cursor=cursor)


@pytest.mark.parametrize("limit", [0, 501])
def test_a_page_has_bounds(crowd, limit):
    with pytest.raises(PageSizeExceeded):
        crowd.find("corner", limit=limit)


def test_types_narrow_a_search(crowd):
    assert crowd.titles("corner shop", types=["den.paper"]) == ["About the corner shop"]
    assert set(crowd.titles("corner shop", types=["den.*"])) == {"Corner Shop", "About the corner shop"}
    with pytest.raises(SearchTypeUnknown) as raised:
        crowd.find("corner", types=["den.papre"])
    assert "den.paper" in raised.value.message


def test_a_type_that_declares_nothing_to_search_is_not_in_the_index(crowd):
    crowd.put("den.stone", {"weight": 5})
    crowd.refresh()
    assert crowd.rows("SELECT count(*) FROM {t}.search WHERE type = 'den.stone'") == [(0,)]


def test_companies_and_archived_documents_narrow_a_search(den):
    other = den.make_company("Other Ltd")
    den.put("den.paper", {"subject": "Shared word"})
    (there,) = den.put("den.paper", {"subject": "Word elsewhere"}, company=other)
    assert den.titles("word", company_id=other) == ["Word elsewhere"]
    with den.kernel.database.transaction(den.tenant) as uow:
        uow.execute("UPDATE {t}.documents SET archived_at = now() WHERE id = %s", [there])
        uow.commit()
    assert den.titles("word") == ["Shared word"]
    assert den.titles("word", archived=True) == ["Word elsewhere"]
    assert len(den.titles("word", archived=None)) == 2


def test_what_was_found_is_marked_by_position(crowd):
    (hit,) = crowd.find("muller", types=["den.person"]).items
    assert [(h.field, h.text, h.marks) for h in hit.highlights] == [("name", "Müller & Söhne", ((0, 6),))]
    (hit,) = [each for each in crowd.find("runing").items if each.title == "The Running Company"]
    assert [(h.text[slice(*h.marks[0])]) for h in hit.highlights] == ["Running"]


def test_who_may_read_nothing_finds_nothing(crowd):
    stranger = crowd.make_user("den.junior")
    assert crowd.titles("corner", stranger, types=["den.paper"]) == []


def test_a_condition_decides_who_is_found(den):
    den.put("den.person", {"name": "Pebble one", "level": "low"}, {"name": "Pebble two", "level": "high"})
    junior = den.make_user("den.junior")
    assert den.titles("pebble", junior) == ["Pebble one"]


def test_a_hidden_field_is_neither_searched_nor_shown(den):
    den.put("den.person", {"name": "Ada", "salary_note": "generous walnut", "home": {"street": "Walnut Way"}})
    clerk = den.make_user("den.clerk")
    assert den.titles("walnut") == ["Ada"]
    assert den.titles("walnut", clerk) == []
    assert den.titles("ada walnut", clerk) == []
    (hit,) = den.find("ada", clerk).items
    assert [h.field for h in hit.highlights] == ["name"]


def test_the_rank_tells_nothing_of_a_hidden_field(den):
    den.put("den.person", {"name": "Cedar", "salary_note": "cedar cedar"}, {"name": "Cedar", "salary_note": "none"})
    clerk = den.make_user("den.clerk")
    den.refresh()
    assert len({hit.rank for hit in den.find("cedar", clerk).items}) == 1
    assert len(den.find("cedar", clerk).items) == 2


def test_companies_of_a_grant_bound_what_is_found(den):
    other = den.make_company("Other Ltd")
    den.put("den.paper", {"subject": "Birch at home"})
    den.put("den.paper", {"subject": "Birch elsewhere"}, company=other)
    clerk = den.make_user("den.clerk", other)
    assert den.titles("birch", clerk) == ["Birch elsewhere"]


def test_another_tenants_documents_are_not_found(crowd, dens):
    assert make_den(dens).titles("corner") == []


def test_people_are_found_by_name_until_it_changes(den):
    (guest,) = den.put("den.guest", {"code": "G-1", "name": "Rosalind"})
    assert len(den.titles("rosalind")) == 1
    with den.operate() as ctx:
        ctx.documents.update("den.guest", guest, {"name": "Celia"})
    assert den.titles("rosalind") == []
    assert len(den.titles("celia")) == 1
