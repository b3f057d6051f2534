"""Which modules of this package run inside a sandbox, whatever holds it."""

SERVER = (
    *("wire", "syscalls", "seccomp", "watchdog", "pressure", "accounting", "files", "creation", "command"),
    "toolserver",
)
"""The server, each module after what it imports."""
