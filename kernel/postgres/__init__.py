"""The PostgreSQL that comes with Bos: finds binaries, makes a cluster, starts it for whoever needs it first.

Owns the database files in the data folder. Imports sdk.errors, kernel.settings and the log only. Verbs:
open_database, EmbeddedPostgres.
"""

from kernel.postgres.embedded import EmbeddedPostgres, open_database
from kernel.postgres.errors import PostgresUnavailable

__all__ = ["EmbeddedPostgres", "PostgresUnavailable", "open_database"]
