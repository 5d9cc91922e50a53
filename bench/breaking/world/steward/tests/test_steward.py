def report(kernel, contract, *wanted):
    return kernel.documents.create("steward.report", {"contract": contract.id, "wanted": list(wanted)})


def test_figures_are_found_by_the_table(kernel, rental):
    figures = report(kernel, rental.a_contract(kernel))["figures"]
    assert "none" not in figures
    assert figures.endswith("pieces: 1")


def test_fields_may_be_wanted_by_their_own_name(kernel, rental):
    contract = rental.a_contract(kernel, billing_currency="CHF", discount_percent="10.00")
    assert report(kernel, contract, "billing_currency", "off")["figures"].startswith(
        "billing_currency: CHF; off: 10.00"
    )


def test_the_settings_of_rental_are_told(kernel, rental):
    rental.set_up(kernel, 4, "rental.viewer")
    found = report(kernel, rental.a_contract(kernel))
    assert (found["grace"], found["told"]) == (4, "rental.viewer")


def test_a_keeper_has_the_roles_it_inherits(kernel):
    inherited = kernel.catalogue.roles["steward.keeper"].inherits
    assert all(name in kernel.catalogue.roles for name in inherited)
