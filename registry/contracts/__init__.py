"""What applets use of each other, of the SDK and of the kernel, read from their code and data without running either.

Owns `Contract`, `Offer` and the checks on them. Imports sdk, registry.plans.findings. Verbs: `extract_contract`,
`offered_sdk`, `offered_kernel`, `check_uses`, `check_change`.
"""

from registry.contracts.changes import check_change
from registry.contracts.checking import check_uses
from registry.contracts.extract import extract_contract
from registry.contracts.kernel import offered_kernel
from registry.contracts.model import Contract, Offer, Offers, Unresolved, Use
from registry.contracts.surface import offered_sdk

__all__ = [
    "Contract", "Offer", "Offers", "Unresolved", "Use", "check_change", "check_uses", "extract_contract",
    "offered_kernel", "offered_sdk",
]  # fmt: skip
