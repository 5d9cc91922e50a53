"""Numbers of system calls, by architecture: of those the filters name, and of those that set the walls up.

From the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h). A call that an
architecture does not have is left out.
"""

from __future__ import annotations

# How the kernel tells a filter which calling convention a call came by (linux/audit.h).
AUDIT_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# x86_64 has a second set of numbers with this bit, for 32-bit pointers: the same calls by another name.
X32_BIT = 0x40000000

NUMBERS: dict[str, dict[str, int]] = {
    "x86_64": {
        "read": 0,
        "write": 1,
        "open": 2,
        "mmap": 9,
        "mprotect": 10,
        "munmap": 11,
        "brk": 12,
        "rt_sigprocmask": 14,
        "rt_sigreturn": 15,
        "mremap": 25,
        "madvise": 28,
        "getpid": 39,
        "prctl": 157,
        "gettid": 186,
        "futex": 202,
        "clock_gettime": 228,
        "clock_getres": 229,
        "exit_group": 231,
        "tgkill": 234,
        "openat": 257,
        "getrandom": 318,
    },
    "aarch64": {
        "openat": 56,
        "read": 63,
        "write": 64,
        "exit_group": 94,
        "futex": 98,
        "clock_gettime": 113,
        "clock_getres": 114,
        "tgkill": 131,
        "rt_sigprocmask": 135,
        "rt_sigreturn": 139,
        "prctl": 167,
        "getpid": 172,
        "gettid": 178,
        "brk": 214,
        "munmap": 215,
        "mremap": 216,
        "mmap": 222,
        "mprotect": 226,
        "madvise": 233,
        "getrandom": 278,
    },
}

SET_UP: dict[str, dict[str, int]] = {
    "x86_64": {"pivot_root": 155, "landlock_create_ruleset": 444, "landlock_restrict_self": 446},
    "aarch64": {"pivot_root": 41, "landlock_create_ruleset": 444, "landlock_restrict_self": 446},
}
