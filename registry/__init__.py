"""Which applets there are, which fit, and which version runs for whom.

Owns discovery, compatibility, the loader and the applets table's rows. Imports kernel, sdk, sandbox. Verbs:
`Discovery.releases`, `check_compatibility`, `enable_applet`, `disable_applet`, `list_applets`.
"""
