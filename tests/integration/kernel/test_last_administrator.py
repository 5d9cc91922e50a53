"""Two administrators who remove each other at the same moment."""

import threading

import pytest

from kernel.permissions.errors import LastAdministrator
from kernel.permissions.guards import check_removal


def test_two_administrators_cannot_remove_each_other_at_once(kernel, tenant):
    with kernel.operate(tenant) as ctx:
        grants = [
            ctx.documents.create("kernel.grant", {"actor_id": actor, "role": "kernel.admin"})
            for actor in ("ann", "bob")
        ]
    refused = []

    def remove(grant):
        try:
            with kernel.operate(tenant) as ctx:
                check_removal(ctx, grant)
                ctx.uow.execute("UPDATE {t}.documents SET deleted_at = now() WHERE id = %s", [grant.id])
        except LastAdministrator as error:
            refused.append(error)

    # The first holds the rows while the second asks: the second waits, then sees what the first has done.
    with kernel.database.transaction(tenant) as uow:
        ctx = kernel.operator_context(uow)
        check_removal(ctx, grants[0])
        uow.execute("UPDATE {t}.documents SET deleted_at = now() WHERE id = %s", [grants[0].id])
        second = threading.Thread(target=remove, args=[grants[1]])
        second.start()
        second.join(timeout=0.3)
        assert second.is_alive()
        uow.commit()
    second.join(timeout=10)
    assert [error.code for error in refused] == ["last_administrator"]
    with kernel.database.transaction(tenant) as uow, pytest.raises(LastAdministrator):
        check_removal(kernel.operator_context(uow), grants[1])
