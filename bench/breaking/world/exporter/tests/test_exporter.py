from datetime import date


def export(kernel, day="2026-01-20"):
    batch = kernel.documents.create("exporter.batch", {"day": day})
    return kernel.documents.perform("exporter.batch", batch.id, "run")


def test_active_contracts_are_rows(kernel, rental):
    contract = rental.an_active_contract(kernel, delivery={"address": "Quay 1", "zone": "far"})
    number, name, starts, currency, subtotal, total, place = export(kernel)["text"].split(";")
    assert number == "RC-00001"
    assert (name, starts, currency, place) == (
        "Birch Hotel",
        "2026-01-05",
        "EUR",
        f"Quay 1 ({contract['delivery']['zone']})",
    )
    assert float(subtotal) > 0
    assert float(total) > 0


def test_all_pages_are_read_the_latest_start_first(kernel, rental):
    for day in range(1, 6):
        rental.an_active_contract(kernel, starts_on=f"2026-01-0{day}")
    rental.a_contract(kernel)
    rows = [row.split(";")[2] for row in export(kernel)["text"].splitlines()]
    assert rows == [f"2026-01-0{day}" for day in (5, 4, 3, 2, 1)]


def test_late_ones_are_counted(kernel, rental):
    rental.an_active_contract(kernel, ends_on="2026-01-10")
    rental.an_active_contract(kernel, ends_on="2026-02-10")
    assert export(kernel, date(2026, 1, 20))["late"] == 1
