"""Images that tests make: nothing is pulled."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from pytest_agentcore.sandbox.docker import Daemon, NotFound

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
    binary = shutil.which("busybox")
    if binary is None:
        pytest.skip("needs busybox to make an image from (apt-get install busybox-static)")
    return _made(daemon, name, tmp_path, {"bin/busybox": Path(binary).read_bytes()}, [f"bin/{one}" for one in APPLETS])


def with_nothing(daemon: Daemon, tmp_path: Path) -> str:
    """One without a single program."""
    return _made(daemon, "agentcore-test-empty:1", tmp_path, {"note": b"nothing here\n"}, [])


def _made(daemon: Daemon, name: str, tmp_path: Path, files: dict[str, bytes], links: list[str]) -> str:
    try:
        daemon.image(name)
    except NotFound:
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
        daemon.import_image(tar, name, [])
    return name
