"""What every test may ask for: a PostgreSQL shared by all workers and runs, and empty databases in it, fast."""

import hashlib
import itertools
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from kernel.postgres import EmbeddedPostgres

REPOSITORY = Path(__file__).resolve().parents[1]
# Nothing in a test database must survive a crash.
TEST_CONF = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "128MB",
}

# A developer's own settings must not decide what a test sees.
for _name in [name for name in os.environ if name.startswith("BOS_") and not name.startswith("BOS_TEST_")]:
    if _name != "BOS_PG_BIN":
        del os.environ[_name]
# A test asks more often than a person, and clocks stand still in many; those about rates set their own.
os.environ["BOS_RATE_LIMIT_PER_MINUTE"] = "0"
# Nor must keys that tests make lie in the folder they are started in, where a developer's own Bos has its data.
_data = tempfile.TemporaryDirectory(prefix="bos-test-data-")
os.environ["BOS_DATA_DIR"] = _data.name


def with_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """The superuser's URL of a server that lives as long as any test run of this repository uses it."""
    digest = hashlib.sha256(str(REPOSITORY).encode()).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / f"bos-test-{os.getuid()}-{digest}"
    binaries = os.environ.get("BOS_PG_BIN")
    with EmbeddedPostgres(folder, Path(binaries) if binaries else None, TEST_CONF, is_temporary=True) as server:
        yield server.dsn


@pytest.fixture(scope="session")
def empty_database(database_server: str) -> Iterator[Callable[..., str]]:
    """A function that makes a database and gives its URL: `empty_database()`, or a copy of `template=` (its URL).

    Nobody may be connected to a template while it is copied. They go with the server: to drop one is to wait for a
    checkpoint of all of them, and the hundreds of a run took minutes.
    """
    numbers = itertools.count(1)
    run = secrets.token_hex(4)
    with psycopg.connect(database_server, autocommit=True) as connection:

        def make(template: str | None = None) -> str:
            name = f"test_{run}_{next(numbers)}"
            source = urlsplit(template).path.lstrip("/") if template else "template0"
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(source)))
            return with_database(database_server, name)

        yield make


@pytest.fixture(scope="session")
def database_url(empty_database: Callable[..., str]) -> str:
    """One database for the whole run of a worker, empty at first."""
    return empty_database()
