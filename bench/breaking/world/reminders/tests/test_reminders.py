from datetime import date


def notes(kernel):
    kernel.deliver_events()
    assert not kernel.dead_letters, kernel.dead_letters[0].last_error
    return [note["title"] for note in kernel.documents.query("kernel.notification", sort=["id"]).items]


def remind(kernel, rental, **given):
    return rental.remind(kernel, rental.an_active_contract(kernel, **given))


def test_a_little_late_is_extended_and_confirmed(kernel, rental):
    contract = remind(kernel, rental, ends_on="2026-01-12")
    assert notes(kernel) == ["Extended until 2026-01-18"]
    extended = kernel.documents.get("rental.contract", contract.id)
    assert extended["ends_on"] == date(2026, 1, 18)
    assert extended["memo"] == "a friendly reminder"


def test_very_late_is_told_with_the_contact(kernel, rental):
    remind(kernel, rental, ends_on="2026-01-01")
    assert notes(kernel) == ["Late: desk@birch.example"]


def test_who_owes_much_gets_no_time(kernel, rental):
    rental.remind(kernel, rental.a_dear_contract(kernel, ends_on="2026-01-14"))
    assert notes(kernel) == ["Late: desk@birch.example"]
