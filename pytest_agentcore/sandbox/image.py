"""The image that level ``docker`` uses: what is in it, and how it is made where nothing can be pulled."""

from __future__ import annotations

import fcntl
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from pytest_agentcore.errors import ConfigError, SandboxUnavailable
from pytest_agentcore.sandbox import contents
from pytest_agentcore.sandbox.docker import Daemon, NotFound

NAME = "pytest-agentcore-sandbox:1"
"""The number is that of what is promised inside."""
RECIPE_LABEL = "pytest-agentcore.recipe"
SUITE = "bookworm"
PACKAGES = ("ca-certificates", "git", "python3", "sqlite3")
"""Beside what every Debian has: sh, coreutils, grep, sed, awk, diff, find, tar."""
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
_USER = 'echo agent:x:1000:1000:agent:/tmp:/bin/sh >>"$1/etc/passwd"; echo agent:x:1000: >>"$1/etc/group"'
_CLEAN = 'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/log/*'
_SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d/debian.sources"))
_BUILD_S = 1800.0
_SITE = "opt/agentcore/site"
_LEVEL = 3

Say = Callable[[str], None]


def build(daemon: Daemon, *, cache: Path, name: str = NAME, mirror: str = "", again: bool = False, say: Say) -> str:
    """Make the image without pulling anything, unless there is one of the same content.

    Args:
        daemon: where it goes.
        cache: folder that keeps the distribution's part, by its content.
        name: of the image.
        mirror: of the distribution, or a file of its sources; empty for this system's own where that is the same
            distribution.
        again: build even what is there or cached.
        say: told each step.

    Returns:
        The image's id.

    Raises:
        ConfigError: mmdebstrap is not there, the distribution cannot be had, or the cache cannot be written.
        SandboxUnavailable: the daemon does not take it.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        gate = (cache / "lock").open("w")
    except OSError as error:
        raise ConfigError(
            f"the cache {str(cache)!r} cannot be written: {error.strerror}; free it, or set another"
        ) from None
    with gate:  # of two builds at the same time one would take the other's image away
        fcntl.flock(gate, fcntl.LOCK_EX)
        return _built(daemon, cache=cache, name=name, mirror=mirror, again=again, say=say)


def _built(daemon: Daemon, *, cache: Path, name: str, mirror: str, again: bool, say: Say) -> str:
    tools = _tools()
    recipe = hashlib.sha256(f"{base_key()}\n{hashlib.sha256(tools).hexdigest()}".encode()).hexdigest()
    if not again:
        with_label = _existing(daemon, name)
        if with_label is not None and with_label[1] == recipe:
            say(f"{name} is there already, of the same content")
            return with_label[0]
    stored = cache / f"base-{base_key()[:16]}.tar.zst"
    with tempfile.TemporaryDirectory(prefix="agentcore-image-") as folder:
        tar = Path(folder, "root.tar")
        if again or not stored.exists():
            say(f"installing {', '.join(PACKAGES)} and what every Debian {SUITE} has; this takes a minute")
            _bootstrap(tar, mirror)
            _keep(tar, stored)
        else:
            say(f"from {stored}")
            _restore(stored, tar)
        with tarfile.open(tar, "a") as whole, tarfile.open(fileobj=io.BytesIO(tools)) as part:
            for member in part:
                whole.addfile(member, part.extractfile(member) if member.isreg() else None)
        changes = ['CMD ["python3"]', f"LABEL {RECIPE_LABEL}={recipe}"]
        daemon.import_image(tar, name, changes)
    made: str = daemon.image(name)["Id"]
    say(f"{name} is {made}")
    return made


def base_key() -> str:
    """Digest of what decides the distribution's part."""
    parts = (SUITE, *PACKAGES, *_LEFT_OUT, _USER, _CLEAN, "apt")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _existing(daemon: Daemon, name: str) -> tuple[str, str] | None:
    try:
        known = daemon.image(name)
    except NotFound:
        return None
    return known["Id"], ((known.get("Config") or {}).get("Labels") or {}).get(RECIPE_LABEL, "")


def _bootstrap(tar: Path, mirror: str) -> None:
    if shutil.which("mmdebstrap") is None:
        raise ConfigError(
            "mmdebstrap is not installed: sudo apt-get install mmdebstrap, or where images can be pulled: "
            f"docker build -t {NAME} image"
        )
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=apt",
        f"--include={','.join(PACKAGES)}",
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=Apt::Install-Recommends "false"',
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT),
        f"--customize-hook={_USER}",
        f"--customize-hook={_CLEAN}",
        SUITE,
        str(tar),
        *_sources(mirror),
    ]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_BUILD_S)
    except subprocess.TimeoutExpired:
        raise ConfigError(f"mmdebstrap did not finish in {_BUILD_S:g} s: check the mirror, see --mirror") from None
    if done.returncode != 0:
        complaints = [line for line in done.stderr.splitlines() if line.startswith(("E:", "Err"))]
        last = (complaints or done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise ConfigError(f"mmdebstrap could not install {SUITE}: {last}; name another mirror by --mirror")


def _sources(mirror: str) -> list[str]:
    """This system's own sources when it is the same distribution, for its mirror can be reached."""
    if mirror:
        return [mirror]
    release = Path("/etc/os-release").read_text("utf-8") if Path("/etc/os-release").exists() else ""
    if f"VERSION_CODENAME={SUITE}" not in release:
        return []
    return [str(path) for path in _SOURCES if path.exists() and SUITE in path.read_text("utf-8")][:1]


def _keep(tar: Path, stored: Path) -> None:
    import zstandard

    partial = stored.with_suffix(f".{tempfile.gettempprefix()}{id(tar)}")
    with tar.open("rb") as source, partial.open("wb") as target:
        zstandard.ZstdCompressor(level=_LEVEL, threads=-1).copy_stream(source, target)
    partial.replace(stored)


def _restore(stored: Path, tar: Path) -> None:
    import zstandard

    try:
        with stored.open("rb") as source, tar.open("wb") as target:
            zstandard.ZstdDecompressor().copy_stream(source, target)
    except zstandard.ZstdError as error:
        raise SandboxUnavailable(f"{str(stored)!r} is broken ({error}): remove it and build again") from None


def _tools() -> bytes:
    """What ``pytest`` is and needs, as they are installed here, in a tar that is the same for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, top in sorted(contents.test_tools().items()):
            for path in [top, *sorted(top.rglob("*"))] if top.is_dir() else [top]:
                if "__pycache__" not in path.parts:
                    inside = Path(_SITE, name, path.relative_to(top)) if path != top else Path(_SITE, name)
                    _add(tar, str(inside), path.read_bytes() if path.is_file() else None, mode=0o644)
        script = contents.PYTEST_SCRIPT.format(python="/usr/bin/python3")
        _add(tar, "opt/agentcore/bin/pytest", script.encode(), mode=0o755)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes | None, *, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.mode = (tarfile.DIRTYPE, 0o755) if data is None else (tarfile.REGTYPE, mode)
    member.size = len(data or b"")
    tar.addfile(member, io.BytesIO(data) if data is not None else None)
