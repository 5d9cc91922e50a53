from decimal import Decimal


def account(kernel, item):
    return kernel.documents.create("loyalty.account", {"item": item.id})


def test_points_come_of_the_register(kernel, rental):
    item = rental.an_item(kernel)
    for tier in ("gold", "silver", "gold"):
        rental.an_earning(kernel, item, tier)
    counted = kernel.documents.perform("loyalty.account", account(kernel, item).id, "count")
    assert counted["points"] > 0
    assert counted["best"]
    assert counted["outside"] == 3


def test_the_report_gives_the_income_of_gold(kernel, rental):
    item = rental.an_item(kernel)
    rental.an_earning(kernel, item)
    rental.an_earning(kernel, item, "silver")
    found = account(kernel, item)
    kernel.documents.perform("loyalty.account", found.id, "count")
    reported = kernel.documents.perform("loyalty.account", found.id, "report")
    assert reported["income"] > Decimal(0)
    assert reported["points"] == 5


def test_the_last_contract_is_remembered(kernel, rental):
    item = rental.an_item(kernel)
    found = account(kernel, item)
    contract = rental.an_earning(kernel, item)
    kernel.deliver_events()
    assert not kernel.dead_letters, kernel.dead_letters[0].last_error
    known = kernel.documents.get("loyalty.account", found.id)
    assert (known.get("last"), known["points"]) == (contract.id, 5)
