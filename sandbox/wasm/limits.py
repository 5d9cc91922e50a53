"""What holds for instances of the component, each with its unit."""

from __future__ import annotations

# How often a running instance is asked whether it may go on, in seconds; its deadline is late by that at most.
TICK_S = 0.005
# Without a call for so many ticks the clock stands still, and nothing wakes an idle process.
IDLE_TICKS = 200
# Of the caller's own stack, which has 8 MiB; with less, recursion through C ends the instance before Python says no.
STACK_BYTES_MAX = 3 << 19
# Calls that wait for each other on one thread, and so stand on one stack.
NESTED_CALLS_MAX = 4
# Seconds to build and compile the component, which takes ten of one processor.
BUILD_S_MAX = 600.0
# Beyond what no component is as large as it begins.
BASE_MB_MAX = 256
