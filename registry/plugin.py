"""The registry as a system plugin: loads applets for the kernel, brings its routes and commands."""

from __future__ import annotations

from typing import Any

from kernel.db.database import Database
from kernel.events.chores import Chore
from kernel.settings import Settings
from registry.api import add_routes
from registry.cli import add_commands
from registry.contracts.cli import add_upgrade_commands
from registry.discovery import Discovery
from registry.loader import load_applet, load_hooks
from registry.plans.warming import WARM_S, Warmer
from registry.releases import Releases
from registry.rollouts.cli import add_rollout_commands
from registry.rollouts.progress import rollout_chore
from registry.sandboxing.cli.commands import add_sandbox_commands
from registry.sandboxing.sandbox import Sandbox
from sdk.applet import Applet
from sdk.hooks import hookimpl


class RegistryPlugin:
    """One per process, with its own look at what is installed."""

    def __init__(self, settings: Settings) -> None:
        self.sandbox = Sandbox(settings)
        self.discovery = Discovery(settings.applets_dir, self.sandbox)
        self.releases = Releases(self.discovery, settings.data_dir / "releases")

    @hookimpl
    def load_applet(
        self, name: str, version: str, database: Database, lenses_only: bool
    ) -> tuple[Applet, object] | None:
        release = self.releases.find(database, name, version)
        if release is None or release.applet is None:
            return None
        if release.is_sandboxed:
            # Nothing of it is imported here, whatever the tenant's rows say.
            return release.applet, None if lenses_only else self.sandbox.load(release, database)
        return load_applet(release), None if lenses_only else load_hooks(release)

    def kernel_made(self, kernel: Any) -> None:
        self.sandbox.attach(kernel)

    def kernel_closed(self) -> None:
        self.sandbox.close()

    @hookimpl
    def register_routes(self, router: Any, kernel: Any) -> None:
        add_routes(router, kernel, self.releases)

    @hookimpl
    def register_cli(self, cli: Any) -> None:
        add_commands(cli, self.releases)
        add_rollout_commands(cli, self.releases)
        add_upgrade_commands(cli, self.releases)
        add_sandbox_commands(cli, self.sandbox, self.releases)

    @hookimpl
    def register_chores(self, kernel: Any) -> list[Any]:
        return [rollout_chore(self.releases), Chore("plans", WARM_S, Warmer(self.releases), is_shared=True)]


def create_plugin(settings: Settings) -> RegistryPlugin:
    """What the composition root calls."""
    return RegistryPlugin(settings)
