"""Measures what users wait for, each figure beside the raw limit of the same run. Run it with `python -m bench`.

May import everything; only tests import it. bench.load stays on the standard library alone: it is the client.
"""
