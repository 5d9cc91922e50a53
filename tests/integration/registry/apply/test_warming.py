"""What is planned is loaded in every process before it is applied."""

from kernel.main import build_kernel
from kernel.settings import Settings
from registry.plans.warming import Warmer
from tests.integration.registry.conftest import World


def test_a_process_that_has_only_heard_of_the_plan_loads_nothing_when_it_is_applied(memo, applets_folder, tmp_path):
    settings = Settings(applets_dir=applets_folder, data_dir=tmp_path / "elsewhere", pool_size_max=2)
    kernel = build_kernel(settings, memo.world.url)
    other = World(kernel, memo.world.tenant, memo.world.url)
    try:
        with other.operate() as ctx:
            before = ctx.runtime.catalogue
        digest = memo.plan("upgrade", "2.0.0")["digest"]
        warm = Warmer(other.releases)
        warm(kernel, memo.world.tenant)
        ready = set(map(id, kernel.runtimes.catalogues))
        memo.apply(digest)
        with other.operate() as ctx:
            assert ctx.runtime.catalogue is not before
            assert id(ctx.runtime.catalogue) in ready
            assert ctx.runtime.catalogue.type("memo.note").version == 2
    finally:
        kernel.close()


def test_a_plan_is_looked_at_once_and_an_applied_one_not_at_all(memo):
    applied = memo.plan("upgrade", "2.0.0")["digest"]
    memo.apply(applied)
    memo.plan("disable")
    warm = Warmer(memo.releases)
    warm(memo.kernel, memo.world.tenant)
    assert {digest for _, digest in warm.seen} == {memo.plan("disable")["digest"]}
