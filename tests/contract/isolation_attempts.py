"""Attacks that take more than one script: those that are judged from outside, or act through files and snapshots."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.workspace import Entry
from pytest_agentcore.errors import SandboxLost
from pytest_agentcore.sandbox.served import ServedSandbox
from tests.contract.isolation_attack import Attempt
from tests.contract.isolation_stage import Stage
from tests.contract.sandbox_boxes import file, runs_on_host, unique_sleep

_GROWTH = 100 << 20


def run(box: Sandbox, script: str, *, timeout_s: float = 30) -> int:
    """The exit status of a shell script; one that loses the sandbox has a status of its own."""
    try:
        return box.exec(["sh", "-c", script], timeout_s=timeout_s).exit_code
    except SandboxLost:
        return -1


def answers(box: Sandbox) -> bool:
    """The server is alive, and commands run."""
    try:
        return box.exec(["echo", "alive"]).stdout.text() == "alive\n"
    except SandboxLost:
        return False


def kills(walled: str, bare: str = "") -> Attempt:
    """A script that is to end a process outside, or the server; a milder one where there is no wall."""

    def attempt(box: Sandbox, stage: Stage) -> bool:
        run(box, stage.fill(bare if bare and box.isolation.level == "process" else walled))
        return not stage.victim_lives() or not answers(box)

    return attempt


def asks_the_resolver(box: Sandbox, stage: Stage) -> bool:
    """Send a question over UDP to what stands for a resolver."""
    question = r"b'\0\1\1\0\0\1\0\0\0\0\0\0\7example\0\0\1\0\1'"
    script = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
    box.exec(["python3", "-c", stage.fill(f"{script}.sendto({question}, ('127.0.0.1', @UDP@))")])
    return stage.received()


def rewrites_hidden_files(box: Sandbox, _: Stage) -> bool:
    """Change what a checker is about to run."""
    box.put([file("test_x.py", b"real")], into="hidden")
    run(
        box,
        "echo forged > ../hidden/test_x.py; mv ../hidden ../gone; mkdir ../hidden; echo forged > ../hidden/test_x.py",
    )
    return box.exec(["cat", "../hidden/test_x.py"]).stdout.text() != "real"


def reads_through_a_link(box: Sandbox, stage: Stage) -> bool:
    """Let the read tool follow a link."""
    run(box, stage.fill("ln -s @FOLDER@/home/notes.txt l"))
    try:
        return stage.secret.encode() in box.read("l")[0]
    except OSError:
        return False


def writes_through_a_link(box: Sandbox, stage: Stage) -> bool:
    """Let the write tool follow a link."""
    run(box, stage.fill("ln -s @FOLDER@/outside/forged w"))
    try:
        box.write("w", b"forged")
    except OSError:
        return False
    return _appeared(stage)


def freezes_what_a_link_shows(box: Sandbox, stage: Stage) -> bool:
    """Let the snapshot carry a file or a folder of the machine away."""
    run(box, stage.fill("ln -s @FOLDER@/home/notes.txt f; ln -s @FOLDER@/home d; ln @FOLDER@/home/notes.txt h"))
    frozen = box.snapshot().by_path()
    linked = [entry for path, entry in frozen.items() if path != "h"]
    return any(stage.secret.encode() in (entry.data or b"") for entry in linked)


def puts_through_a_link(box: Sandbox, stage: Stage) -> bool:
    """Let given files land outside."""
    run(box, stage.fill("ln -s @FOLDER@/outside o"))
    for path in ("o/forged", "../outside/forged", str(stage.folder / "outside/forged")):
        try:
            box.put([file(path, b"forged")])
        except OSError:
            continue
    return _appeared(stage)


def _appeared(stage: Stage) -> bool:
    forged = stage.folder / "outside/forged"
    found = forged.exists()
    forged.unlink(missing_ok=True)
    return found


def blocks_on_a_pipe(box: Sandbox, _: Stage) -> bool:
    """Make the server wait for ever where it expects a file."""
    run(box, "mkfifo answer.txt; mkdir d; mkfifo d/p")
    started = time.monotonic()
    for touch in (lambda: box.read("answer.txt"), lambda: box.write("answer.txt", b"x")):
        try:
            touch()
        except OSError:
            continue
        return True
    return box.snapshot().by_path()["answer.txt"].kind != "other" or time.monotonic() - started > 60


def floods(script: str) -> Attempt:
    """Output without end: the engine's memory or the call's end would give way."""

    def attempt(box: Sandbox, _: Stage) -> bool:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = box.exec(["sh", "-c", script], timeout_s=0.5)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        kept = len(result.stdout.head) + len(result.stdout.tail)
        return kept > 1 << 16 or grown > _GROWTH or not answers(box)

    return attempt


def hinders(script: str) -> Attempt:
    """Make a workspace that cannot be frozen, or not in a reasonable amount of memory, or that ends the server."""

    def attempt(box: Sandbox, _: Stage) -> bool:
        run(box, script)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            entries: tuple[Entry, ...] = box.snapshot().entries
        except OSError:
            entries = ()  # refused in a word, which a run survives
        except SandboxLost:
            return True
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        return grown > _GROWTH or len(entries) > 200_000 or not answers(box)

    return attempt


def outlives_the_sandbox(script: str) -> Attempt:
    """Leave a process behind: @NAP@ is the time that it sleeps."""

    def attempt(box: Sandbox, _: Stage) -> bool:
        assert isinstance(box, ServedSandbox)
        nap = unique_sleep()
        run(box, script.replace("@NAP@", nap))
        time.sleep(0.2)
        box.close()
        time.sleep(0.1)
        left = runs_on_host(nap)
        _end_all_with(nap)
        return left

    return attempt


def _end_all_with(argument: str) -> None:
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if argument.encode() in (path / "cmdline").read_bytes().split(b"\0") and int(path.name) != os.getpid():
                os.kill(int(path.name), signal.SIGKILL)
        except OSError:
            continue


def exceeds_memory(box: Sandbox, _: Stage) -> bool:
    """Take six times the memory that there is, then see who was killed."""
    hog = "x = bytearray(400_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1\nimport time; time.sleep(5)"
    result = box.exec(["python3", "-c", hog], timeout_s=30)
    return result.exit_code != 137 or result.evidence.oom_kills != 1 or not answers(box)


def exceeds_processes(box: Sandbox, _: Stage) -> bool:
    """Start 300 processes where 40 may be."""
    bomb = "import os, time\nfor i in range(300):\n    if not os.fork(): time.sleep(3); os._exit(0)\nopen('all', 'w')"
    result = box.exec(["python3", "-c", bomb], timeout_s=30)
    box.snapshot()
    return not result.evidence.pids_hits or any(entry.path == "all" for entry in box.list(".")) or not answers(box)


def exceeds_disk(script: str) -> Attempt:
    """Write more than there is room for."""

    def attempt(box: Sandbox, _: Stage) -> bool:
        return run(box, script) == 0 or not answers(box)

    return attempt


def exceeds_processor(box: Sandbox, _: Stage) -> bool:
    """Use two processors where a tenth of one may be used."""
    script = "for i in 1 2; do timeout 0.5 sh -c 'while :; do :; done' & done; wait"
    evidence = box.exec(["sh", "-c", script], timeout_s=30).evidence
    return not evidence.throttled_s
