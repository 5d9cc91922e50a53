"""Hook functions collected, bound to their applet, and called for what they want."""

import contextlib
from types import SimpleNamespace

import pluggy
import pytest

from sdk import hooks, hookspecs
from sdk.errors import Conflict
from sdk.hookset import SYSTEM_HOOKS, HookFailed, HookPlugin, HookSet, InvalidHooks, collect_hooks


class Ctx:
    """Remembers what was called, and for which applet it was bound."""

    def __init__(self, calls=None, applet=None):
        self.calls = [] if calls is None else calls
        self.applet = applet

    def bind(self, applet):
        return Ctx(self.calls, applet)

    def note(self, word):
        self.calls.append((self.applet, word))


def module(**functions):
    return SimpleNamespace(**functions)


def noting(word, decorator):
    def function(ctx):
        ctx.note(word)

    function.__name__ = word
    return decorator(function)


def hook_set(**applets):
    return HookSet(
        [plugin for name, functions in applets.items() for plugin in collect_hooks(name, module(**functions))]
    )


def save(hooks, ctx, type="shop.order"):
    return hooks.call("before_save", type, ctx=ctx, document=None, previous=None)


def test_a_function_is_called_once_with_a_context_of_its_applet():
    ctx = Ctx()
    assert save(hook_set(shop={"total": noting("total", hooks.before_save("shop.order"))}), ctx) is True
    assert ctx.calls == [("shop", "total")]


def test_functions_are_called_in_the_order_applets_come_in():
    first = {"a": noting("a", hooks.before_save("shop.order")), "b": noting("b", hooks.before_save("shop.*"))}
    ctx = Ctx()
    save(hook_set(parties=first, shop={"c": noting("c", hooks.before_save("shop.order"))}), ctx)
    assert ctx.calls == [("parties", "a"), ("parties", "b"), ("shop", "c")]


@pytest.mark.parametrize(
    ("wanted", "is_called"),
    [
        (("shop.order",), True),
        (("shop.*",), True),
        (("*",), True),
        ((), True),
        (("shop.orders",), False),
        (("shop.item", "shop.order"), True),
    ],
)
def test_a_function_is_called_for_what_it_wants(wanted, is_called):
    ctx = Ctx()
    assert save(hook_set(shop={"f": noting("f", hooks.before_save(*wanted))}), ctx) is is_called
    assert bool(ctx.calls) is is_called


def test_invariants_are_asked_one_by_one_in_order_of_dependency():
    def sentence(word):
        def function(ctx):
            ctx.note(word)
            return [word]

        function.__name__ = word
        return hooks.invariant(function)

    found = hook_set(
        parties={"names": sentence("names"), "save": noting("save", hooks.before_save("shop.order"))},
        shop={"totals": sentence("totals")},
    )
    ctx = Ctx()
    told = {plugin.name: getattr(plugin, plugin.hook)(ctx) for plugin in found.invariants()}
    assert told == {"parties:names": ["names"], "shop:totals": ["totals"]}
    assert ctx.calls == [("parties", "names"), ("shop", "totals")]


def test_actions_are_wanted_by_type_and_name():
    found = hook_set(shop={
        "ship": noting("ship", hooks.action("shop.order", "ship", "send")),
        "any": noting("any", hooks.after_action("shop.order")),
        "check": noting("check", hooks.validate_action("shop.order", "ship")),
    })  # fmt: skip
    ctx = Ctx()
    given = {"ctx": ctx, "document": None, "action": "ship", "arguments": {}}
    assert found.call("perform_action", "shop.order.send", **given)
    assert found.call("after_action", "shop.order.cancel", **given)
    assert not found.call("validate_action", "shop.order.send", **given)
    assert ctx.calls == [("shop", "ship"), ("shop", "any")]


def test_a_function_gets_the_arguments_it_names():
    seen = []

    @hooks.after_save("shop.order")
    def follow(ctx, previous):
        seen.append(previous)

    hook_set(shop={"follow": follow}).call("after_save", "shop.order", ctx=Ctx(), document="new", previous="old")
    assert seen == ["old"]


def test_a_veto_passes_unchanged_and_ends_the_calls():
    class Vetoed(Conflict):
        """No."""

    @hooks.before_delete("shop.order")
    def veto(ctx):
        raise Vetoed

    ctx = Ctx()
    found = hook_set(shop={"veto": veto, "later": noting("later", hooks.before_delete("shop.order"))})
    with pytest.raises(Vetoed):
        found.call("before_delete", "shop.order", ctx=ctx, document=None)
    assert ctx.calls == []


def test_an_unforeseen_error_is_told_by_applet_hook_and_function():
    @hooks.validate_document("shop.order")
    def crash(ctx):
        return 1 / 0

    with pytest.raises(HookFailed) as caught:
        hook_set(shop={"crash": crash}).call("validate_document", "shop.order", ctx=Ctx(), document=None, previous=None)
    assert caught.value.details == {"applet": "shop", "hook": "validate_document", "function": "shop:crash"}
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_error_of_what_the_hook_stands_on_is_not_its_failure():
    @hooks.validate_document("shop.order")
    def ask(ctx):
        raise ConnectionError("the database is away")

    ctx = Ctx()
    ctx.passed_on = (ConnectionError,)
    with pytest.raises(ConnectionError, match="away"):
        hook_set(shop={"ask": ask}).call("validate_document", "shop.order", ctx=ctx, document=None, previous=None)


