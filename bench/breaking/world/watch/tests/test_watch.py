def notes(kernel):
    kernel.deliver_events()
    assert not kernel.dead_letters, kernel.dead_letters[0].last_error
    return [note["text"] for note in kernel.documents.query("watch.note", sort=["id"]).items]


def perform(kernel, contract, action, **arguments):
    return kernel.documents.perform("rental.contract", contract.id, action, arguments)


def test_changes_are_noted(kernel, rental):
    contract = rental.a_contract(kernel)
    patch = {"ends_on": "2026-01-30", "discount_percent": "5.00", "billing_currency": "CHF"}
    kernel.documents.update("rental.contract", contract.id, patch)
    assert notes(kernel) == ["Operator changed ends_on, discount_percent, billing_currency"]


def test_actions_are_noted_with_their_arguments(kernel, rental):
    contract = rental.an_active_contract(kernel)
    perform(kernel, contract, "extend", until="2026-01-20", reason="snow")
    rental.give_back(kernel, contract, "3.00")
    found = notes(kernel)
    assert found[0] == "until 2026-01-20: snow"
    assert found[1:]
    assert found[-1].startswith("give_back (")
    assert found[-1].endswith(" for good")


def test_calling_off_is_noted_twice(kernel, rental):
    rental.call_off(kernel, rental.an_active_contract(kernel), "rain")
    found = notes(kernel)
    assert len(found) == 2
    assert found[0].startswith("cancel (")
    assert found[0].endswith(" for good")
    assert found[1] == "called off"


def test_reminders_and_colours_are_noted(kernel, rental):
    rental.remind(kernel, rental.an_active_contract(kernel))
    rental.an_item(kernel, colour="red")
    assert notes(kernel) == ["reminded", "new item, red"]


def test_deleting_what_we_own_twice_is_noted(kernel, rental):
    item = rental.an_item(kernel, code="T1", owned=2, tags=["loud", "old"])
    kernel.documents.delete("rental.item", item.id)
    assert notes(kernel) == ["T1 deleted, tags loud old"]
