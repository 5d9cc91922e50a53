from sdk.errors import BosError


def refusal(act):
    try:
        act()
    except BosError as error:
        return error.code, error.message
    raise AssertionError("it was not refused")


def activate(kernel, contract):
    return kernel.documents.perform("rental.contract", contract.id, "activate")


def test_a_broken_item_stays_here(kernel, rental):
    item = rental.an_item(kernel, condition="broken")
    contract = rental.a_contract(kernel, {"equipment": item.id})
    code, message = refusal(lambda: activate(kernel, contract))
    assert code == "item_broken"
    assert message == f"{item['label']} is broken and stays here."


def test_who_cannot_be_reached_gets_nothing(kernel, rental):
    contract = rental.a_contract(kernel, customer_name="Nobody", customer_email="")
    assert refusal(lambda: activate(kernel, contract))[1] == "There is no e-mail address of Nobody."


def test_everything_else_goes_out(kernel, rental):
    assert activate(kernel, rental.a_contract(kernel)).number


def test_calling_off_a_far_delivery_needs_a_cause(kernel, rental):
    contract = rental.a_contract(kernel, delivery={"zone": "far", "address": "Hill 3"})
    refused = refusal(lambda: rental.call_off(kernel, contract, ""))
    assert refused[0] == "far_away"
    called_off = rental.call_off(kernel, contract, "rain")
    assert called_off.version > contract.version
