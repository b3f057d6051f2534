"""Attacks on other processes and on the kernel."""

from __future__ import annotations

from tests.contract import isolation_attempts as attempts
from tests.contract.isolation_attack import Attack, Verdict

MACHINE, STOPPED = Verdict.MACHINE, Verdict.STOPPED
VICTIMS = "for p in /proc/[0-9]*; do grep -q 'API_KEY=@SECRET@' $p/environ && kill -9 ${p#/proc/}; done"

PROCESSES = (
    Attack(
        id="host-processes",
        tries="looks at the processes of this machine",
        stopped="none but its own can be seen",
        sh="tr '\\0' ' ' < /proc/@VICTIM@/cmdline | grep -q 'sleep 3000' && echo GOT-IT",
    ),
    Attack(
        id="signal-harness",
        tries="signals the harness",
        stopped="there is no such process",
        sh="kill -0 @ENGINE@ && echo GOT-IT",
    ),
    Attack(
        id="kill-everything",
        tries="`kill -9 -1`, `kill -9 1`: ends all that it may end",
        stopped="the victim outside lives and the next call works",
        attempt=attempts.kills("[ -e /proc/@ENGINE@ ] || kill -9 1; kill -9 -1", "kill -9 @VICTIM@"),
    ),
    Attack(
        id="pkill",
        tries="ends processes by name",
        stopped="the victim outside lives",
        attempt=attempts.kills(VICTIMS),
    ),
    Attack(
        id="kill-server",
        tries="ends the server of its own sandbox",
        stopped="the next call works",
        attempt=attempts.kills("kill -9 $PPID"),
    ),
    Attack(
        id="trace-server",
        tries="traces the server, or reads its memory",
        stopped="both are refused",
        python="p = os.getppid()\nif libc.ptrace(0x4206, p, 0, 0) == 0: libc.ptrace(17, p, 0, 0); got()\n"
        "open(f'/proc/{p}/mem', 'rb'); got()",
        process=Verdict.UNLESS_ROOT,
    ),
    Attack(
        id="trace-harness",
        tries="traces a process of the harness",
        stopped="there is no such process",
        python="libc.ptrace(0x4206, @VICTIM@, 0, 0) == 0 and got()",
        process=MACHINE,
    ),
    Attack(
        id="join-namespaces",
        tries="enters the namespaces of another process",
        stopped="there is none to enter",
        python="f = os.open('/proc/@VICTIM@/ns/uts', os.O_RDONLY); libc.setns(f, 0) == 0 and got()",
        process=MACHINE,
    ),
    Attack(
        id="nested-namespaces",
        tries="makes a user namespace of its own, with all capabilities in it",
        stopped="it is refused",
        python="libc.unshare(0x10000000) == 0 and got()",
        process=MACHINE,
    ),
    Attack(
        id="setuid",
        tries="gains rights from a setuid program",
        stopped="no program may give rights",
        sh="grep -q '^NoNewPrivs:.0' /proc/self/status && echo GOT-IT",
        process=STOPPED,
    ),
    Attack(
        id="inherited-descriptors",
        tries="talks to the server or the engine over an inherited descriptor",
        stopped="there is none but its three streams",
        python="len(os.listdir('/proc/self/fd')) > 4 and got()",
        process=STOPPED,
    ),
)

KERNEL = (
    Attack(
        id="proc-sys",
        tries="opens switches of the kernel for writing: `/proc/sys`, `/proc/sysrq-trigger`",
        stopped="all are read-only",
        python="for p in ('sys/kernel/core_pattern', 'sys/vm/drop_caches', 'sysrq-trigger'):\n"
        "    try: os.open('/proc/' + p, os.O_WRONLY); got()\n    except OSError: pass",
        process=MACHINE,
    ),
    Attack(
        id="sys-tree",
        tries="reads /sys, control groups included",
        stopped="it is not there",
        sh="ls /sys/fs/cgroup/* >/dev/null 2>&1 && echo GOT-IT",
        docker=Verdict.OPEN,
        process=MACHINE,
    ),
    Attack(
        id="device-node",
        tries="makes a device node and opens it",
        stopped="the capability is missing, and nodes are dead",
        sh="mknod z c 1 5 && head -c 1 z >/dev/null && echo GOT-IT",
        process=MACHINE,
    ),
    Attack(
        id="physical-memory",
        tries="opens /dev/mem, /dev/kmsg or a disk",
        stopped="there are five devices, all harmless",
        python="for p in ('mem', 'kmsg', 'vda', 'sda', 'nvme0n1'):\n"
        "    try: os.open('/dev/' + p, os.O_RDONLY | os.O_NONBLOCK); got()\n    except OSError: pass",
        process=MACHINE,
    ),
    Attack(
        id="bpf",
        tries="makes a BPF map",
        stopped="the call is refused",
        python="a = ctypes.create_string_buffer(struct.pack('IIII', 2, 4, 4, 1) + bytes(112))\n"
        "call((321, 280), 0, a, 128); got()",
        process=MACHINE,
    ),
    Attack(
        id="io-uring",
        tries="opens an io_uring, which many kernel holes needed",
        stopped="the call is refused",
        python="call((425, 425), 1, ctypes.create_string_buffer(256)); got()",
        process=MACHINE,
    ),
    Attack(
        id="userfaultfd",
        tries="opens a userfaultfd, which makes kernel races winnable",
        stopped="the call is refused",
        python="call((323, 282), 1); got()",
        process=MACHINE,
    ),
    Attack(
        id="perf",
        tries="opens a performance counter",
        stopped="the call is refused",
        python="a = ctypes.create_string_buffer(struct.pack('IIQ', 1, 112, 0) + bytes(96))\n"
        "call((298, 241), a, 0, -1, -1, 0); got()",
        process=MACHINE,
    ),
    Attack(
        id="new-keys",
        tries="fills the kernel's key store",
        stopped="the call is refused",
        python="call((248, 217), b'user', b'mine', b'x', 1, -2); got()",
        process=MACHINE,
    ),
    Attack(
        id="inotify-instances",
        tries="uses up the inotify instances that all runs of a user share",
        stopped="it gets a few",
        python="len([call((294, 26), 0) for _ in range(100)]) == 100 and got()",
        docker=Verdict.OPEN,
        process=MACHINE,
    ),
)
