"""Faults while clients download: the chaos runner of the tests, with the programs as they are released."""

import json
import os
import shutil
import subprocess

from . import procs


def measure(config):
    """One run. It lives in namespaces of its own and checks files, folders, books and leaks at its end."""
    report = config.work / "faults.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    programs = config.work / "programas"
    shutil.rmtree(programs, ignore_errors=True)
    programs.mkdir()
    for name in ["videocentral", "videosecundario", "videocliente"]:
        shutil.copy(procs.ours(name), programs / name)
    environment = {
        **os.environ, "TROZOS_CHAOS_SECONDS": str(config.fault_seconds), "TROZOS_CHAOS_SEED": str(config.seed),
        "TROZOS_CHAOS_CLIENTS": "3", "TROZOS_CHAOS_REPORT": str(report), "TROZOS_CHAOS_PROGRAMS": str(programs)}
    cargo = ["cargo", "test", "--locked", "--test", "chaos"]
    # Built outside of the namespaces, which have no network.
    subprocess.run([*cargo, "--no-run"], cwd=procs.ROOT, check=True)
    subprocess.run(["unshare", "-mn", *cargo, "--", "--ignored", "--exact", "a_cluster_survives_everything",
                    "--nocapture"], cwd=procs.ROOT, env=environment, check=True)
    return json.loads(report.read_text())
