from decimal import Decimal


def inspections(kernel):
    kernel.deliver_events()
    assert not kernel.dead_letters, kernel.dead_letters[0].last_error
    return kernel.documents.query("rental.inspection").items


def test_what_comes_back_is_inspected(kernel, rental):
    rental.a_returned_contract(kernel, {}, {})
    found = inspections(kernel)
    assert len(found) == 2
    assert {one["passed"] for one in found} == {True}
    assert {one["inspected_on"] for one in found} == {kernel.today}


def test_what_is_not_insured_is_not_looked_at(kernel, rental):
    item = rental.an_item(kernel, is_insured=False)
    rental.a_returned_contract(kernel, {"equipment": item.id})
    assert inspections(kernel) == ()


def test_damage_is_noted_with_the_deposit_and_puts_the_item_aside(kernel, rental):
    item = rental.an_item(kernel, deposit="80.00", caption="Saw")
    contract = rental.an_active_contract(kernel, {"equipment": item.id})
    rental.give_back(kernel, contract, "20.00")
    found = inspections(kernel)
    assert len(found) == 1
    found = found[0]
    assert found["findings"][0]["repair_cost"] == Decimal("80.00")
    assert found["findings"][0]["part"] == "Saw"
    assert kernel.documents.get("rental.item", item.id)["condition"] == "broken"


def test_a_grave_finding_or_a_low_score_puts_an_item_aside(kernel, rental):
    for given in ({"findings": [{"severity": "high"}]}, {"score": 5}):
        item = rental.an_item(kernel)
        rental.an_inspection(kernel, item, **given)
        assert kernel.documents.get("rental.item", item.id)["condition"] == "broken"
    item = rental.an_item(kernel)
    rental.an_inspection(kernel, item)
    assert kernel.documents.get("rental.item", item.id)["condition"] == item["condition"]
