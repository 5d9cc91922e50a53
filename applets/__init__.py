"""The business modules that come with Bos. Each owns its document types, registers, reports and rules.

An applet imports `sdk` and, relatively, itself; never the kernel, never another applet.
"""
