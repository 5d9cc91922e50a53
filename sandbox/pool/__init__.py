"""Who runs what: workers for (tenant, program), spares, eviction, recycling, the kill switch, and what all that cost.

Imports sandbox.host and sdk. Nobody ever waits here for a worker that another is using. Verbs: Pool.checkout,
Pool.kill, Pool.figures, Pool.close.
"""

from sandbox.pool.cpus import pin_process
from sandbox.pool.held import Lease
from sandbox.pool.meters import AppletFigures
from sandbox.pool.pool import Pool, PoolFigures, Sizes

__all__ = ["AppletFigures", "Lease", "Pool", "PoolFigures", "Sizes", "pin_process"]
