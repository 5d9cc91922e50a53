from decimal import Decimal

from sdk.errors import BosError


def copy_of(kernel, contract):
    return kernel.documents.create("mirror.copy", {"contract": contract.id})


def test_a_copy_says_what_the_contract_says(kernel, rental):
    item = rental.an_item(kernel, caption="Saw", serial="S-77")
    contract = rental.a_contract(kernel, {"equipment": item.id})
    copy = copy_of(kernel, contract)
    assert copy["serial_no"] == 1
    assert copy["headline"].startswith("Birch Hotel <desk@birch.example> Saw (S-77) ")
    assert copy["digest"].startswith(f"state={contract.state} version=1 tier=")


def test_damage_is_taken_off(kernel, rental):
    contract = rental.an_active_contract(kernel)
    whole = copy_of(kernel, contract)["total"]
    rental.give_back(kernel, contract, "1.00")
    assert copy_of(kernel, contract)["total"] == whole - 1


def test_a_worthless_copy_is_refused(kernel, rental):
    contract = rental.an_active_contract(kernel)
    rental.give_back(kernel, contract, "100000.00")
    codes = []
    try:
        copy_of(kernel, contract)
    except BosError as error:
        codes.append(error.code)
    assert codes == ["copy_useless"]


def test_what_is_kept_is_in_the_register_until_it_is_void(kernel, rental):
    copy = copy_of(kernel, rental.a_contract(kernel))
    kernel.documents.perform("mirror.copy", copy.id, "keep")
    (balance,) = kernel.registers.balance("mirror.value", group_by=["tier"])
    assert set(balance.dimensions) == {"tier"}
    assert balance.resources["worth"] == copy["total"] > Decimal(0)
    (weighed,) = [event for event in kernel.events if event.type == "mirror.copy.weighed"]
    assert weighed.payload["in"] == "EUR"
    kernel.documents.perform("mirror.copy", copy.id, "void")
    assert sum(one.resources["worth"] for one in kernel.registers.balance("mirror.value")) == 0
