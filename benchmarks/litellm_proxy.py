"""The gateway beside litellm's own proxy: ``python -m benchmarks.litellm_proxy PYTHON [--calls N]``.

``PYTHON`` is an interpreter in whose environment ``litellm[proxy]`` is installed; it has a hundred dependencies that
this project does not want. Both pass the same calls to the same upstream in turns, with a token to check and usage to
count; the gateway writes its record besides, the proxy has no database to log to.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.gateway import Target, helper, measured, registered
from benchmarks.gateway import _medians as medians
from benchmarks.gateway_load import MODEL
from pytest_agentcore.model.endpoint import parse
from pytest_agentcore.model.supervisor import Gateway

KEY = "sk-benchmark"
START_S = 180.0
CONFIG = """
model_list:
  - model_name: {model}
    litellm_params: {{model: "openai/{model}", api_base: "http://127.0.0.1:{upstream}/v1", api_key: x}}
litellm_settings: {{telemetry: false, num_retries: 0}}
general_settings: {{master_key: {key}}}
"""


@contextmanager
def proxy(python: str, upstream: int, folder: Path) -> Iterator[Target]:
    """One worker of litellm's proxy, answering."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "proxy.yaml"
    config.write_text(CONFIG.format(model=MODEL, upstream=upstream, key=KEY))
    entry = "import sys; from litellm import run_server; sys.exit(run_server())"
    argv = [python, "-c", entry, "--host", "127.0.0.1", "--port", str(port), "--config", str(config)]
    env = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "NO_PROXY": "127.0.0.1"}
    with (
        (folder / "proxy.log").open("wb") as log,
        subprocess.Popen(argv, env=env, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            give_up = time.monotonic() + START_S
            while not _alive(port):
                if process.poll() is not None or time.monotonic() > give_up:
                    raise SystemExit(f"litellm's proxy does not start: {(folder / 'proxy.log').read_text()[-1000:]}")
                time.sleep(0.2)
            yield Target(name="litellm proxy", port=port, pid=process.pid, token=KEY)
        finally:
            process.terminate()


def _alive(port: int) -> bool:
    with contextlib.suppress(URLError, OSError), urlopen(f"http://127.0.0.1:{port}/health/liveliness") as answer:
        return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
    return False


def main() -> int:
    """Print one line for each target and kind of answer, and what the gateway takes of what the proxy does."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.litellm_proxy", description=__doc__)
    parser.add_argument("python", help="an interpreter with litellm[proxy]")
    parser.add_argument("--calls", type=int, default=400, help="calls of each round, of which there are three")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port, _ = stack.enter_context(helper("upstream"))
        began = time.perf_counter()
        theirs = stack.enter_context(proxy(chosen.python, port, folder))
        start_s = time.perf_counter() - began
        spec = parse(f"{MODEL}@http://127.0.0.1:{port}/v1")
        gateway = stack.enter_context(Gateway.start([spec]))
        token = registered(gateway, spec.name, f"{folder}/wire.jsonl.zst")
        ours = Target(name="gateway", port=int(gateway.url.rpartition(":")[2]), pid=gateway.pid or 0, token=token)
        for kind in ("whole", "streamed"):
            rows: dict[str, list[dict[str, float]]] = {}
            for _ in range(3):
                for target in (theirs, ours):
                    rows.setdefault(target.name, []).append(
                        measured(target, stream=kind == "streamed", calls=chosen.calls, size=3000)
                    )
            table = {name: medians(some) for name, some in rows.items()}
            for name, row in table.items():
                print(f"{kind:9} {name:14}", json.dumps(row))
            share = table["gateway"]["CPU ms a call"] / table["litellm proxy"]["CPU ms a call"]
            print(f"{kind:9} the gateway takes {share:.2f} of the proxy's CPU a call")
        print(
            f"memory: litellm proxy {theirs.pss_mb():.0f} MB, gateway {ours.pss_mb():.0f} MB; its start {start_s:.1f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
