"""Attacks on what judges or records a run, and on the limits of one."""

from __future__ import annotations

from tests.contract import isolation_attempts as attempts
from tests.contract.isolation_attack import Attack, Verdict

STOPPED, OPEN, GROUPED = Verdict.STOPPED, Verdict.OPEN, Verdict.GROUPED
SMALL = {"memory_mb": 64, "pids": 40, "disk_mb": 8}
NEST = "import os\nfor _ in range(30):\n    os.mkdir('d' * 200); os.chdir('d' * 200)"

WORKSPACE = (
    Attack(
        id="link-read",
        tries="lets `fs_read` follow a link to a file of the user",
        stopped="the link leads nowhere",
        attempt=attempts.reads_through_a_link,
    ),
    Attack(
        id="link-write",
        tries="lets `fs_write` follow a link to a file of the user",
        stopped="nothing appears outside",
        attempt=attempts.writes_through_a_link,
    ),
    Attack(
        id="link-snapshot",
        tries="lets the frozen workspace carry away what links point to",
        stopped="links are frozen as links",
        attempt=attempts.freezes_what_a_link_shows,
        process=STOPPED,
    ),
    Attack(
        id="link-put",
        tries="lets given files land outside, through a link",
        stopped="the path is refused",
        attempt=attempts.puts_through_a_link,
        process=STOPPED,
    ),
    Attack(
        id="fifo",
        tries="puts a pipe where the answer is expected",
        stopped="reading and freezing do not wait",
        attempt=attempts.blocks_on_a_pipe,
        process=STOPPED,
    ),
    Attack(
        id="endless-output",
        tries="writes 10 GB of output",
        stopped="64 KB are kept, the rest is counted, the call ends in time",
        attempt=attempts.floods("head -c 10G /dev/zero"),
        process=STOPPED,
    ),
    Attack(
        id="endless-line",
        tries="writes without end and without a newline, to both streams",
        stopped="as before",
        attempt=attempts.floods("yes | tr -d '\\n' | tee /proc/self/fd/2"),
        process=STOPPED,
    ),
    Attack(
        id="sparse-file",
        tries="makes a file of 5 GB that takes no room",
        stopped="it is frozen by name and size, or refused",
        attempt=attempts.hinders("truncate -s 5G sparse"),
        process=STOPPED,
    ),
    Attack(
        id="deep-tree",
        tries="nests folders deeper than a path can name",
        stopped="freezing is refused in a word, or succeeds",
        attempt=attempts.hinders(f'python3 -c "{NEST}"'),
        process=STOPPED,
    ),
    Attack(
        id="huge-names",
        tries="makes names of 255 bytes, not text, 2,000 of them",
        stopped="they are frozen as they are",
        attempt=attempts.hinders(
            "python3 -c \"import os\nfor i in range(2000): open(b'%04d' % i + b'\\xff' * 251, 'w').close()\""
        ),
        process=STOPPED,
    ),
    Attack(
        id="locked-folder",
        tries="takes away its own rights to what the record needs",
        stopped="it is frozen all the same",
        attempt=attempts.hinders("mkdir -p a/b; echo > a/b/f; chmod 0 a/b/f a/b a ."),
        process=STOPPED,
    ),
)

LIMITS = (
    Attack(
        id="memory-hog",
        tries="takes six times the memory of its limit",
        stopped="it is killed, the evidence counts one kill, the next call works",
        attempt=attempts.exceeds_memory,
        process=STOPPED,
        limits=SMALL,
    ),
    Attack(
        id="fork-bomb",
        tries="starts 300 processes where 40 may be",
        stopped="not all start, the evidence counts hits, the next call works",
        attempt=attempts.exceeds_processes,
        process=STOPPED,
        limits=SMALL,
    ),
    Attack(
        id="disk-one-file",
        tries="writes one file larger than the disk",
        stopped="the write fails",
        attempt=attempts.exceeds_disk("head -c 20000000 /dev/zero > big"),
        process=STOPPED,
        limits=SMALL,
    ),
    Attack(
        id="disk-workspace",
        tries="fills the workspace with many files",
        stopped="the write fails",
        attempt=attempts.exceeds_disk("for i in 1 2 3 4; do head -c 5000000 /dev/zero > f$i || exit 1; done"),
        limits=SMALL,
    ),
    Attack(
        id="disk-tmp",
        tries="fills /tmp with many files",
        stopped="the write fails",
        attempt=attempts.exceeds_disk("for i in 1 2 3 4; do head -c 5000000 /dev/zero > ~/f$i || exit 1; done"),
        limits=SMALL,
    ),
    Attack(
        id="disk-names",
        tries="fills the disk with empty files",
        stopped="the 2,049th cannot be made",
        attempt=attempts.exceeds_disk("python3 -c \"for i in range(3000): open(str(i), 'w').close()\""),
        limits=SMALL,
    ),
    Attack(
        id="processor",
        tries="uses two processors where a tenth of one is its share",
        stopped="it is throttled, and the evidence says how long",
        attempt=attempts.exceeds_processor,
        namespace=GROUPED,
        process=GROUPED,
        limits={"cpus": 0.1},
    ),
    Attack(
        id="daemon",
        tries="leaves a daemon behind (`setsid`, twice)",
        stopped="it ends with the sandbox",
        attempt=attempts.outlives_the_sandbox("setsid sleep @NAP@ & (setsid sh -c 'sleep @NAP@' &)"),
        process=STOPPED,
    ),
    Attack(
        id="daemon-first-kills",
        tries="ends its server and what holds it, then stays as a daemon",
        stopped="it ends with the sandbox",
        attempt=attempts.outlives_the_sandbox(
            "s=$PPID; h=$(sed 's/.*) //' /proc/$s/stat | cut -d' ' -f2);"
            ' setsid sh -c "[ $s = 1 ] || { kill -STOP $s; kill -9 $h $s; }; exec sleep @NAP@" & sleep 1'
        ),
        process=GROUPED,
    ),
)

LIMIT_ATTACKS = {"Workspace and record": WORKSPACE, "Limits and ends": LIMITS}
