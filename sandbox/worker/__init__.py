"""What runs in the locked process, beside the applet: everything here is untrusted from the kernel's point of view.

Owns the channel, the loading of programs, `ctx` made of requests and the dispatcher of calls. Imports sdk, and policy
and runtime. Verbs: serve.
"""
