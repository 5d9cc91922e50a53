"""A release brought to a few tenants first, watched, then brought to more, or taken back from all of them.

Owns rollouts and pins. Imports kernel, sdk and the rest of the registry. Verbs: `start_rollout`, `pause_rollout`,
`resume_rollout`, `halt_rollout`, `carry_on`, `pin_applet`, `unpin_applet`.
"""
