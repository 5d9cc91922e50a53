"""What the benchmarks of the sandbox run is what applets may be made of: else they would measure refusals."""

import pytest

from bench.sandbox import many, neighbours
from sandbox.policy import check_sources
from sandbox.pool import Sizes


@pytest.mark.parametrize("name", neighbours.ACTS)
def test_offenders_are_written_in_the_language_of_applets(name):
    hooks = neighbours.HOOKS.format(name=name, act=neighbours.ACTS[name])
    assert check_sources({"hooks": hooks}) == []


def test_neighbours_send_nothing_ill():
    ((_, _, body),) = neighbours.CREATE
    assert "ill" not in body.split('"')
    assert neighbours.GOOD not in neighbours.ACTS


def test_there_are_far_more_applets_of_tenants_than_workers():
    assert len({program.applet for program in many.PROGRAMS}) == 3
    assert many.TENANTS * len(many.PROGRAMS) > 10 * Sizes().workers_max
    assert many.BUSY_TENANTS * len(many.PROGRAMS) < Sizes().workers_max
