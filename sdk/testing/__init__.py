"""For the tests of applets: a kernel in memory, factories, and the conformance suite every applet inherits.

Owns FakeKernel, make, AppletConformance. Imports the SDK only. Semantics are held by tests/contract/kernel_contract.py,
which the real kernel passes too.
"""

from sdk.testing.conformance import AppletConformance
from sdk.testing.factories import Factory, make
from sdk.testing.kernel import FakeKernel

__all__ = ["AppletConformance", "Factory", "FakeKernel", "make"]
