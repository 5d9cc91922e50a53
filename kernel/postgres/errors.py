"""What can go wrong between asking for a database and having one."""

from sdk.errors import Unavailable


class PostgresUnavailable(Unavailable):
    """PostgreSQL cannot be used: {reason}"""
