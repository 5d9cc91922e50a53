"""Whoever needs the newer version goes back with it."""

from tests.integration.registry.plans.versions import item

REQUIRES = '[requires]\nsdk = ">=1,<2"\n[requires.applets]\n{}'


def write(field, dependent_before=">=1", dependent_now=">=2"):
    for version in ("1.0.0", "2.0.0"):
        field.add("base", version, {"schemas/thing.json": item({"text": {"type": "string"}})})
    for version, range in (("1.0.0", dependent_before), ("2.0.0", dependent_now)):
        parts = {"schemas/part.json": item({"text": {"type": "string"}})}
        field.add("extra", version, parts, manifest=REQUIRES.format(f'base = "{range}"\n'))


def moves(made):
    return [(move["applet"], move["verb"], move["to_version"]) for move in made["moves"]]


def test_who_needs_the_newer_version_and_did_not_before_goes_back_too(field):
    write(field)
    field.move("enable", "extra", "1.0.0", with_required=True)
    field.move("rollback", "base", "1.0.0")
    field.move("upgrade", all_upgrades=True)
    made = field.plan("rollback", "base")
    assert moves(made) == [("base", "rollback", "1.0.0"), ("extra", "rollback", "1.0.0")]
    assert field.apply(made)["applicable"]


def test_who_goes_with_both_stays(field):
    for version in ("1.0.0", "2.0.0"):
        field.add("root", version, {"schemas/thing.json": item({"text": {"type": "string"}})})
    for version in ("1.0.0", "2.0.0"):
        parts = {"schemas/part.json": item({"text": {"type": "string"}})}
        field.add("leaf", version, parts, manifest=REQUIRES.format('root = ">=1"\n'))
    field.move("enable", "root", "1.0.0")
    field.move("enable", "leaf", "1.0.0")
    field.move("upgrade", all_upgrades=True)
    assert moves(field.plan("rollback", "root")) == [("root", "rollback", "1.0.0")]
