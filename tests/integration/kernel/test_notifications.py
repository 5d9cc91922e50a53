"""Who sees a notification: whom it is for, by id or by role."""

import pytest

from kernel.auth.records import Identity
from sdk import Actor

ROLE = {"name": "seller", "title": "Seller", "inherits": ["kernel.member"], "permissions": []}


@pytest.fixture
def inbox(kernel, tenant):
    """Titles an actor finds, after the tenant's notifications and grants were made."""
    with kernel.operate(tenant) as ctx:
        ctx.documents.create("kernel.role", ROLE)
        ctx.documents.create("kernel.grant", {"actor_id": "ada", "role": "seller"})
        ctx.documents.create("kernel.grant", {"actor_id": "ben", "role": "kernel.member"})
        for title, address in (("to ada", {"recipient": "ada"}), ("to sellers", {"role": "seller"}), ("to no one", {})):
            ctx.documents.create("kernel.notification", {"title": title, **address})

    def read(name):
        identity = Identity(Actor(id=name, kind="user"), tenant, None)
        with kernel.database.transaction(tenant) as uow:
            page = kernel.context(uow, identity).documents.query("kernel.notification", sort=["title"])
        return [document["title"] for document in page.items]

    return read


def test_a_notification_reaches_its_recipient_and_the_holders_of_its_role(inbox):
    assert inbox("ada") == ["to ada", "to sellers"]


def test_what_concerns_a_company_reaches_those_who_work_for_it(kernel, tenant):
    with kernel.operate(tenant) as ctx:
        (mine,) = ctx.documents.query("kernel.company").items
        other = ctx.documents.create("kernel.company", {"name": "Other", "currency": "EUR"})
        ctx.documents.create("kernel.role", ROLE)
        ctx.documents.create("kernel.grant", {"actor_id": "ada", "role": "seller", "companies": [mine.id]})
        for company in (mine, other):
            notice = {"title": company["name"], "role": "seller", "about_company": company.id}
            ctx.documents.create("kernel.notification", notice)
    identity = Identity(Actor(id="ada", kind="user"), tenant, None)
    with kernel.database.transaction(tenant) as uow:
        page = kernel.context(uow, identity).documents.query("kernel.notification")
    assert [document["title"] for document in page.items] == [mine["name"]]


def test_nobody_else_sees_it(inbox):
    assert inbox("ben") == []
