"""The registry as a system plugin: loads applets for the kernel, brings its routes and commands."""

from __future__ import annotations

from typing import Any

from kernel.settings import Settings
from registry.api import add_routes
from registry.cli import add_commands
from registry.discovery import Discovery
from registry.loader import load_hooks
from sdk.applet import Applet
from sdk.hooks import hookimpl


class RegistryPlugin:
    """One per process, with its own look at what is installed."""

    def __init__(self, settings: Settings) -> None:
        self.discovery = Discovery(settings.applets_dir)

    @hookimpl
    def load_applet(self, name: str, version: str) -> tuple[Applet, object] | None:
        release = self.discovery.find(name, version)
        if release is None or release.applet is None:
            return None
        return release.applet, load_hooks(release)

    @hookimpl
    def register_routes(self, router: Any, kernel: Any) -> None:
        add_routes(router, kernel, self.discovery)

    @hookimpl
    def register_cli(self, cli: Any) -> None:
        add_commands(cli, self.discovery)


def create_plugin(settings: Settings) -> RegistryPlugin:
    """What the composition root calls."""
    return RegistryPlugin(settings)
