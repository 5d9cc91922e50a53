"""Text as it is compared, questions taken apart, and where they stand in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.search.errors import SearchTextInvalid
from kernel.search.fold import fold, fold_character
from kernel.search.highlight import EXCERPT_CHARACTERS_MAX, MARKS_MAX, highlight
from kernel.search.shape import FALLBACK, digest_of_all, language_of, shape_of, shapes_of
from kernel.search.terms import TERMS_MAX, Term, read_terms
from sdk.schema import DocumentType


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Corner  Shop\n", "corner shop"),
        ("MÜLLER", "muller"),
        ("Łódź", "lodz"),
        ("Straße", "strasse"),
        ("Ærøskøbing", "aeroskobing"),
        ("ﬁne", "fine"),
        ("Ёлка", "елка"),
        ("e\u0301t\u0301", "et"),
        ("한국", "한국"),
        ("a\x00b\tc", "a b c"),
        ("\ud800", ""),
        ("", ""),
        ("🦊 Fox", "🦊 fox"),
    ],
)
def test_text_is_folded(text, folded):
    assert fold(text) == folded


@given(st.text(max_size=40), st.text(min_size=1, max_size=10))
def test_a_part_of_a_text_is_a_part_of_the_folded_text(text, part):
    if "".join(part.split()) != part:
        return
    around = f"{text}{part}{text}"
    assert "".join(map(fold_character, part)).strip() in "".join(map(fold_character, around))


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)


def test_a_question_is_its_words_each_once():
    assert [term.text for term in read_terms("Corner shop, CORNER")] == ["corner", "shop,"]
    assert len(read_terms(" ".join(f"w{number}" for number in range(20)))) == TERMS_MAX


@pytest.mark.parametrize("question", ["", " \n", "\x00", "a" * 1001])
def test_a_question_that_is_none_is_refused(question):
    with pytest.raises(SearchTextInvalid):
        read_terms(question)


def test_nothing_in_a_word_is_an_operator():
    term = Term("o'n\\%_")
    assert (term.tsquery, term.like) == ("'o''n\\\\%_':*", "%o'n\\\\\\%\\_%")


@pytest.mark.parametrize(
    ("text", "may_have_typos", "has_grams"),
    [("abc", False, True), ("abcd", True, True), ("ab-cd", False, False), ("2026", False, True), ("мир", False, False)],
)
def test_a_word_says_how_it_can_be_looked_for(text, may_have_typos, has_grams):
    assert (Term(text).may_have_typos, Term(text).has_grams) == (may_have_typos, has_grams)


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de", "german"), ("de-CH", "german"), ("pt_BR", "portuguese"), ("EN-us", "english"), ("ja", FALLBACK)],
)  # fmt: skip
def test_a_locale_has_a_language(locale, language):
    assert language_of(locale) == language


def type_of(**fields):
    return DocumentType.from_schema("a.b", {"title": "B", "properties": fields})


TEXT = {"type": "string", "x-search": True}


def test_a_shape_knows_which_lines_may_be_seen():
    inner = {"type": "object", "properties": {"street": TEXT}}
    shape = shape_of(type_of(name=TEXT, other={"type": "string"}, home=inner), "simple")
    assert shape.paths == ("name", "home.street")
    assert shape.lines("N 1", {"name": "Ada\nB", "home": {"street": "X"}}) == ["n 1", "ada b", "x"]
    assert shape.visible_lines(frozenset({"home"})) == [1, 2]


def test_a_type_without_searched_fields_has_no_shape():
    assert shape_of(type_of(other={"type": "string"}), "simple") is None


def test_another_declaration_or_language_is_another_shape():
    one, two = type_of(name=TEXT), type_of(name=TEXT, more=TEXT)
    shapes = {digest_of_all(shapes_of([type], language)) for type in (one, two) for language in ("simple", "german")}
    assert len(shapes) == 4
    assert digest_of_all(shapes_of([one], "simple")) == digest_of_all(shapes_of([type_of(name=TEXT)], "simple"))


def marked(text, *words):
    found = highlight("f", text, [Term(word) for word in words])
    return [found.text[begin:end] for begin, end in found.marks] if found else None


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Corner Shop", ["shop"], ["Shop"]),
        ("Corner Shop", ["corner", "shop"], ["Corner", "Shop"]),
        ("Straße 5", ["strasse"], ["Straße"]),
        ("Running", ["runs"], ["Running"]),
        ("Running fast", ["runningly"], ["Running"]),
        ("Corner", ["cornr"], ["Corner"]),
        ("banana", ["ana", "nan"], ["anan"]),
        ("nothing", ["zebra"], None),
        ("<b>bold</b>", ["bold"], ["bold"]),
    ],
)
def test_what_was_looked_for_is_marked(text, words, expected):
    assert marked(text, *words) == expected


def test_an_excerpt_has_bounds():
    found = highlight("f", "word " * 500 + "needle " + "word " * 500, [Term("needle")])
    assert len(found.text) <= EXCERPT_CHARACTERS_MAX
    assert marked("word " * 500 + "needle", "needle") == ["needle"]
    assert len(highlight("f", "a " * 1000, [Term("a")]).marks) == MARKS_MAX


@given(st.text(max_size=300), st.text(min_size=1, max_size=5))
def test_marks_lie_within_the_excerpt(text, word):
    folded = fold(word)
    if not folded:
        return
    found = highlight("f", text, [Term(folded)])
    assert found is None or all(0 <= begin < end <= len(found.text) for begin, end in found.marks)
