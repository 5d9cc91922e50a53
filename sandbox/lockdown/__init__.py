"""Layer two: the walls around a worker process, one small file each, made of system calls alone.

Owns namespaces, root, capabilities, limits, landlock, seccomp and the levels they make up. Imports the standard
library only. Verbs: enter, empty, give_up, limit, restrict, Filter.install, allowed_calls.
"""
