"""Hook implementations of a set of applets, called through pluggy and filtered by what each of them wants."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pluggy

from sdk import hookspecs
from sdk.errors import BosError, Invalid, Violation
from sdk.hooks import SUBJECTS_ATTRIBUTE
from sdk.nearest import nearest

SPECS: dict[str, inspect.Signature] = {
    name: inspect.signature(spec)
    for name, spec in vars(hookspecs).items()
    if hasattr(spec, f"{hookspecs.PROJECT}_spec")
}
SYSTEM_HOOKS = frozenset({"register_routes", "register_cli", "register_audit_anchor", "load_applet", "register_chores"})


class InvalidHooks(Invalid):
    """The hooks of applet {applet} do not fit the hook specifications."""


class HookFailed(BosError):
    """The hook {hook} ({function}) of applet {applet} failed; nothing was changed."""


class HookPlugin:
    """One function of one applet for one hook: pluggy's unit of registration here, so that one can be left out."""

    def __init__(self, applet: str, function: Callable[..., Any]) -> None:
        self.applet = applet
        self.hook: str = getattr(function, f"{hookspecs.PROJECT}_impl")["specname"]
        self.name = f"{applet}:{function.__name__}"
        self.subjects: tuple[str, ...] = getattr(function, SUBJECTS_ATTRIBUTE, ())
        # Where its code lies, whatever it is wrapped in: what runs there is the applet's own.
        inner = inspect.unwrap(function)
        self.package: str = getattr(inner, "__globals__", {}).get("__package__") or inner.__module__
        # The function itself is kept out of the attributes: pluggy would find its mark there and call it a second time.
        self.parameters = tuple(inspect.signature(function).parameters)
        setattr(self, self.hook, _bind_to_applet(self, function))

    def wants(self, subject: str) -> bool:
        """Whether the function asked for this document type, action or event; hooks without subjects want all."""
        return not self.subjects or any(_matches(pattern, subject) for pattern in self.subjects)


def _matches(pattern: str, subject: str) -> bool:
    return subject.startswith(pattern[:-1]) if pattern.endswith("*") else subject == pattern


