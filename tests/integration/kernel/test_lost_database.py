"""The database goes away and comes back: whoever waits for it goes on by itself."""

import threading

from kernel.db.database import Database
from kernel.events import listener
from kernel.events.listener import Listener

WAIT_S_MAX = 60


class Counted(Database):
    """Tells each time somebody wants to listen."""

    def __init__(self, dsn):
        super().__init__(dsn)
        self.asked = threading.Semaphore(0)

    def listener(self, database=None):
        self.asked.release()
        return super().listener(database)


def test_who_listens_asks_again_for_as_long_as_nobody_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(listener, "RECONNECT_PAUSE_S", 0.01)
    away = Counted(f"postgresql://nobody@/nothing?host={tmp_path}")
    found = Listener(away, lambda names: None)
    found.start()
    try:
        assert [away.asked.acquire(timeout=WAIT_S_MAX) for _ in range(3)] == [True] * 3
    finally:
        found.stop()