def refused(**functions):
    with pytest.raises(InvalidHooks) as caught:
        collect_hooks("shop", module(**functions))
    return {(violation.pointer, violation.rule, violation.expected) for violation in caught.value.violations}


def test_every_fault_of_a_module_is_told_at_once():
    @hooks.before_save("shop.order")
    def misspelt(ctx, documnet): ...

    @hooks.before_save("shop.order")
    def bare(): ...

    @hooks.before_save("shop.order")
    async def late(ctx): ...

    @hooks.action("other.order", "ship")
    def foreign(ctx): ...

    assert refused(misspelt=misspelt, bare=bare, late=late, foreign=foreign) == {
        ("/misspelt", "unknown_hook_argument", "ctx, document, previous"),
        ("/bare", "context_missing", "ctx"),
        ("/late", "async_hook", "def instead of async def"),
        ("/foreign", "foreign_action", "shop.…"),
    }


def test_a_misspelt_hook_is_refused_with_the_nearest_one():
    @hooks.hookimpl(specname="before_saev")
    def save_it(ctx): ...

    assert refused(save_it=save_it) == {("/save_it", "unknown_hook", "before_save")}


@pytest.mark.parametrize("name", ["register_routes", "register_cli", "load_applet", "register_chores"])
def test_hooks_of_system_plugins_are_not_an_applets_to_implement(name):
    @hooks.hookimpl(specname=name)
    def function(ctx): ...

    assert {rule for _, rule, _ in refused(function=function)} == {"unknown_hook"}
    assert name in SYSTEM_HOOKS


def test_system_plugins_implement_theirs_through_pluggy():
    class Plugin:
        @hooks.hookimpl
        def register_routes(self, router, kernel):
            router.append("routes")

        @hooks.hookimpl
        def register_cli(self, cli):
            cli.append("commands")

        @hooks.hookimpl
        def load_applet(self, name, version):
            return (name, version) if name == "shop" else None

    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(Plugin())
    manager.check_pending()
    added = []
    manager.hook.register_routes(router=added, kernel=None)
    manager.hook.register_cli(cli=added)
    assert added == ["routes", "commands"]
    assert manager.hook.load_applet(name="shop", version="1.0.0", database=None, lenses_only=False) == ("shop", "1.0.0")
    assert manager.hook.load_applet(name="none", version="1.0.0", database=None, lenses_only=False) is None


def test_a_function_is_one_hook_only():
    with pytest.raises(TypeError, match="is a hook already"):

        @hooks.before_save("shop.order")
        @hooks.after_save("shop.order")
        def both(ctx): ...


def answering(answer, question="price"):
    @hooks.resolve(question)
    def answer_it(ctx):
        return answer

    return answer_it


def test_the_first_answer_wins_and_none_leaves_it_to_the_next():
    asked = {"ctx": Ctx(), "product_id": "1", "quantity": 1, "on": None, "currency": "EUR"}
    found = hook_set(a={"f": answering(None)}, b={"f": answering(7)}, c={"f": answering(9)})
    assert found.resolve("price", **asked) == 7
    assert hook_set().resolve("price", **asked) is None
    assert hook_set(a={"f": answering(0)}, b={"f": answering(7)}).resolve("price", **asked) == 0


def test_an_unknown_question_is_refused():
    with pytest.raises(InvalidHooks, match="resolve_tax_rate"):
        hook_set().resolve("tax_rat", ctx=Ctx())


def test_lifecycle_hooks_are_called_for_one_applet():
    ctx = Ctx()
    found = hook_set(
        a={"f": noting("on", hooks.enabled)}, b={"f": noting("on", hooks.enabled), "g": noting("off", hooks.disabled)}
    )
    found.call_applet("applet_enabled", "b", ctx=ctx)
    found.call_applet("applet_disabled", "b", ctx=ctx)
    found.call_applet("applet_disabled", "a", ctx=ctx)
    assert ctx.calls == [("b", "on"), ("b", "off")]


def test_subscribers_are_found_by_event_and_by_name():
    found = hook_set(
        a={"all": noting("all", hooks.on("shop.*"))}, b={"one": noting("one", hooks.on("shop.order.posted"))}
    )
    assert found.subscribers("shop.order.posted") == ("a:all", "b:one")
    assert found.subscribers("shop.order.created") == ("a:all",)
    assert found.subscribers("parties.party.created") == ()
    assert found.subscriber("b:one").applet == "b"
    assert found.subscriber("c:one") is None


def test_who_implements_what_can_be_told():
    found = hook_set(shop={"f": noting("fill", hooks.demo_data)})
    assert found.describe() == [{"applet": "shop", "hook": "load_demo_data", "function": "shop:fill", "subjects": ()}]


def test_two_hooks_of_one_name_are_refused():
    def make(word):
        return noting("react", hooks.on(f"sales.order.{word}"))

    with pytest.raises(InvalidHooks) as refused:
        collect_hooks("sales", module(first=make("created"), second=make("deleted")))
    assert [(v.pointer, v.rule) for v in refused.value.violations] == [("/react", "duplicate_name")]


def test_code_of_a_wrapped_function_lies_where_the_function_was_written():
    """Not where its wrapper comes from: the standard library, say."""

    @contextlib.contextmanager
    def quietly():
        yield

    @hooks.before_save("a.note")
    @quietly()
    def check(ctx, document): ...

    assert HookPlugin("a", check).package == __package__
