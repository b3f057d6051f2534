"""Images that tests make: nothing is pulled."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

from pytest_agentcore.sandbox.docker import Daemon, NotFound
from tests.contract.docker_fixture import lacks

APPLETS = [
    "sh",
    "tar",
    "stat",
    "find",
    "readlink",
    "cat",
    "head",
    "tail",
    "wc",
    "mkdir",
    "ls",
    "echo",
    "sleep",
    "seq",
    "env",
    "pwd",
    "id",
    "sed",
    "grep",
    "chmod",
    "touch",
    "rm",
    "true",
    "tr",
]


def without_python(daemon: Daemon, tmp_path: Path) -> str:
    """One with the commands of busybox alone."""
    name = "agentcore-test-busybox:1"
    try:
        daemon.image(name)
    except NotFound:
        daemon.import_image(busybox_root(tmp_path, note=b"busybox"), name, [])
    return name


def with_nothing(daemon: Daemon, tmp_path: Path) -> str:
    """One without a single program."""
    name = "agentcore-test-empty:1"
    try:
        daemon.image(name)
    except NotFound:
        daemon.import_image(_root(tmp_path, {"note": b"nothing here\n"}, []), name, [])
    return name


def busybox_root(tmp_path: Path, *, note: bytes) -> Path:
    """A root file system with the commands of busybox; each note makes another one."""
    binary = shutil.which("busybox")
    if binary is None:
        lacks("docker", "needs busybox to make an image from (apt-get install busybox-static)")
    return _root(tmp_path, {"bin/busybox": Path(binary).read_bytes(), "note": note}, [f"bin/{one}" for one in APPLETS])


def _root(tmp_path: Path, files: dict[str, bytes], links: list[str]) -> Path:
    tar = tmp_path / "root.tar"
    with tarfile.open(tar, "w") as root:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o755
            root.addfile(member, io.BytesIO(data))
        for path in links:
            member = tarfile.TarInfo(path)
            member.type, member.linkname = tarfile.SYMTYPE, "busybox"
            root.addfile(member)
    return tar
