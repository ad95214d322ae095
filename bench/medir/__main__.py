"""python3 -m medir [--quick] [SECTION...]: measures, keeps the figures, writes the report."""

import argparse
import json
import pathlib
import sys

from . import (changes, faults, figures as counting, lan, loopback, micro, procs, relevo, report, scale, shelf, swarm, waste,
               web)
from .compare import Failures

SECTIONS = {"loopback": loopback.measure, "lan": lan.measure, "swarm": swarm.measure, "waste": waste.measure, "faults": faults.measure,
            "scale": scale.measure, "changes": changes.measure, "web": web.measure, "shelf": shelf.measure, "figures": counting.measure, "micro": micro.measure,
            "relevo": relevo.measure}


def main():
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("--quick", action="store_true", help="two small rounds; writes target/bench/RESULTS.md")
    parser.add_argument("--only", action="append", default=[], help="scenarios of a section")
    parser.add_argument("--build", action="append", default=[], metavar="NAME=TARGET",
                        help="another build of trozos, for ten clients at once")
    parser.add_argument("--no-report", action="store_true")
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []])
    parser.add_argument("--seed", type=int, default=1, help="of the story of the faults")
    config = parser.parse_args()
    config.work = procs.TARGET / "bench" / "work"
    config.failed = Failures()
    config.rounds = 2 if config.quick else 5
    config.loopback_bytes = (256 << 20) if config.quick else (2 << 30)
    config.lan_bytes = (60 << 20) if config.quick else (300 << 20)
    config.sparse_bytes = (1 << 30) if config.quick else (20 << 30)
    config.fault_seconds = 60 if config.quick else 600
    config.many_files = 5_000 if config.quick else 100_000
    kept = (procs.TARGET / "bench" if config.quick else procs.ROOT / "bench") / "results.json"
    figures = json.loads(kept.read_text()) if kept.exists() else {}
    for name in config.sections or SECTIONS:
        print(name, file=sys.stderr, flush=True)
        measured = None
        with config.failed.of(name):
            measured = SECTIONS[name](config)
        if measured is None:
            procs.stop_all()
            continue
        if config.only:
            figures[name] = {**figures.get(name, {}), **measured}
        else:
            figures[name] = measured
        figures[name]["machine"] = report.machine()
        kept.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    if not config.no_report:
        (kept.parent / "RESULTS.md").write_text(report.render(figures))
    if config.failed:
        sys.exit(f"failed: {', '.join(config.failed)}")


main()
