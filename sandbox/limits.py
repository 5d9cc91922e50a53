"""How much a sandboxed applet may take, each with its unit."""

from __future__ import annotations

# One frame on the wire, either way; results, arguments and sources have to fit.
FRAME_BYTES_MAX = 1 << 20

LOG_LINES_MAX = 200
LOG_BYTES_MAX = 16_000
LOG_LINE_CHARACTERS_MAX = 2_000

# Text of an error that leaves a worker, and how many of the applet's own frames are told with it.
ERROR_CHARACTERS_MAX = 2_000
ERROR_PLACES_MAX = 10
ERROR_VIOLATIONS_MAX = 100
ERROR_DETAILS_MAX = 20
NAME_CHARACTERS_MAX = 100

# A Decimal on the wire: sdk.values rounds at 60 digits, and an exponent of a million would stop who formats it.
DECIMAL_CHARACTERS_MAX = 200
DECIMAL_EXPONENT_MAX = 1_000

# Python frames of an applet; the interpreter of a worker has 8 MiB of stack for them.
RECURSION_DEPTH_MAX = 1_000
STACK_BYTES_MAX = 8 << 20
# CPU seconds in the life of one worker: a last net under the deadlines of its calls.
WORKER_CPU_S_MAX = 3_600

# Forks of a zygote have its layout of memory and its hash seed in common, so one does not serve forever.
ZYGOTE_SPAWNS_MAX = 2_000
ZYGOTE_START_S_MAX = 30.0
SPAWN_S_MAX = 10.0

# What the kernel takes from a worker. Arguments: of a hook or a request. Depth: in lists and mappings.
ARGUMENTS_MAX = 16
VALUE_DEPTH_MAX = 64
HOOKS_MAX = 500
SUBJECTS_MAX = 200
BATCH_CALLS_MAX = 500

# An applet's own time begins anew with each answer, so that answers have a bound of their own: seconds in one call.
ANSWERS_S_MAX = 30.0
# A worker that used less of its time than this share did not get the machine: it is given as much again, once.
CPU_SHARE_MIN = 0.2
# Seconds until a worker has taken a frame; it does nothing else while one comes.
SEND_S_MAX = 5.0
# Seconds to learn from the zygote how a worker ended.
OBITUARY_S_MAX = 0.5
# Of a worker that did what none does: its last frames, cut, for whoever looks into it.
FRAMES_KEPT = 4
FRAME_KEPT_BYTES = 4_096

# Seconds to run the modules of a program once.
LOAD_SOFT_S, LOAD_HARD_S = 1.0, 2.0

# Of the pool. A worker is at most as large as its memory limit, mostly a few MB; spares are loaded with nothing.
WORKERS_MAX = 100
SPARES = 2
MEMORY_MB = 128
IDLE_S_MAX = 300.0
# Seconds between two looks for workers that have been idle for long.
UPKEEP_S = 10.0
# What leaks in a worker, leaks for so long: calls, and bytes beyond what it was born with, looked at after every so
# many calls.
CALLS_MAX = 50_000
GROWTH_BYTES_MAX = 32 << 20
LOOK_EVERY_CALLS = 2_000
