"""Figures are told the same way whatever their unit."""

import json

import pytest

from bench.figures import Figure, render_json, render_table, short, write_results


@pytest.mark.parametrize(
    ("unit", "ours", "raw", "ratio"),
    [
        ("/s", [100, 300, 200], [400, 400, 400], 0.5),
        ("rows/s", [500], [400], 1.25),
        ("ms", [10, 30, 20], [5, 5, 5], 0.25),
        ("ms", [2], [8], 4.0),
        ("%", [98], [100], 0.98),
        ("% wrong", [2], [0], 0.0),
        ("% wrong", [0], [0], 1.0),
    ],
)
def test_the_ratio_is_the_share_of_the_raw_limit_that_is_reached(unit, ours, raw, ratio):
    assert Figure("x", unit, ours, raw).ratio == ratio


def test_a_figure_is_the_median_of_its_rounds():
    figure = Figure("create.http", "/s", [10, 1000, 20], [40, 50, 60])
    assert (figure.value, figure.limit) == (20, 50)
    assert figure.spread == 49.5


def test_a_figure_of_nothing_has_no_spread():
    assert Figure("breaking.false_alarms", "% wrong", [0.0], [0.0]).spread == 0


def test_results_have_the_agreed_keys():
    (result,) = json.loads(render_json([Figure("list.filtered", "ms", [4.0, 6.0, 5.0], [2.0, 2.0, 2.0], "psycopg")]))
    assert result == {"name": "list.filtered", "value": 5.0, "unit": "ms", "raw": 2.0, "ratio": 0.4, "repeats": 3}


def test_results_replace_those_of_the_run_before(tmp_path):
    path = tmp_path / "results.json"
    write_results(path, [Figure("x", "/s", [1], [1]), Figure("y", "/s", [1], [1])])
    write_results(path, [Figure("x", "/s", [2], [1])])
    assert [(result["name"], result["value"]) for result in json.loads(path.read_text())] == [("x", 2), ("y", 1)]
    assert list(tmp_path.iterdir()) == [path]


def test_the_table_lines_its_numbers_up():
    lines = render_table(
        [Figure("a", "/s", [12345.6], [2]), Figure("longer", "ms", [1.234], [10], "bare")]
    ).splitlines()
    assert lines[0].split() == ["name", "figure", "unit", "raw", "ratio", "spread", "repeats", "raw", "is"]
    ends = {line.index(text) + len(text) for line, text in zip(lines, ["figure", "12346", "1.23"], strict=True)}
    assert len(ends) == 1
    assert lines[2].endswith("bare")


@pytest.mark.parametrize(("value", "text"), [(123456.7, "123457"), (100, "100"), (99.96, "100"), (1.239, "1.24")])
def test_numbers_have_three_digits_that_mean_something(value, text):
    assert short(value) == text
