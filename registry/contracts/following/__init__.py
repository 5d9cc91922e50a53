"""Follows the functions of an applet with abstract values, to see which fields of which documents they touch.

Owns the values, the machine and its models of the SDK and of Python's own functions. Imports sdk and the models of
`registry.contracts`. Verb: `follow_code`.
"""
