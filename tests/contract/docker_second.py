"""A Docker daemon on the second machine: an image is taken along from this one, and one command is run beside it there.

``python -m tests.contract.docker_second IMAGE.tar OPTION COMMAND...`` is what runs there, as root; the option is the
daemon's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from pytest_agentcore.sandbox import image, ownership
from pytest_agentcore.sandbox.docker import LABEL, Daemon
from tests.contract import second_machine
from tests.contract.docker_engine import PACKAGES, Engine, NoEngine, found

MODULE = "/usr/lib/uml/modules/{release}/kernel/fs/overlayfs/overlay.ko"
"""Without it every container would be a copy of the whole image."""
NEEDED = ("dockerd", "busybox")
WRITTEN = ("/run", "/etc/docker")
"""Where a daemon writes whatever it is told, and that machine sees this one's files read-only."""
LEFT_OUT = (
    "usr/share/*",
    "usr/lib/git-core/*",
    "usr/lib/*/*perl*",
    "usr/bin/*perl*",
    "usr/lib/*/gconv/*",
    "var/*",
    "opt/*",
)
"""What no command of these tests needs: to write it there would take longer than half of them."""


def run(command: Sequence[str], *, option: str, timeout_s: float) -> second_machine.Ran:
    """Run a command on the second machine, as root, with a daemon of its own and the image of this one's in it.

    Raises:
        NoMachine: there is none, or no daemon for it.
    """
    missing = [name for name in NEEDED if not found(name)]
    if missing:
        raise second_machine.NoMachine(f"{', '.join(missing)} not installed: apt-get install {' '.join(PACKAGES)}")
    with tempfile.TemporaryDirectory(prefix="second-image-") as folder:
        root = Path(folder, "root.tar")
        _take_along(root)
        there = [sys.executable, "-m", "tests.contract.docker_second", str(root), option]
        return second_machine.run([*there, *command], user="root", timeout_s=timeout_s)


def _take_along(root: Path) -> None:
    daemon = Daemon()
    labels = {LABEL: ownership.owner(os.getpid())}
    made = daemon.create(image.NAME, command=["true"], labels=labels)
    try:
        with tempfile.TemporaryFile() as all_of_it:
            for part in daemon._api.export(made):
                all_of_it.write(part)
            all_of_it.seek(0)
            with tarfile.open(fileobj=all_of_it) as whole, tarfile.open(root, "w") as tar:
                for member in whole:
                    if not any(fnmatch(member.name, pattern) for pattern in LEFT_OUT):
                        tar.addfile(member, whole.extractfile(member) if member.isreg() else None)
    finally:
        daemon.remove(made)
        daemon.close()


def main() -> int:
    """Have a daemon and an image, run the command, end the daemon."""
    root, option, *command = sys.argv[1:]
    for folder in filter(os.path.isdir, WRITTEN):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    subprocess.run(["busybox", "insmod", MODULE.format(release=os.uname().release)], check=True)
    engine = Engine(Path("/mnt/engine"))
    try:
        engine.start(option)
    except NoEngine as error:
        print(error, file=sys.stderr)  # noqa: T201 - a script speaks to its caller
        return 1
    os.environ["DOCKER_HOST"] = engine.url
    daemon = Daemon()
    daemon.import_image(Path(root), image.NAME, ['CMD ["python3"]'])
    daemon.close()
    status = subprocess.run(command, check=False).returncode
    engine.stop()
    return status


if __name__ == "__main__":
    sys.exit(main())
