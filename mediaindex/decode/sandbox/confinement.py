"""What a process gives up before it reads a file that nobody vouches for.

Each step is taken where the platform has it and left out elsewhere; Linux has all of them.
`RLIMIT_FSIZE=0` stops writing, not truncating, so the code that runs inside must still open nothing for
writing.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
M_ARENA_MAX = -8
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
OPEN_FILES = 32
ORPHANED = 91


def die_with_parent(parent: int) -> None:
    """End this process when process `parent` ends, for whatever reason."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(ORPHANED)


def leave_network() -> bool:
    """Move this single-threaded process into a network of its own without interfaces; False where refused."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    # As root the first form keeps the right to read everybody's files, which a new user namespace takes away.
    return any(libc.unshare(flags) == 0 for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET))


def allocate_from_one_arena() -> None:
    """Keep threads from reserving address space of their own, 64 MiB each, which `limit_resources` counts."""
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(M_ARENA_MAX, 1)


def limit_resources(*, memory_mib: int) -> None:
    """Bound memory to `memory_mib` above what is mapped now; forbid core dumps and writing to files."""
    if sys.platform == "linux":
        _lower(resource.RLIMIT_AS, _mapped_bytes() + (memory_mib << 20))
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, OPEN_FILES)


def renew_cpu_budget(seconds: int) -> None:
    """Let this process use `seconds` of CPU from now on; SIGXCPU ends it after that."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))


def lift_cpu_budget() -> None:
    """Take the soft CPU limit away, for a grandchild whose parent is watched instead."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


def _mapped_bytes() -> int:
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(ORPHANED)
