"""A request that is under way while the applet is upgraded is answered, whatever it meets."""

import pytest

from kernel.auth.records import Identity
from kernel.http.app import create_app
from kernel.http.inside import request_inside
from kernel.http.requests import run
from sdk.context import Actor

ADMIN = Actor(id="ada", kind="user", name="Ada")


@pytest.fixture
def site(memo):
    """An application with two routes more: they read a note, let something happen, and read or write it again."""
    happenings = []

    def read_twice(ctx, id):
        ctx.documents.get("memo.note", id)
        while happenings:
            happenings.pop()()
        return dict(ctx.documents.get("memo.note", id))

    def read_and_write(ctx, id):
        read_twice(ctx, id)
        return dict(ctx.documents.update("memo.note", id, {"stamped": None}))

    def answer(verb, **given):
        return lambda request: run(request, memo.kernel, lambda ctx: verb(ctx, request.path_params["id"]), **given)

    app = create_app(memo.kernel, has_worker=False)
    app.router.add_route("/read/{id}", answer(read_twice, read_only=True), methods=["GET"])
    app.router.add_route("/write/{id}", answer(read_and_write), methods=["POST"])
    return app, happenings


@pytest.mark.parametrize(("method", "path"), [("GET", "/read/"), ("POST", "/write/")])
def test_it_is_begun_again_on_the_new_version(memo, site, method, path):
    app, happenings = site
    note = memo.note(text="begun")

    def upgrade_and_write():
        memo.move("upgrade", "2.0.0")
        with memo.world.operate() as ctx:
            ctx.documents.update("memo.note", note.id, {"body": "changed"})

    happenings.append(upgrade_and_write)
    with memo.world.operate() as ctx:
        ctx.documents.create("kernel.grant", {"actor_id": ADMIN.id, "role": "kernel.admin"})
    identity = Identity(ADMIN, memo.world.tenant)
    assert request_inside(app, identity, method, f"{path}{note.id}").status == 200
    assert memo.read(note.id)["body"] == "changed"
