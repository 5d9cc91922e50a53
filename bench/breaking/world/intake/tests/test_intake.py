from datetime import date
from decimal import Decimal


def booked(kernel, rental, **given):
    rental.an_item(kernel, code="K1", daily_rate="11.00", weekly_rate="60.00")
    data = {"who": "Cy", "mail": "cy@x.example", "arrival": "2026-01-06", "departure": "2026-01-09", "codes": ["K1"]}
    booking = kernel.documents.create("intake.booking", {**data, "wish": "early", **given})
    return kernel.documents.perform("intake.booking", booking.id, "book")


def test_a_booking_becomes_an_active_contract(kernel, rental):
    contract = kernel.documents.get("rental.contract", booked(kernel, rental)["contract"])
    assert contract.number
    assert (contract["customer_name"], contract["customer_email"], contract["memo"]) == ("Cy", "cy@x.example", "early")
    assert (contract["starts_on"], contract["ends_on"]) == (date(2026, 1, 6), date(2026, 1, 9))
    assert (contract["channel"], contract["tier"]) == ("web", "silver")
    (line,) = contract["lines"]
    assert (line["units"], line["unit_rate"], line["rental_days"], line["remark"]) == (1, Decimal("11.00"), 7, "K1")


def test_a_street_is_delivered_to(kernel, rental):
    contract = kernel.documents.get("rental.contract", booked(kernel, rental, street="Lane 4")["contract"])
    assert contract["delivery"]["address"] == "Lane 4"
    assert contract["delivery"]["zone"] == "near"


def test_names_may_be_long(kernel, rental):
    long = "N" * 150
    contract = kernel.documents.get("rental.contract", booked(kernel, rental, who=long)["contract"])
    assert contract["customer_name"] == long


def test_a_dropped_booking_calls_the_contract_off(kernel, rental):
    booking = booked(kernel, rental)
    kernel.documents.perform("intake.booking", booking.id, "drop")
    contract = kernel.documents.get("rental.contract", booking["contract"])
    assert contract["memo"] == "dropped by Cy"
