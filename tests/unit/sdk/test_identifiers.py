from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from sdk.identifiers import new_id


def test_an_id_is_a_uuid_of_version_7():
    id = UUID(new_id())
    assert (id.version, id.variant) == (7, RFC_4122)


def test_ids_never_run_backwards_and_never_repeat():
    ids = [new_id() for _ in range(5_000)]
    assert ids == sorted(set(ids))


def test_an_id_begins_with_its_millisecond():
    stamp = UUID(new_id()).int >> 80
    made_at = datetime.fromtimestamp(stamp / 1000, UTC)
    assert abs(datetime.now(UTC) - made_at) < timedelta(minutes=1)
