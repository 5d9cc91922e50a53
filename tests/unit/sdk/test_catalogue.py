"""What the enabled applets bring together."""

import json
from pathlib import Path

import pytest

from sdk.applet import Applet
from sdk.catalogue import Catalogue, CatalogueClash, DocumentTypeUnknown, RegisterUnknown, ReportUnknown
from sdk.hookset import collect_hooks
from sdk.testing.loading import import_hooks
from tests.contract.kernel_world import DEPOT, WORKSHOP


def write_applet(folder: Path, name: str, requires=(), types=("thing",)) -> Applet:
    (folder / name / "schemas").mkdir(parents=True)
    required = "".join(f'{other} = ">=1"\n' for other in requires)
    manifest = (
        f'name = "{name}"\nversion = "1.0.0"\ntitle = "{name}"\n[requires]\nsdk = ">=1"\n[requires.applets]\n{required}'
    )
    (folder / name / "applet.toml").write_text(manifest, "utf-8")
    for noun in types:
        schema = {"title": noun, "properties": {"name": {"type": "string"}}}
        (folder / name / "schemas" / f"{noun}.json").write_text(json.dumps(schema), "utf-8")
    return Applet.load(folder / name)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.build([(Applet.load(DEPOT), ()), (Applet.load(WORKSHOP), ())])


def test_everything_is_found_by_its_name(catalogue):
    assert catalogue.type("workshop.part").title == "Part"
    assert catalogue.register("workshop.stock").non_negative == "quantity"
    assert catalogue.report("workshop.parts_used").title == "Parts used"
    assert catalogue.machines["depot.shelf"].initial == "up"
    assert set(catalogue.roles) == {"workshop.worker", "workshop.foreman", "depot.keeper"}
    assert catalogue.applet("depot").title == "Depot"
    assert catalogue.applet("none") is None


@pytest.mark.parametrize(
    ("ask", "error", "nearest"),
    [
        (lambda c: c.type("workshop.prat"), DocumentTypeUnknown, "workshop.part"),
        (lambda c: c.register("workshop.stok"), RegisterUnknown, "workshop.stock"),
        (lambda c: c.report("workshop.part_used"), ReportUnknown, "workshop.parts_used"),
    ],
)
def test_a_misspelt_name_is_not_found_but_the_nearest_is_told(catalogue, ask, error, nearest):
    with pytest.raises(error) as caught:
        ask(catalogue)
    assert (caught.value.status, caught.value.details["nearest"]) == (404, nearest)


def test_types_are_found_by_their_collection(catalogue):
    assert catalogue.collections["workshop", "parts"].name == "workshop.part"
    assert catalogue.collections["depot", "shelfs"].name == "depot.shelf"


def test_applets_come_in_order_of_dependency(catalogue, tmp_path):
    assert [applet.name for applet in catalogue.applets] == ["workshop", "depot"]
    applets = [
        write_applet(tmp_path, "alpha", ["omega", "beta"]),
        write_applet(tmp_path, "beta"),
        write_applet(tmp_path, "omega", ["missing"]),
    ]
    built = Catalogue.build([(applet, ()) for applet in applets])
    assert [applet.name for applet in built.applets] == ["beta", "omega", "alpha"]


def test_a_circle_of_applets_is_left_in_order_of_names(tmp_path):
    applets = [write_applet(tmp_path, "b", ["a"]), write_applet(tmp_path, "a", ["b"])]
    built = Catalogue.build([(applet, ()) for applet in applets])
    assert sorted(applet.name for applet in built.applets) == ["a", "b"]


def test_a_name_brought_twice_is_refused(tmp_path):
    one, other = write_applet(tmp_path / "1", "shop"), write_applet(tmp_path / "2", "shop", types=("thing", "box"))
    with pytest.raises(CatalogueClash):
        Catalogue.build([(one, ()), (other, ())])


def test_hooks_come_with_their_applets():
    workshop, depot = Applet.load(WORKSHOP), Applet.load(DEPOT)
    built = Catalogue.build([(depot, ()), (workshop, collect_hooks("workshop", import_hooks(workshop)))])
    assert built.hooks.subscribers("workshop.order.started") == ("workshop:log_started",)
