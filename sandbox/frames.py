"""The wire between the kernel and a worker: numbers and shapes, the same on both ends.

A frame is a little-endian u32 length and a MessagePack array. To the worker::

    [LOAD, id, [applet, version, {module: source}, {file: text}, hooks module, keeps state]]
    [CALL, id, function, [facts, argument…]]         facts: ctx, as `values.Facts`
    [BATCH, id, function, [[facts, argument…]…]]
    [RUN, id, module, function, [argument…]]          a Facts among the arguments becomes ctx
    [REPLY, id, True, value] or [REPLY, id, False, error]

and from it::

    [REQUEST, id, capability, [argument…]]
    [RESULT, id, status, value, changes, [[level, text]…], dropped lines]

value of RETURNED: what the function returned; of a LOAD `[[function, hook, [subject…], [parameter…], line]…]`; of a
BATCH `[[status, value, changes]…]` in the order of the calls. Of any other status: an error,
`[kind, code, message, {detail: value}, [[pointer, rule, message, expected or nil]…], [[module, function, line]…]]`,
where kind is a kind of the error tree for REFUSED and the name of a class for RAISED, and the last place is where it
happened. The error of a REPLY is the same without places. changes: `[[argument, {field: value}, [removed field…]]…]`,
arguments counted from 0 without ctx; only documents that were changed are listed.
"""

from __future__ import annotations

import struct

CALL, REQUEST, REPLY, RESULT, LOAD, BATCH, RUN = 1, 2, 3, 4, 5, 6, 7
# What a worker says once, when it is locked down and waits; the zygote's handle reads it.
HELLO = 0

# Statuses, set by the runtime and never by an error's name: an applet may call its own what it likes.
RETURNED, RAISED, REFUSED, DEADLINE, MEMORY, POLICY = 0, 1, 2, 3, 4, 5

HEADER = struct.Struct("<I")
# The one descriptor a worker has.
WORKER_FD = 3

ELEVATED = "elevated."
# What may be asked in the middle of a call, with the names of its arguments: all of them are always sent, in this
# order. `document` is `[type, id]` of a document. Each may stand behind `elevated.` too.
CAPABILITIES: dict[str, tuple[str, ...]] = {
    "documents.get": ("type", "id", "lock"),  # -> Document
    "documents.get_many": ("wanted",),  # {type: [id…]} -> {id: Document}
    "documents.find": ("type", "fields"),  # -> Document or nil
    "documents.find_all": ("type", "fields"),  # -> [Document…]
    "documents.query": ("type", "filter", "parameters", "sort", "limit", "cursor"),  # -> [[Document…], cursor, titles]
    "documents.create": ("type", "data", "company_id", "perform"),  # -> Document
    "documents.coming_number": ("document",),  # -> text or nil
    "documents.number": ("document",),  # takes the number of a late document now -> text or nil
    "documents.update": ("type", "id", "patch", "version"),  # -> Document
    "documents.delete": ("type", "id", "version"),  # -> nil
    "documents.restore": ("type", "id"),  # -> Document
    "documents.archive": ("type", "id", "version"),  # -> Document
    "documents.unarchive": ("type", "id", "version"),  # -> Document
    "documents.perform": ("type", "id", "action", "arguments", "version"),  # -> Document
    "registers.record": ("document", "register", "occurred_at", "dimensions", "resources"),  # -> nil
    "registers.reverse": ("document", "occurred_at"),  # -> nil
    "registers.balance": ("register", "at", "where", "group_by", "company_id"),  # -> [[dimensions, resources]…]
    "registers.balances": ("questions",),  # [[arguments of balance]…] -> [[[dimensions, resources]…]…]
    "registers.turnover": ("register", "since", "until", "where", "group_by", "company_id"),  # as balance
    "reports.run": ("name", "parameters"),  # -> [{column: value}…]
    "events.emit": ("type", "document", "payload"),  # -> Event
    "sequence": ("name",),  # -> integer
    "resolve": ("question", "arguments"),  # -> value or nil
}
