"""Run a command in which the kernel refuses a system call, native libraries and all children included.

    python tests/support/seccomp.py no-internet COMMAND…

`no-internet`: whatever makes an AF_INET or AF_INET6 socket is killed by SIGSYS on the spot, so that nothing
can catch the refusal. `no-unshare`: leaving a namespace fails with EPERM, as on many machines it does.
A filter of Linux (seccomp, classic BPF) that no process can take off again; x86-64 and aarch64 alone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
import sys
from dataclasses import dataclass

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, JUMP_IF_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in seccomp_data, low words on little endian
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
X32 = 0x40000000


@dataclass(frozen=True, slots=True)
class Machine:
    """What the kernel calls an architecture, and the numbers of two system calls on it."""

    audit: int
    socket: int
    unshare: int


MACHINES = {"x86_64": Machine(0xC000003E, 41, 272), "aarch64": Machine(0xC00000B7, 198, 97)}
SUPPORTED = sys.platform == "linux" and platform.machine() in MACHINES


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def statement(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One struct sock_filter; the jumps count statements to pass over."""
    return struct.pack("HBBI", code, if_true, if_false, value)


def no_internet(machine: Machine) -> list[bytes]:
    """Kill at socket(AF_INET or AF_INET6, …), and at any call in another numbering."""
    return [
        statement(LOAD, ARCHITECTURE),
        statement(JUMP_IF_EQUAL, machine.audit, 1, 0),
        statement(RETURN, KILL),
        statement(LOAD, NUMBER),
        statement(JUMP_IF_AT_LEAST, X32, 5, 0),
        statement(JUMP_IF_EQUAL, machine.socket, 0, 3),
        statement(LOAD, FIRST_ARGUMENT),
        statement(JUMP_IF_EQUAL, socket.AF_INET, 2, 0),
        statement(JUMP_IF_EQUAL, socket.AF_INET6, 1, 0),
        statement(RETURN, ALLOW),
        statement(RETURN, KILL),
    ]


def no_unshare(machine: Machine) -> list[bytes]:
    """Refuse unshare()."""
    return [
        statement(LOAD, NUMBER),
        statement(JUMP_IF_EQUAL, machine.unshare, 0, 1),
        statement(RETURN, REFUSE),
        statement(RETURN, ALLOW),
    ]


FILTERS = {"no-internet": no_internet, "no-unshare": no_unshare}


def install(name: str) -> None:
    """Put a filter on this process and all that it starts.

    Raises:
        OSError: the kernel takes no filter.
    """
    statements = FILTERS[name](MACHINES[platform.machine()])
    program = Program(len(statements), b"".join(statements))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program))):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "the kernel takes no filter")


if __name__ == "__main__":
    install(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
