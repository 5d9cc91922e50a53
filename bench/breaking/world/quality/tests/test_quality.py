def test_findings_are_summed_by_part(kernel, rental):
    rental.an_inspection(kernel, rental.an_item(kernel))
    (row,) = kernel.reports.run("quality.findings")
    assert (row["part"], row["who"], str(row["cost"])) == ("case", "Ada", "12.50")


def test_what_is_outside_is_told_by_its_label(kernel, rental):
    item = rental.an_item(kernel, code="Q1", caption="Drum")
    rental.an_active_contract(kernel, {"equipment": item.id, "units": 3})
    (row,) = kernel.reports.run("quality.outside")
    assert row["label"]
    assert row["units"] > 0


def test_keepers_see_what_there_is(kernel):
    role = kernel.catalogue.roles["quality.keeper"]
    assert all(name in kernel.catalogue.roles for name in role.inherits)
    for permission in role.permissions:
        type = kernel.catalogue.types[permission.resource]
        assert set(permission.mask) <= set(type.fields)
    assert "give_back" in kernel.catalogue.machines["rental.contract"].actions
