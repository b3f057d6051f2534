"""The floor: what the same runs cost with threads, one httpx client and plain subprocesses, and nothing else.

No retries, no records, no isolation, no tests. Prints the number of runs whose files are right.
``python -m benchmarks.floor URL RUNS IN_FLIGHT``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from benchmarks import script

TOOL = {
    "type": "function",
    "function": {
        "name": "shell",
        "description": "Run a command.",
        "parameters": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
    },
}


def run(client: httpx.Client, url: str) -> bool:
    """One run in a folder of its own; True when every step left its trace."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": script.PROMPT}]
    with tempfile.TemporaryDirectory() as folder:
        while True:
            response = client.post(url, json={"model": "m", "messages": messages, "tools": [TOOL]}, timeout=60)
            message = response.json()["choices"][0]["message"]
            messages.append(message)
            if not message.get("tool_calls"):
                break
            for call in message["tool_calls"]:
                command = json.loads(call["function"]["arguments"])["command"]
                done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": done.stdout + done.stderr})
        paths = [(step, Path(folder, script.file_name(step))) for step in range(1, script.STEPS + 1)]
        return all(path.is_file() and path.read_text() == f"{step}\n" for step, path in paths)


def main() -> None:
    """Run them all."""
    url, runs, in_flight = f"{sys.argv[1]}/chat/completions", int(sys.argv[2]), int(sys.argv[3])
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=256)
    with httpx.Client(limits=limits, trust_env=False) as client, ThreadPoolExecutor(in_flight) as threads:
        print(sum(threads.map(lambda _: run(client, url), range(runs))))


if __name__ == "__main__":
    main()
