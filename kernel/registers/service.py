"""The verbs of registers. Each runs in the transaction at hand and leaves the commit to its caller."""

from kernel.registers.folding import count_drift, count_pending, find_differing, fold, rebuild_totals
from kernel.registers.guards import check_non_negative
from kernel.registers.listing import MovementPage, RecordedMovement, listing
from kernel.registers.staging import reverse, stage, take_staged, write_columns
from kernel.registers.sums import balance, balances, turnover

__all__ = [
    "MovementPage", "RecordedMovement", "balance", "balances", "check_non_negative", "count_drift", "count_pending",
    "find_differing", "fold", "listing", "rebuild_totals", "reverse", "stage", "take_staged", "turnover",
    "write_columns",
]  # fmt: skip
