"""Upgrades under load: the releases that are moved to, clients that keep writing meanwhile, and what it cost.

Imports kernel, registry, sdk and the rest of bench. Verbs: `write_next_release`, `write_custom_applet`, `open_traffic`,
`upgrade_under_load`.
"""
