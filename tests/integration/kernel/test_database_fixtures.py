"""The fixtures every integration test stands on."""

import psycopg


def query(url, statement):
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchone()


def make_thing(url):
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE thing AS SELECT 7 AS size")


def test_every_database_asked_for_is_another_one(empty_database):
    first, second = empty_database(), empty_database()
    make_thing(first)
    assert query(first, "SELECT to_regclass('thing') IS NOT NULL") == (True,)
    assert query(second, "SELECT to_regclass('thing') IS NOT NULL") == (False,)


def test_a_copy_of_a_template_has_its_rows(empty_database):
    template = empty_database()
    make_thing(template)
    assert query(empty_database(template=template), "SELECT size FROM thing") == (7,)


def test_the_database_of_a_run_is_empty(database_url):
    assert query(database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == (0,)


def test_text_sorts_by_code_point_on_every_machine(database_url):
    assert query(database_url, "SELECT 'B' < 'a', 'z' < 'é', pg_encoding_to_char(encoding) FROM pg_database") == (
        True,
        True,
        "UTF8",
    )
