"""The attacks that every level is tried with: one table for the tests and for the page that tells people."""

from __future__ import annotations

from tests.contract import isolation_attempts as attempts
from tests.contract.isolation_attack import Attack, Verdict
from tests.contract.isolation_limits import LIMIT_ATTACKS
from tests.contract.isolation_system import KERNEL, PROCESSES

OPEN, MACHINE, STOPPED = Verdict.OPEN, Verdict.MACHINE, Verdict.STOPPED

FILES = (
    Attack(
        id="home-folder",
        tries="reads the user's home folder",
        stopped="no file of the real one or of a planted one can be read",
        sh="cat @REAL_HOME@/.[a-z]* 2>/dev/null | grep -q . || cat @FOLDER@/home/notes.txt && echo GOT-IT",
    ),
    Attack(
        id="ssh-key",
        tries="reads a private ssh key",
        stopped="the file cannot be found",
        sh="grep -q @SECRET@ @FOLDER@/home/.ssh/id_rsa && echo GOT-IT",
    ),
    Attack(
        id="hidden-tests",
        tries="reads the hidden tests of its task",
        stopped="no file holds them",
        sh="grep -rq @SECRET@ @FOLDER@/suites/task/hidden && echo GOT-IT",
    ),
    Attack(
        id="solutions",
        tries="reads the reference solution of its task",
        stopped="no file holds it",
        sh="grep -rq @SECRET@ @FOLDER@/suites/task/solutions && echo GOT-IT",
    ),
    Attack(
        id="other-run",
        tries="reads the workspace of another run",
        stopped="no file of its name is anywhere",
        sh="cat @OTHER@/answer-@SECRET@.txt 2>/dev/null && echo GOT-IT ||"
        " find / -name '*@SECRET@*' -not -path '/proc/*' 2>/dev/null | grep -q . && echo GOT-IT",
    ),
    Attack(
        id="write-outside",
        tries="changes a file of the user",
        stopped="the file cannot be opened",
        sh="echo changed >> @FOLDER@/outside/precious.txt && echo GOT-IT",
    ),
    Attack(
        id="tamper-pytest",
        tries="rewrites the `pytest` that a later call will run",
        stopped="it is read-only",
        sh="f=$(command -v pytest); { : >> $f; } 2>/dev/null && echo GOT-IT; mv $f $f.x 2>/dev/null && echo GOT-IT",
    ),
    Attack(
        id="tamper-interpreter",
        tries="opens the interpreter's own library for writing",
        stopped="it is read-only",
        python="import json; os.open(json.__file__, os.O_WRONLY); got()",
        process=MACHINE,
    ),
    Attack(
        id="tamper-packages",
        tries="plants a module beside the pytest that a checker imports",
        stopped="the folder is read-only",
        python="p = os.environ['PYTHONPATH'] + '/planted.py'; open(p, 'w').close(); os.unlink(p); got()",
    ),
    Attack(
        id="hidden-overwrite",
        tries="rewrites the hidden tests that judge it, in the checker's sandbox",
        stopped="they are read-only for commands",
        attempt=attempts.rewrites_hidden_files,
    ),
    Attack(
        id="proc-root",
        tries="leaves through `/proc/PID/root` of the server or the engine",
        stopped="both are out of reach",
        sh="for p in 1 $PPID @ENGINE@; do grep -q @SECRET@ /proc/$p/root@FOLDER@/home/notes.txt && echo GOT-IT; done",
    ),
    Attack(
        id="open-by-handle",
        tries="opens a file of the machine by its handle",
        stopped="the capability is missing",
        python="b = ctypes.create_string_buffer(struct.pack('I', 128) + bytes(132)); m = ctypes.c_int()\n"
        "libc.name_to_handle_at(-100, b'/usr', b, ctypes.byref(m), 0) == 0 or sys.exit('no handle')\n"
        "libc.open_by_handle_at(os.open('/usr', os.O_RDONLY), b, 0) >= 0 and got()",
        process=MACHINE,
    ),
    Attack(
        id="chroot",
        tries="changes its root, the first step of the classical escape",
        stopped="the capability is missing",
        python="os.mkdir('r'); os.chroot('r'); got()",
        process=MACHINE,
    ),
    Attack(
        id="mount",
        tries="mounts a file system over /tmp",
        stopped="the capability is missing",
        python="os.mkdir('m'); libc.mount(b'none', b'm', b'tmpfs', 0, None) == 0 and (libc.umount2(b'm', 2), got())",
        process=MACHINE,
    ),
    Attack(
        id="unmount-masks",
        tries="takes away what covers installed packages",
        stopped="the capability is missing",
        sh="for m in $(grep tmpfs /proc/self/mountinfo | cut -d' ' -f5 | grep packages); do"
        " umount $m 2>/dev/null && echo GOT-IT; done",
        harmless="python3 -c 'import os, site; os.listdir(\"@FOLDER@/suites\")' && echo GOT-IT",
    ),
)

