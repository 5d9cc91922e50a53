def statement(kernel, contract):
    return kernel.documents.create("statements.statement", {"contract": contract.id})


def test_a_statement_has_head_and_address(kernel, rental):
    found = statement(kernel, rental.a_contract(kernel))
    assert found["head"].startswith("Birch Hotel from 05.01.2026 by ")
    assert found["mail"] == "Birch Hotel <desk@birch.example>"


def test_parts_tell_where_what_and_how(kernel, rental):
    item = rental.an_item(kernel, code="S1")
    rental.an_inspection(kernel, item)
    parts = statement(kernel, rental.a_contract(kernel, {"equipment": item.id}))["parts"]
    assert parts.startswith("to Lake Road 1; of 1 S1 in Bern; in ")
    assert parts.endswith(" trouble (1)")


def test_sums_are_told(kernel, rental):
    sums = statement(kernel, rental.a_contract(kernel))["sums"].split()
    assert [part.partition("=")[0] for part in sums] == ["net", "all", "fee"]
    assert sums[-1] == "fee=5.00"


def test_gold_is_cared_for(kernel, rental):
    assert statement(kernel, rental.a_contract(kernel, tier="gold"))["care"] == "call them"
    assert statement(kernel, rental.a_contract(kernel))["care"] == "none"
