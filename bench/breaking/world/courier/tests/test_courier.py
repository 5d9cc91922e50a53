def deliver(kernel):
    kernel.deliver_events()
    assert not kernel.dead_letters, kernel.dead_letters[0].last_error


def trips(kernel):
    deliver(kernel)
    return list(kernel.documents.query("courier.trip", sort=["id"]).items)


def test_what_is_handed_out_is_brought(kernel, rental):
    item = rental.an_item(kernel, category="vehicle", owned=3)
    contract = rental.an_active_contract(kernel, {"equipment": item.id, "units": 2})
    (trip,) = trips(kernel)
    assert (trip["contract"], trip["address"]) == (contract.id, "Lake Road 1")
    assert trip["zone"]
    assert (trip["pieces"], trip["heavy"]) == (2, 1)
    assert trip["outside"] == 2
    assert trip["fleet"] >= 1


def test_what_comes_back_is_fetched(kernel, rental):
    contract = rental.an_active_contract(kernel)
    trips(kernel)
    rental.give_back(kernel, contract, "2.00")
    (trip,) = trips(kernel)
    assert trip["note"] == "fetch, damaged"


def test_a_trip_that_is_refused_calls_the_contract_off(kernel, rental):
    contract = rental.an_active_contract(kernel)
    (trip,) = trips(kernel)
    kernel.documents.perform("courier.trip", trip.id, "refuse", {"why": "the bridge is closed"})
    called_off = kernel.documents.get("rental.contract", contract.id)
    assert (called_off.state, called_off["memo"]) == ("cancelled", "the bridge is closed")


def test_a_trip_that_is_late_prolongs_the_contract(kernel, rental):
    contract = rental.an_active_contract(kernel)
    (trip,) = trips(kernel)
    kernel.documents.perform("courier.trip", trip.id, "delay", {"day": "2026-03-01"})
    prolonged = kernel.documents.get("rental.contract", contract.id)
    assert (str(prolonged["ends_on"])[:10], prolonged["memo"]) == ("2026-03-01", "Lake Road 1 is far")


def test_what_came_back_is_looked_at(kernel, rental):
    item = rental.an_item(kernel)
    rental.an_active_contract(kernel, {"equipment": item.id})
    (trip,) = trips(kernel)
    kernel.documents.update("courier.trip", trip.id, {"yard": "yard 7"})
    kernel.documents.perform("courier.trip", trip.id, "check")
    (found,) = kernel.documents.query("rental.inspection").items
    assert (found["inspected"], found["score"], found["findings"][0]["part"]) == (item.id, 50, "all of it")
    assert kernel.documents.get("rental.item", item.id)["depot"]["bay"] == "yard 7"