def _bind_to_applet(plugin: HookPlugin, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with a context of its own applet, and with unexpected errors told by name.

    `ctx.watch`, where a kernel has it, makes the call instead: it measures, and stops what takes too long.
    """

    @functools.wraps(function)
    def bound(ctx: Any, *arguments: Any) -> Any:
        try:
            watch = getattr(ctx, "watch", None)
            if watch is not None:
                return watch(ctx, plugin, function, arguments)
            return function(ctx.bind(plugin.applet), *arguments)
        except BosError:
            raise
        except Exception as error:
            # Of the ground the function stands on, a lost database say: no failure of the function's.
            if isinstance(error, getattr(ctx, "passed_on", ())):
                raise
            raise HookFailed(applet=plugin.applet, hook=plugin.hook, function=plugin.name) from error

    return bound


def collect_hooks(applet: str, module: object) -> tuple[HookPlugin, ...]:
    """The hook functions of a module, checked against the specifications; all faults at once."""
    plugins: list[HookPlugin] = []
    violations: list[Violation] = []
    names: set[str] = set()
    for function in _marked(module):
        plugin_violations = list(_check(applet, function))
        if function.__name__ in names:
            # Deliveries know a subscription by this name.
            message = f"two hooks are called {function.__name__}"
            plugin_violations.append(Violation(f"/{function.__name__}", "duplicate_name", message, "another name"))
        names.add(function.__name__)
        violations += plugin_violations
        if not plugin_violations:
            plugins.append(HookPlugin(applet, function))
    if violations:
        raise InvalidHooks(applet=applet, violations=violations)
    return tuple(plugins)


def _marked(module: object) -> list[Callable[..., Any]]:
    functions = [value for value in vars(module).values() if hasattr(value, f"{hookspecs.PROJECT}_impl")]
    return list(dict.fromkeys(functions))


def _check(applet: str, function: Callable[..., Any]) -> Iterable[Violation]:
    name = getattr(function, f"{hookspecs.PROJECT}_impl")["specname"] or function.__name__
    pointer = f"/{function.__name__}"
    if name not in SPECS or name in SYSTEM_HOOKS:
        yield Violation(pointer, "unknown_hook", f"there is no hook {name}", nearest(name, SPECS))
        return
    if inspect.iscoroutinefunction(function):
        yield Violation(pointer, "async_hook", "hooks are plain functions", "def instead of async def")
    known = list(SPECS[name].parameters)
    given = list(inspect.signature(function).parameters)
    if not given or given[0] != known[0]:
        yield Violation(pointer, "context_missing", f"the first argument of {name} is {known[0]}", known[0])
    for argument in given[1:]:
        if argument not in known:
            message = f"{name} has no argument {argument}"
            yield Violation(pointer, "unknown_hook_argument", message, ", ".join(known))
    for subject in getattr(function, SUBJECTS_ATTRIBUTE, ()):
        if name == "perform_action" and not subject.startswith(f"{applet}."):
            yield Violation(pointer, "foreign_action", f"{subject} belongs to another applet", f"{applet}.…")


class HookSet:
    """The hooks of all enabled applets of a tenant. Applets come in order of dependency and are called in it."""

    def __init__(self, plugins: Sequence[HookPlugin]) -> None:
        self._plugins = tuple(plugins)
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        # pluggy calls the last registered first.
        for plugin in reversed(self._plugins):
            self._manager.register(plugin, plugin.name)
        self._manager.check_pending()
        self._callers: dict[tuple[str, str], Callable[..., Any] | None] = {}
        self._subscribers: dict[str, tuple[str, ...]] = {}

    def caller(self, hook: str, subject: str = "") -> Callable[..., Any] | None:
        """pluggy's caller of those who want the subject, None when nobody does; found once, then remembered."""
        key = (hook, subject)
        if key not in self._callers:
            wanted = {p for p in self._plugins if p.hook == hook and p.wants(subject)}
            others = [p for p in self._plugins if p not in wanted]
            self._callers[key] = self._manager.subset_hook_caller(hook, others) if wanted else None
        return self._callers[key]

    def call(self, hook: str, subject: str, **arguments: Any) -> bool:
        """Call those who want the subject, in order of dependency. True when there was anybody."""
        caller = self.caller(hook, subject)
        if caller is None:
            return False
        caller(**arguments)
        return True

    def resolve(self, question: str, **arguments: Any) -> Any:
        """The first answer to `resolve_<question>`."""
        hook = f"resolve_{question}"
        if hook not in SPECS:
            raise InvalidHooks(f"There is no question {question}; did you mean {nearest(hook, SPECS)}?")
        caller = self.caller(hook)
        return caller(**arguments) if caller else None

    def call_applet(self, hook: str, applet: str, **arguments: Any) -> None:
        """Call one applet's own lifecycle hook."""
        for plugin in self._plugins:
            if plugin.hook == hook and plugin.applet == applet:
                self._manager.subset_hook_caller(hook, [p for p in self._plugins if p is not plugin])(**arguments)

    def subscribers(self, event_type: str) -> tuple[str, ...]:
        """Names of the subscriptions that want this event; found once, then remembered."""
        found = self._subscribers.get(event_type)
        if found is None:
            found = tuple(p.name for p in self._plugins if p.hook == "on_event" and p.wants(event_type))
            self._subscribers[event_type] = found
        return found

    def subscriber(self, name: str) -> HookPlugin | None:
        """The subscription of this name, None when its applet is not enabled (any more)."""
        return next((p for p in self._plugins if p.hook == "on_event" and p.name == name), None)

    def invariants(self) -> tuple[HookPlugin, ...]:
        """Those that say what is broken, to be called one by one: an error of one is no word about the others."""
        return tuple(p for p in self._plugins if p.hook == "check_invariants")

    def describe(self) -> list[dict[str, Any]]:
        """Who implements what, for people."""
        return [{"applet": p.applet, "hook": p.hook, "function": p.name, "subjects": p.subjects} for p in self._plugins]
