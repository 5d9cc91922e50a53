def test_a_sheet_has_the_columns_of_the_settings(kernel, rental):
    rental.an_item(kernel, code="A", purchased_on="2024-01-01", owned=2)
    rental.an_item(kernel, code="B", purchased_on="2025-01-01", owned=3)
    kernel.set_settings("columns", shown="code,is_insured,purchased_on")
    sheet = kernel.documents.create("columns.sheet", {"heading": "Fleet"})
    assert sheet["body"] == "A|True|2024-01-01\nB|True|2025-01-01"
    assert sheet["sum"] == 5


def test_other_columns_may_be_chosen(kernel, rental):
    rental.an_item(kernel, code="A", serial="X-9")
    kernel.set_settings("columns", shown="serial, deposit")
    assert kernel.documents.create("columns.sheet", {"heading": "Fleet"})["body"] == "X-9|100.00"


def test_places_are_told(kernel, rental):
    rental.an_item(kernel, depot={"city": "Basel", "bay": "B2"})
    assert kernel.documents.create("columns.sheet", {"heading": "Fleet"})["cities"] == "Basel/B2"


def test_three_columns_are_shown_unless_others_are_chosen(kernel, rental):
    rental.an_item(kernel)
    assert kernel.documents.create("columns.sheet", {"heading": "Fleet"})["body"].count("|") == 2
