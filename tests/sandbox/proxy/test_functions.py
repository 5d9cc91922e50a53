"""Hooks that a worker has found become functions that the kernel takes like any module's."""

from types import SimpleNamespace

import pytest

from sandbox.errors import LoadFailed
from sandbox.host import Description, HookFound
from sandbox.proxy import make_module
from sdk.hookset import HookSet, InvalidHooks, collect_hooks


class Caller:
    """Notes what is called, and answers the function's name."""

    def __init__(self):
        self.calls = []

    def call(self, ctx, found, arguments):
        self.calls.append((found.function, ctx.applet, arguments))
        return found.function


class Ctx:
    def __init__(self, applet=None):
        self.applet = applet

    def bind(self, applet):
        return Ctx(applet)


def found(function, hook, *subjects, parameters=("ctx", "document"), line=1):
    return HookFound(function, hook, subjects, parameters, line)


def module_of(*hooks, caller=None):
    return make_module("shop", Description(hooks), caller or Caller())


def test_a_function_is_called_with_the_arguments_it_takes_in_its_own_order():
    caller = Caller()
    hooks = collect_hooks(
        "shop",
        module_of(
            found("check", "before_save", "shop.order", parameters=("ctx", "previous", "document")),
            found("look", "validate_document", "shop.*", parameters=("ctx",)),
            caller=caller,
        ),
    )
    hook_set = HookSet(hooks)
    assert hook_set.call("before_save", "shop.order", ctx=Ctx(), document="new", previous="old")
    assert hook_set.call("validate_document", "shop.order", ctx=Ctx(), document="new", previous="old")
    assert not hook_set.call("before_save", "shop.offer", ctx=Ctx(), document="new", previous=None)
    assert caller.calls == [("check", "shop", ("old", "new")), ("look", "shop", ())]


def test_it_is_known_by_the_applets_own_name_and_by_no_module_of_ours():
    (plugin,) = collect_hooks("shop", module_of(found("tell", "on_event", "shop.order.*", parameters=("ctx", "event"))))
    assert (plugin.name, plugin.hook, plugin.subjects) == ("shop:tell", "on_event", ("shop.order.*",))
    assert plugin.package == "bos_sandboxed.shop"


def test_the_first_answer_to_a_question_wins():
    price = found("price", "resolve_price", parameters=("ctx", "product_id"))
    hooks = HookSet(collect_hooks("shop", module_of(price)))
    assert hooks.resolve("price", ctx=Ctx(), product_id="p", quantity=1, on=None, currency="EUR") == "price"


@pytest.mark.parametrize(
    ("hooks", "rule"),
    [
        ([found("check", "before_sale")], "unknown_hook"),
        ([found("check", "load_applet")], "unknown_hook"),
        ([found("check", "before_save", parameters=("ctx", "documnet"))], "unknown_hook_argument"),
        ([found("check", "before_save", parameters=("document",))], "context_missing"),
        ([found("check", "before_save"), found("check", "after_save")], "duplicate_name"),
    ],
)
def test_what_does_not_fit_the_specifications_is_told_as_of_any_applet(hooks, rule):
    with pytest.raises(InvalidHooks) as refusal:
        collect_hooks("shop", module_of(*hooks))
    assert [violation.rule for violation in refusal.value.violations] == [rule]


@pytest.mark.parametrize(
    "hook",
    [
        found("check:me", "before_save"),
        found("lambda", "before_save"),
        found("x" * 200, "before_save"),
        found("check", "before save"),
        found("check", "before_save", parameters=("ctx", "class")),
        found("check", "before_save", parameters=("ctx", "a", "a")),
        found("check", "before_save", "shop.order; DROP"),
        found("check", "before_save", "s" * 300),
    ],
)
def test_names_that_no_honest_worker_tells_are_refused(hook):
    with pytest.raises(LoadFailed) as refusal:
        module_of(hook)
    assert refusal.value.code == "load_failed"


def test_what_it_raises_and_answers_passes_through():
    def answer(ctx, hook, arguments):
        raise ValueError("no")

    caller = SimpleNamespace(call=answer)
    (plugin,) = collect_hooks("shop", module_of(found("check", "before_save", "shop.order"), caller=caller))
    with pytest.raises(Exception, match="hook before_save") as failed:
        plugin.before_save(Ctx(), "new")
    assert failed.value.code == "hook_failed"
