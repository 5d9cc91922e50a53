"""How much something moved, in percent: none is best."""

from bench.breaker import Moved


def test_shares_are_taken_of_the_whole_so_that_nothing_may_move():
    figure = Moved("x", "% moved", [0.0, -1.0, 3.0], [0.0, 0.0, 0.0])
    assert (figure.value, figure.ratio, figure.spread) == (0.0, 1.0, 0.04)
    assert Moved("x", "% moved", [10.0], [10.0]).ratio == 1.0
