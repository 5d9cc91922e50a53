"""The small operating system below all applets: tenants, people, documents, registers, events, reports, HTTP.

Owns one room per concern, each a package with the same anatomy. Imports sdk; never registry, marketplace, sandbox
or an applet, which are plugins that `kernel.main` loads by dotted name.
"""
