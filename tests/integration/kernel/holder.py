"""Run as a process of its own: holds the database of a folder until its standard input ends.

Says one line of JSON when it has it: the URL and the number of rows in its table, one more at each start.
"""

import json
import sys
from pathlib import Path

import psycopg

from kernel.postgres import EmbeddedPostgres

with EmbeddedPostgres(Path(sys.argv[1])) as server:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS visit (pid int)")
        connection.execute("INSERT INTO visit VALUES (pg_backend_pid())")
        (visits,) = connection.execute("SELECT count(*) FROM visit").fetchone()
    print(json.dumps({"dsn": server.dsn, "visits": visits}), flush=True)
    sys.stdin.read()
