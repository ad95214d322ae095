"""Several centrals: how long another one takes to go on, what a commit costs, and what the journal costs downloads."""

import json
import pathlib
import shutil
import statistics
import subprocess

from . import procs
from .cluster import Cluster
from .loopback import NAME, random_file, same, served_copies

MEMORY = pathlib.Path("/dev/shm/trozos-bench")


def measure(config):
    """Centrals that are killed and moved, then downloads with the journal on the disk and in memory."""
    kills, moves, commits = (2, 5, 200) if config.quick else (20, 100, 5000)
    command = ["cargo", "run", "--release", "--locked", "--example", "relevo", "--", str(kills), str(moves), str(commits),
               "--json"]
    done = subprocess.run(command, cwd=procs.ROOT, check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    figures["downloads"] = downloads(config)
    return figures


def downloads(config):
    """Two clusters that differ in where the journal is, one after the other in each round."""
    work, size = config.work / "relevo", config.loopback_bytes
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    folders = served_copies(work, original, 3)
    shutil.rmtree(MEMORY, ignore_errors=True)
    MEMORY.mkdir()
    places = {"disk": work / "diario" / "central.diario", "memory": MEMORY / "central.diario"}
    seconds = {place: [] for place in places}
    try:
        for _ in range(config.rounds):
            for place, journal in places.items():
                cluster = Cluster(work / place, folders, central_flags=["--diario", str(journal)])
                try:
                    target = MEMORY / "destino"
                    result = cluster.download([NAME], target)
                    same(target / NAME, original)
                    seconds[place].append(result["seconds"])
                finally:
                    cluster.stop()
    finally:
        shutil.rmtree(MEMORY, ignore_errors=True)
    ratio = statistics.median(seconds["disk"]) / statistics.median(seconds["memory"])
    return {"bytes": size, "seconds": seconds, "ratio": ratio}
