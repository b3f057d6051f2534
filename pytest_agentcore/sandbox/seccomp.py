"""System calls that no command needs and that reach past the walls or deep into the kernel are refused. Runs inside.

What the walls hold already is not listed again; what is listed are doors that namespaces do not have (keys, sockets of
the hypervisor) and those through which most holes of the last years were found (io_uring, BPF, userfaultfd).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from . import syscalls

_X86, _ARM = "x86_64", "aarch64"
_ARCHITECTURE = {_X86: 0xC000003E, _ARM: 0xC00000B7}
_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "fanotify_init": (300, 262), "open_by_handle_at": (304, 265),
    "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "syslog": (103, 116), "quotactl": (179, 60),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
}  # fmt: skip
_SOCKET, _IOCTL, _SECCOMP = (41, 198), (16, 29), (317, 277)
_FAMILIES = (1, 2, 10, 16)
"""Unix, IPv4, IPv6, and netlink, which name resolution asks for addresses."""
_TERMINAL_TRICKS = (0x5412, 0x541C)
"""TIOCSTI, TIOCLINUX."""
_FIRST_X32 = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_AT_NUMBER, _AT_ARCHITECTURE, _AT_FIRST, _AT_SECOND = 0, 4, 16, 24
_SET_MODE_FILTER, _SPEC_ALLOW = 1, 4

Instruction = tuple[int, int, int, int]
_STEP = struct.Struct("HBBI")


_prepared: dict[int, bytes] = {}
"""Column of this processor -> the filter; empty on a processor that is not known."""


def prepare() -> None:
    """Write the filter, once for all processes that are split off from this one."""
    machine = os.uname().machine
    if machine in _ARCHITECTURE:
        column = (_X86, _ARM).index(machine)
        steps = _program(_ARCHITECTURE[machine], column)
        _prepared[column] = b"".join(_STEP.pack(*step) for step in steps)


def refuse() -> None:
    """Refuse them to this process and all that it will start; on other processors nothing is refused."""
    if not _prepared:
        prepare()
    for column, program in _prepared.items():
        code = ctypes.create_string_buffer(program)
        length = len(program) // _STEP.size
        filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", length, ctypes.addressof(code)))
        syscalls.raw(_SECCOMP[column], _SET_MODE_FILTER, _SPEC_ALLOW, ctypes.addressof(filter_), what="seccomp")


def _program(architecture: int, column: int) -> list[Instruction]:
    steps: list[Instruction] = [
        (_LOAD, 0, 0, _AT_ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        _fails(errno.EPERM),  # 32-bit programs
        (_LOAD, 0, 0, _AT_NUMBER),
        (_AT_LEAST, 0, 1, _FIRST_X32),
        _fails(errno.ENOSYS),
    ]
    for numbers in _NUMBERS.values():
        number = numbers[column]
        if number is not None:
            steps += [(_EQUAL, 0, 1, number), _fails(errno.EPERM)]
    families: list[Instruction] = [(_LOAD, 0, 0, _AT_FIRST)]
    for family in _FAMILIES:
        families += [(_EQUAL, 0, 1, family), _allowed()]
    families.append(_fails(errno.EAFNOSUPPORT))
    tricks: list[Instruction] = [(_LOAD, 0, 0, _AT_SECOND)]
    for request in _TERMINAL_TRICKS:
        tricks += [(_EQUAL, 0, 1, request), _fails(errno.EPERM)]
    tricks.append(_allowed())
    steps += [(_EQUAL, 0, len(families), _SOCKET[column]), *families]
    steps += [(_EQUAL, 0, len(tricks), _IOCTL[column]), *tricks]
    return [*steps, _allowed()]


def _fails(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | number)


def _allowed() -> Instruction:
    return (_RETURN, 0, 0, _ALLOW)
