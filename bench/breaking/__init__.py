"""How many breaking changes the contract check of a plan finds, and how often it cries wolf.

Owns a provider, applets that depend on it, changes to it and to the SDK. Imports sdk, registry.contracts. Verbs:
`measure_breaking`.
"""
