"""Expressions compiled to SQL: random agreement with Python, hostile values, index use, refusals."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import column, select, table
from sqlalchemy.dialects.postgresql import psycopg as dialect

from kernel.expressions import DocumentColumns, PlainColumns, kinds_of_schema, render, to_sql, to_typed_sql
from sdk.expressions import InvalidExpression, parse
from sdk.expressions.casing import lower_pairs, upper_pairs
from tests.integration.kernel import expression_rows as rows

KINDS = {
    "t": "text", "u": "text", "n": "decimal", "m": "decimal", "d": "date", "e": "date", "p": "boolean",
    "q": "boolean", "lines": "array", "lines.n": "decimal", "lines.t": "text", "lines.d": "date", "lines.p": "boolean",
    "tags": "array[text]",
}  # fmt: skip
CONTEXT = {"actor": {"id": "u"}, "today": date(2026, 2, 28), "param": {"n": Decimal("1.5"), "t": "b", "ts": ["a", "É"]}}
TEXTS = ["", "a", "b", "A", "É", "é", "𝄞", "e\u0301", "ab", "'", "%", "\\", "ß", "1", "2026-01-31", "{p}"]
NUMBERS = ["0", "1", "-1", "2.5", "-2.5", "0.05", "1000000000000000000000.01", "3", "7", "0.00"]
DAYS = ["2024-02-29", "2026-01-31", "2025-12-31", "0001-01-01", "9999-12-31"]


@pytest.fixture(scope="module")
def connection(empty_database):
    with rows.prepare(empty_database()) as connection:
        yield connection


def line_documents():
    parts = {"n": st.sampled_from(NUMBERS), "t": st.sampled_from(TEXTS), "d": st.sampled_from(DAYS), "p": st.booleans()}
    return st.fixed_dictionaries({}, optional=parts)


def documents():
    texts, numbers, days = st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.sampled_from(DAYS)
    fields = {
        "t": texts, "u": texts, "n": numbers, "m": numbers, "d": days, "e": days,
        "p": st.booleans(), "q": st.booleans(), "lines": st.lists(line_documents(), max_size=3),
        "tags": st.lists(texts, max_size=3),
    }  # fmt: skip
    return st.fixed_dictionaries({}, optional=fields)


def formats(template, *parts):
    return st.builds(template.format, *parts)


def either(*strategies):
    return st.one_of(*strategies)


def conditions(depth, item=""):
    """Sources of conditions; item: the name of the loop around them."""
    names = [f"{item}.p"] if item else ["p", "q"]
    plain = st.sampled_from([*names, "True", "False"])
    if not depth:
        return plain
    below, number, text, day = (make(depth - 1, item) for make in (conditions, numbers, texts, days))
    order, ask = st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.sampled_from(["is", "is not", "=="])
    options = [
        plain, formats("({} and {})", below, below), formats("({} or {})", below, below), formats("(not {})", below),
        formats("({} {} {})", number, order, number), formats("({} {} {})", text, order, text),
        formats("({} {} {})", day, order, day), formats("({} {} {} {} {})", number, order, number, order, number),
        formats("({} {} None)", either(number, text, day, below), ask), formats("contains({}, {})", text, text),
        formats("startswith({}, {})", text, text), formats("endswith({}, {})", text, text),
        formats("({} in [{}, {}])", text, text, text), formats("({} not in tags)", text), formats("({} in tags)", text),
        formats("({} in param.ts)", text), formats("({} not in [{}, 1])", number, number),
        formats("({} if {} else {})", below, below, below),
    ]  # fmt: skip
    if not item:
        inner = conditions(depth - 1, "l")
        options += [formats("any({} for l in lines)", inner), formats("all({} for l in lines if {})", inner, inner)]
    return either(*options)


def numbers(depth, item=""):
    names = [f"{item}.n"] if item else ["n", "m", "param.n", "param.none"]
    plain = st.sampled_from([*names, "0", "1", "2.5", "0.3333333333"])
    if not depth:
        return plain
    below, text, day = numbers(depth - 1, item), texts(depth - 1, item), days(depth - 1, item)
    options = [
        plain, formats("({} {} {})", below, st.sampled_from(list("+-*/%")), below), formats("(-{})", below),
        formats("round({}, {})", below, st.sampled_from(["0", "2", "-1", "1.5", "n", "n * 20"])),
        formats("abs({})", below), formats("len({})", text), formats("min({}, {})", below, below),
        formats("max({}, {})", below, below), formats("coalesce({}, {})", below, below), formats("year({})", day),
        formats("month({})", day), formats("days_between({}, {})", day, day), formats("sum([{}, {}])", below, below),
        formats("({} if {} else {})", below, conditions(depth - 1, item), below),
    ]  # fmt: skip
    if not item:
        inner, test = numbers(depth - 1, "l"), conditions(depth - 1, "l")
        folds = st.sampled_from(["sum", "min", "max"])
        options += [formats("{}({} for l in lines if {})", folds, inner, test), st.just("len(lines)")]
    return either(*options)


def texts(depth, item=""):
    names = [f"{item}.t"] if item else ["t", "u", "param.t", "param.none"]
    plain = either(st.sampled_from(names), st.sampled_from(TEXTS).map(repr))
    if not depth:
        return plain
    below = texts(depth - 1, item)
    options = [
        plain, formats("({} + {})", below, below), formats("lower({})", below), formats("upper({})", below),
        formats("concat({}, {})", below, either(below, numbers(depth - 1, item), days(depth - 1, item))),
        formats("coalesce({}, {})", below, below), formats("min({}, {})", below, below),
        formats("({} if {} else {})", below, conditions(depth - 1, item), below),
    ]  # fmt: skip
    return either(*options, *([] if item else [formats("max({} for l in lines)", texts(depth - 1, "l"))]))


def days(depth, item=""):
    plain = st.sampled_from([f"{item}.d"] if item else ["d", "e", "today()", 'date("2024-02-29")'])
    if not depth:
        return plain
    below, number = days(depth - 1, item), numbers(depth - 1, item)
    options = [
        plain, formats("add_days({}, {})", below, number), formats("add_months({}, {})", below, number),
        formats("start_of_month({})", below), formats("end_of_month({})", below), formats("max({}, {})", below, below),
        formats("coalesce({}, {})", below, below), formats("date({})", either(below, texts(depth - 1, item))),
        formats("({} if {} else {})", below, conditions(depth - 1, item), below),
    ]  # fmt: skip
    return either(*options)


def is_accepted(source):
    """Chained comparisons within one another are refused, which the strategies do not know."""
    try:
        return bool(parse(source))
    except InvalidExpression as error:
        if "chained" not in error.message:
            raise
        return False


SOURCES = either(conditions(3), numbers(2), texts(2), days(2))


@settings(
    max_examples=600, deadline=None, derandomize=True, database=None, phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(source=SOURCES, document=documents())
def test_python_and_postgresql_agree_on_anything(connection, source, document):
    assume(is_accepted(source))
    rows.store(connection, document, {})
    in_python = rows.answer_in_python(source, document, {}, KINDS, CONTEXT)
    assert rows.answer_in_sql(connection, source, KINDS, CONTEXT) == in_python


@pytest.mark.parametrize(
    "value", ["' OR 1=1 --", "'; DROP TABLE documents; --", "%(x)s", "%s", "{t}", "$1", "\\'", ":a"]
)
def test_a_hostile_value_is_only_a_value(connection, value):
    rows.store(connection, {"t": value}, {})
    context = {**CONTEXT, "param": {"t": value}}
    for source in ("t == param.t", f"t == {value!r}", "t in [param.t]", f"contains(t, {value!r})"):
        assert rows.answer_in_sql(connection, source, KINDS, context) is True
    text, _ = render(to_sql(parse("t == param.t"), DocumentColumns("documents", KINDS), context))
    assert value not in text.replace("%(x_param_1)s", "").replace("::TEXT", "") or value in ("%s", ":a")


@pytest.mark.parametrize("key", ["a'b", "a' || 'x", "a b", "", "a-b", "ä"])
def test_a_hostile_name_never_reaches_the_sql(key):
    with pytest.raises(InvalidExpression):
        DocumentColumns("documents", {key: "text"}).resolve((key,))


@pytest.mark.parametrize("text", ["\0", "\ud800", "a\udfffb"])
def test_a_value_that_cannot_be_stored_is_refused(text):
    for source in ("t == param.t", "t in [param.t]", "t in param.ts"):
        with pytest.raises(InvalidExpression):
            to_sql(parse(source), DocumentColumns("documents", KINDS), {"param": {"t": text, "ts": [text]}})


def refusal(source, kinds=KINDS):
    with pytest.raises(InvalidExpression) as caught:
        to_sql(parse(source), DocumentColumns("documents", kinds), CONTEXT)
    return caught.value


def test_an_unknown_field_is_refused_with_the_nearest_known():
    error = refusal('p and stat == "draft"')
    assert error.message == "At position 6: there is no field stat. Did you mean state?"
    assert "lines.t" in refusal("any(l.tt == 'x' for l in lines)").message


@pytest.mark.parametrize(
    "source",
    [
        "n == t", "n + t > 1", "p > n", "n", "t", "not n", "n and p", "d + 1 == d", "d == n", "lower(n) == t",
        "n in ['a']", "n in tags", "t in [1]", "coalesce(n, t) == n", "(n if p else t) == n", "lines == 1",
        "any(l.n for l in lines)", "any(x for x in t)", "any(l.n == 1 for l in n)", "min(p, q)", "lines in tags",
        "t in n", "sum(tags) == 1", "n in param.ts", "any(x == 1 for x in param.ts if p)", "concat(p, t) == t",
    ],
)  # fmt: skip
def test_kinds_that_do_not_fit_are_refused_before_any_sql(source):
    assert refusal(source).code == "invalid_expression"


def test_a_whole_statement_renders_for_psycopg_and_negates_as_written():
    documents = table("documents", column("id"), column("data"))
    condition = to_sql(parse("not (n > 1 and t in param.ts)"), DocumentColumns(documents.alias("x"), KINDS), CONTEXT)
    text = str(select(documents.alias("x").c.id).where(condition).compile(dialect=dialect.dialect()))
    assert "FROM documents AS x" in text
    assert "NOT (" in text
    assert "bos.to_decimal((x.data ->> 'n'))" in text


def test_rendered_parameters_carry_their_prefix():
    text, parameters = render(to_sql(parse("n > 1 and t == 'x'"), DocumentColumns("documents", KINDS), CONTEXT), "f_")
    assert set(parameters.values()) == {Decimal(1), "x"}
    assert all(name.startswith("f_") and f"%({name})s" in text for name in parameters)
    assert "{" not in text


def test_constants_are_computed_once_and_bound():
    sql = to_sql(parse("d < add_days(today(), 30)"), DocumentColumns("documents", KINDS), CONTEXT)
    text, parameters = render(sql)
    assert list(parameters.values()) == ["2026-03-30"]
    assert "add_days" not in text


@pytest.mark.parametrize(
    ("index", "source"),
    [
        ("((data ->> 't') COLLATE \"C\")", "t == 'word77'"),
        ("((data ->> 'd') COLLATE \"C\")", "d == '2026-03-01'"),
        ("(bos.to_decimal(data ->> 'n'))", "n == 77"),
        ("(number)", "number == 'no77'"),
        ("(id)", "id == '00000000-0000-0000-0000-000000000077'"),
        ("(id)", "id in ['00000000-0000-0000-0000-000000000077']"),
        ("((data ->> 't') COLLATE \"C\")", "t in ['word77', 'word78']"),
        ("((data ->> 't') COLLATE \"C\")", "t > 'word998' and t < 'word999'"),
    ],
)
def test_conditions_use_the_index_of_their_field(connection, index, source):
    connection.execute("TRUNCATE documents")
    insert = "INSERT INTO documents (id, number, data) VALUES (%s, %s, %s)"
    with connection.cursor() as cursor:
        cursor.executemany(insert, [indexed_row(i) for i in range(1000)])
    connection.execute(f"CREATE INDEX hot ON documents ({index})")
    connection.execute("ANALYZE documents")
    text, parameters = render(to_sql(parse(source), DocumentColumns("documents", KINDS), CONTEXT))
    plan = connection.execute(f"EXPLAIN SELECT id FROM documents WHERE {text}", parameters).fetchall()
    connection.execute("DROP INDEX hot")
    assert any("hot" in line for (line,) in plan), plan


def indexed_row(i):
    data = {"t": f"word{i}", "n": str(i), "d": (date(2026, 1, 1) + timedelta(i)).isoformat()}
    return f"00000000-0000-0000-0000-{i:012}", f"no{i}", json.dumps(data)


@pytest.mark.parametrize("data", [{"n": "x"}, {"n": {}}, {"d": "2026-02-30"}, {"lines": 5}, {"lines": {"n": 1}}])
def test_data_of_another_shape_is_unknown_and_no_error(connection, data):
    rows.store(connection, data, {})
    for source in ("n > 1", "n + 1 == 2", "add_days(d, 1) > today()", "len(lines) > 0", "any(l.n > 1 for l in lines)"):
        assert rows.answer_in_sql(connection, source, KINDS, CONTEXT) is not True


def test_the_case_tables_of_postgresql_are_those_of_python(connection):
    for name, pairs in (("lower_text", lower_pairs()), ("upper_text", upper_pairs())):
        letters = "".join(chr(code) for code in range(1, 0x10450) if not 0xD800 <= code <= 0xDFFF)
        (found,) = connection.execute(f"SELECT bos.{name}(%s)", [letters]).fetchone()
        assert found == letters.translate(pairs)


def test_every_calendar_day_is_a_date_and_no_other_text(connection):
    query = "SELECT bos.to_date(x) FROM unnest(%s::text[]) AS x"
    texts = [f"{y}-{m:02}-{d:02}" for y in (1900, 2000, 2023, 2024) for m in range(14) for d in range(33)]
    found = [row[0] for row in connection.execute(query, [[*texts, "2024-1-01", "2024-01-01\n", "0000-01-01", ""]])]
    assert found == [*(parse("date(x)").evaluate({"x": text}) for text in texts), None, None, None, None]


def test_plain_columns_serve_other_tables(connection):
    columns = PlainColumns({"amount": ("decimal", column("amount")), "on": ("date", column("on"))})
    typed = to_typed_sql(parse("round(amount * 2) if on < '2026-02-01' else 0"), columns, CONTEXT)
    text, parameters = render(typed.sql)
    source = "(VALUES (1.3, date '2026-01-31'), (5, '2026-02-01')) AS m(amount, \"on\")"
    assert connection.execute(f"SELECT {text} FROM {source}", parameters).fetchall() == [(3,), (0,)]
    with pytest.raises(InvalidExpression, match="Did you mean amount"):
        to_sql(parse("amont > 1"), columns, CONTEXT)


def test_kinds_come_from_the_schema():
    line = {"type": "object", "properties": {"account": {"type": "string"}, "tags": {"type": "array", "items": {}}}}
    schema = {
        "properties": {
            "total": {"type": "string", "format": "decimal"}, "on": {"type": "string", "format": "date"},
            "at": {"type": ["string", "null"], "format": "date-time"}, "paid": {"type": "boolean"},
            "count": {"type": "integer"}, "buyer": {"properties": {"name": {"type": "string"}}},
            "lines": {"type": "array", "items": line},
        }
    }  # fmt: skip
    assert kinds_of_schema(schema) == {
        "total": "decimal", "on": "date", "at": "instant", "paid": "boolean", "count": "decimal", "buyer": "object",
        "buyer.name": "text", "lines": "array", "lines.account": "text", "lines.tags": "array[text]",
    }  # fmt: skip