KEYS = (
    Attack(
        id="own-environment",
        tries="looks for a key of the engine in its own environment",
        stopped="it is not there",
        sh="env | grep -q @SECRET@ && echo GOT-IT",
        process=STOPPED,
    ),
    Attack(
        id="environ-of-others",
        tries="reads `/proc/*/environ` for a key",
        stopped="no process with one can be seen",
        sh="cat /proc/[0-9]*/environ 2>/dev/null | grep -q @SECRET@ && echo GOT-IT",
    ),
    Attack(
        id="session-keyring",
        tries="reads a key in the engine's session keyring",
        stopped="it has a session keyring of its own",
        python="k = call((250, 219), 10, -3, b'user', b'stage--3', 0); b = ctypes.create_string_buffer(99)\n"
        "call((250, 219), 11, k, b, 99); b'@SECRET@' in b.raw and got()",
        process=STOPPED,
    ),
    Attack(
        id="user-keyring",
        tries="reads a key in the user's keyring",
        stopped="the user's keyring belongs to another user namespace, and key calls are refused",
        python="call((250, 219), 8, -4, -3); k = call((250, 219), 10, -3, b'user', b'stage--4', 0)\n"
        "b = ctypes.create_string_buffer(99)\n"
        "call((250, 219), 11, k, b, 99); b'@SECRET@' in b.raw and got()",
    ),
    Attack(
        id="terminal-write",
        tries="writes on the terminal of the harness",
        stopped="there is no terminal",
        sh="echo forged > @TTY@ && echo GOT-IT",
    ),
    Attack(
        id="terminal-input",
        tries="types into the terminal of the harness (TIOCSTI)",
        stopped="there is no terminal, and the call is refused",
        python="import fcntl, termios\nfd = os.open('@TTY@', os.O_RDWR | os.O_NOCTTY)\n"
        "fcntl.ioctl(fd, termios.TIOCSTI, b' '); got()",
        process=MACHINE,
    ),
)

NETWORK = (
    Attack(
        id="loopback",
        tries="connects to a service of this machine",
        stopped="its loopback is another one",
        python="socket.create_connection(('127.0.0.1', @PORT@), 5); got()",
    ),
    Attack(
        id="outside",
        tries="finds a way out to an address elsewhere",
        stopped="there is no route",
        python="s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9)); got()",
        process=MACHINE,
    ),
    Attack(
        id="dns",
        tries="asks a resolver over UDP",
        stopped="the question does not arrive",
        attempt=attempts.asks_the_resolver,
    ),
    Attack(
        id="abstract-socket",
        tries="connects to an abstract unix socket of the harness",
        stopped="there is none of the name",
        python="socket.socket(socket.AF_UNIX).connect('\\0@ABSTRACT@'); got()",
    ),
    Attack(
        id="path-socket",
        tries="connects to a unix socket such as docker's",
        stopped="no socket can be found",
        python="for p in ('@FOLDER@/docker.sock', '/var/run/docker.sock', '/run/docker.sock'):\n"
        "    try: socket.socket(socket.AF_UNIX).connect(p); got()\n    except OSError: pass",
    ),
    Attack(
        id="packet-socket",
        tries="opens a raw socket to listen on an interface",
        stopped="it is refused",
        python="socket.socket(socket.AF_PACKET, socket.SOCK_RAW); got()",
        process=MACHINE,
    ),
    Attack(
        id="vsock",
        tries="opens a socket to the hypervisor, which no network namespace contains",
        stopped="it is refused",
        python="socket.socket(40, socket.SOCK_STREAM); got()",
        process=MACHINE,
    ),
)

ATTACKS = {
    "Files of this machine": FILES,
    "Keys and terminals": KEYS,
    "Network": NETWORK,
    "Processes": PROCESSES,
    "Kernel": KERNEL,
    **LIMIT_ATTACKS,
}
