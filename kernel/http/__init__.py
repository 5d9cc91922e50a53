"""The HTTP edge: one application, problems, the generic document routes, OpenAPI per tenant, health.

May import every room of the kernel. Rooms import only `requests` and `exchange` of it. Verbs: create_app, run.
"""
