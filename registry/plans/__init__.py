"""What a move of applets would do, and doing exactly that.

Owns plans, their checks and their application. Imports kernel, sdk and the rest of the registry. Verbs: `make_plan`,
`apply_plan`.
"""
