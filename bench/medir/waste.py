"""Small files while the machine is busy and nothing fails: what is sent twice."""

import shutil
import subprocess
import sys

from . import procs
from .cluster import Cluster
from .loopback import random_file

# Sizes in MiB, and what each secondary may send.
SIZES = [1, 2, 3, 5, 8, 12, 20, 30, 40]
WEATHER = {
    "three alike, nothing else": (0, [None, None, None]),
    "three alike, a busy machine": (6, [None, None, None]),
    "one limited to 2 MB/s, a busy machine": (4, ["2MB/s", None, None]),
    "100 kB/s, 5 MB/s and no limit, a busy machine": (4, ["100kB/s", "5MB/s", None]),
}


class Load:
    """So many processes that do nothing but count."""

    def __init__(self, count):
        self.processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()


def measure(config):
    """Each file `rounds` times from each kind of cluster."""
    work = config.work / "repetido"
    figures = {"sizes": SIZES, "rounds": config.rounds, "profile": procs.PROFILE, "runs": {}}
    for place, (name, (load, limits)) in enumerate(WEATHER.items()):
        folders = [work / f"servido{n}" for n in range(1, 4)]
        for size in SIZES:
            original = random_file(config.work / "datos" / f"azar-{size << 20}.bin", size << 20)
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
                if not (folder / f"f{size}.bin").exists():
                    shutil.copyfile(original, folder / f"f{size}.bin")
        flags = [["--limite-subida", limit] if limit else [] for limit in limits]
        cluster = Cluster(work / f"grupo{place}", folders, port=51500 + 10 * place, each=flags)
        runs = []
        try:
            with Load(load):
                for _ in range(config.rounds):
                    for size in SIZES:
                        result = cluster.download([f"f{size}.bin"], work / "destino")
                        totals = result["statistics"]["totals"]
                        runs.append({"bytes": size << 20, "seconds": result["seconds"],
                                     "wasted": totals["bytes_wasted"], "retries": totals["retries"]})
        finally:
            cluster.stop()
        figures["runs"][name] = runs
        share = sum(run["wasted"] for run in runs) / sum(run["bytes"] for run in runs)
        print(f"  {name}: {share * 100:.2f} % sent twice", file=sys.stderr, flush=True)
    shutil.rmtree(work, ignore_errors=True)
    return figures
