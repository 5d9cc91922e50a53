"""Owns the measures of hook calls and the suspensions of applets: who fails or takes too long is stopped, for one
tenant alone. Imports db, events.store, settings and telemetry.

Verbs: `Breaker.call`, `Breaker.strike`, `resume_applet`, `tighten_applet`, `applet_health`, `hook_figures`.
"""
