"""The kernel's end of the wire: what a worker is loaded with and asked, and how a call ends.

Imports sdk and the rooms of the sandbox below it; asks nothing of a worker that it does not check. Verbs: load, call,
call_many, run, kill.
"""

from sandbox.host.engine import Answer, Deadlines, Engine, Program, Worker
from sandbox.host.outcome import AppletFailure, Change, Description, HookFound, LogLine, Place, Result, Status
from sandbox.host.violation import KINDS, Violation, ViolationKind

__all__ = [
    "Answer",
    "AppletFailure",
    "Change",
    "Deadlines",
    "Description",
    "Engine",
    "HookFound",
    "KINDS",
    "LogLine",
    "Place",
    "Program",
    "Result",
    "Status",
    "Violation",
    "ViolationKind",
    "Worker",
]
