def card(kernel, item):
    return kernel.documents.create("scorecard.card", {"item": item.id})


def test_points_come_of_condition_and_scores(kernel, rental):
    item = rental.an_item(kernel, condition="worn")
    rental.an_inspection(kernel, item, score=30)
    rental.an_inspection(kernel, item, score=10)
    assert card(kernel, item)["points"] == 80


def test_both_rates_are_told(kernel, rental):
    item = rental.an_item(kernel, daily_rate="9.00", weekly_rate="45.00")
    assert card(kernel, item)["rates"] == "daily=9.00 weekly=45.00"


def test_the_last_inspection_is_summed_up(kernel, rental):
    item = rental.an_item(kernel)
    rental.an_inspection(kernel, item, inspected_on="2026-01-01")
    rental.an_inspection(
        kernel, item, inspected_on="2026-01-02", inspector="Bo", findings=[{"repair_cost": "3.50"}] * 2
    )
    assert card(kernel, item)["summary"] == "Bo on 2026-01-02: 7.00"


def test_scaffolds_are_heavy_and_vehicles_need_a_licence(kernel, rental):
    assert card(kernel, rental.an_item(kernel, category="scaffold"))["grade"] == "heavy"
    assert card(kernel, rental.an_item(kernel, category="vehicle"))["grade"] == "licensed"
    assert card(kernel, rental.an_item(kernel, category="tool"))["grade"] == "light"
