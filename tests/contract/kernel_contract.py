"""What every kernel does, real or fake: inherit `KernelContract` and give it a `world`."""

import pytest

from tests.contract.kernel_actions import ActionContract
from tests.contract.kernel_applets import AppletContract
from tests.contract.kernel_documents import DocumentContract
from tests.contract.kernel_events import EventContract
from tests.contract.kernel_queries import QueryContract
from tests.contract.kernel_reading import ActingContract, ReadingContract
from tests.contract.kernel_references import ReferenceContract
from tests.contract.kernel_registers import RegisterContract
from tests.contract.kernel_world import DEPOT, WORKSHOP, World


class KernelContract(
    DocumentContract,
    ReferenceContract,
    QueryContract,
    ActionContract,
    ReadingContract,
    ActingContract,
    RegisterContract,
    EventContract,
    AppletContract,
):
    """Errors are compared by code, violations by pointer and rule; words may differ."""

    @pytest.fixture
    def world(self) -> World:
        """A tenant without applets, companies or documents."""
        raise NotImplementedError

    @pytest.fixture
    def workshop(self, world: World) -> World:
        """With the workshop enabled and one company."""
        self.company(world)
        world.install(WORKSHOP)
        return world

    @pytest.fixture
    def both(self, workshop: World) -> World:
        """With the depot beside it, which requires the workshop."""
        workshop.install(DEPOT)
        return workshop
