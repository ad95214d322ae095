"""The micro-benchmarks, as divan prints them."""

import os
import re
import subprocess
import sys

from . import procs

BENCHES = ["scheduler", "codec", "hashing", "index", "cluster"]


def measure(config):
    figures = {}
    for name in BENCHES:
        print(f" {name}", file=sys.stderr, flush=True)
        command = ["cargo", "bench", "--locked", "--bench", name, "--target-dir", str(procs.TARGET / "bench"), "--"]
        command += ["--sample-count", "10"] if config.quick else []
        environment = {**os.environ, "NO_COLOR": "1"}
        done = subprocess.run(command, cwd=procs.ROOT / "bench", env=environment, capture_output=True, text=True,
                              check=True)
        lines = [line.rstrip() for line in done.stdout.splitlines() if line.strip()]
        # The columns of slowest and mean say little on a shared machine.
        figures[name] = [re.sub(r"\s+$", "", line) for line in lines if not line.startswith("Timer")]
    return figures


def render(figures):
    text = "## Micro-benchmarks\n\n`cargo bench --bench NAME` in `bench/`, by divan; one run.\n\n"
    for name in BENCHES:
        if name in figures:
            text += f"### {name}\n\n```text\n" + "\n".join(figures[name]) + "\n```\n\n"
    return text
