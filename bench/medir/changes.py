"""What moves when little has changed: bytes and time for an append, a rename and a sparse image, beside rsync."""

import json
import os
import pathlib
import re
import shutil
import time

from . import peers, procs
from .cluster import Cluster
from .compare import same, side_by_side
from .loopback import NAME, random_file

MIB = 1 << 20
RSYNC = "rsync://127.0.0.1:51873/datos/"


def fresh(folder, original=None, name=NAME):
    """An empty folder, or one with a copy of a file that looks an hour old."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if original is not None:
        procs.run(["cp", "--sparse=auto", "--reflink=never", str(original), str(folder / name)])
        os.utime(folder / name, (time.time() - 3600,) * 2)
    return folder


def with_rsync(arguments, target):
    """An rsync from the daemon, and what went over its connection."""
    result = procs.run(["rsync", "-r", "-t", "--stats", *arguments, str(target) + "/"])
    totals = [re.search(rf"Total bytes {way}: ([\d,.]+)", result["text"]) for way in ("sent", "received")]
    return result | {"moved": sum(int(re.sub(r"\D", "", total.group(1))) for total in totals)}


def with_ours(cluster, target):
    """A download that may replace what is there, and what the secondaries sent for it."""
    command = [procs.ours("videocliente"), "--ip-central", cluster.central_address, "--puerto-central",
               str(cluster.port), "--estadisticas", str(cluster.work / "stats-cliente"), "descargar", NAME,
               "--destino", str(target), "--sobrescribir", "--json", "-q"]
    result = procs.run(command)
    [file] = json.loads(result["text"].splitlines()[-1])["files"]
    moved = sum(source["bytes"] + source["wasted_bytes"] for source in file["sources"])
    return result | {"moved": moved, "own": file["own_disk_bytes"]}


def checked(measure, target, original):
    """What it took, and what the result takes of the disk; the result itself is removed."""
    result = measure()
    space = (target / NAME).stat().st_blocks * 512
    same(target / NAME, original)
    return result | {"space": space}


def append(config):
    """A mebibyte more at the end of a large file; the receiver has the older version."""
    work = config.work / "cambios"
    old = random_file(config.work / "datos" / f"azar-{config.loopback_bytes}.bin", config.loopback_bytes)
    folder = fresh(work / "servido1", old)
    with open(folder / NAME, "ab") as file:
        file.write(os.urandom(MIB))
    os.utime(folder / NAME, (time.time() - 600,) * 2)
    cluster, daemon = Cluster(work, [folder]), peers.rsync_daemon(work, folder)
    target = work / "destino"

    def variant(measure):
        def run():
            fresh(target, old)
            return checked(measure, target, folder / NAME)
        return run

    runs = side_by_side(config.rounds, {
        "trozos": variant(lambda: with_ours(cluster, target)),
        "rsync": variant(lambda: with_rsync([RSYNC + NAME], target)),
        "rsync --inplace": variant(lambda: with_rsync(["--inplace", RSYNC + NAME], target))}, warm_up=False)
    daemon.stop()
    cluster.stop()
    shutil.rmtree(work, ignore_errors=True)
    return {"bytes": config.loopback_bytes + MIB, "runs": runs}


def sent_for_copies(work):
    document = json.loads((work / "stats" / "secundario1.json").read_text())
    return sum(counters["bytes_sent"] for counters in document["copies_sent"].values())


def rename(config):
    """A large file gets another name where it came from: the time until the other has it, and what was sent."""
    work = config.work / "nombres"
    old = random_file(config.work / "datos" / f"azar-{config.loopback_bytes}.bin", config.loopback_bytes)

    def ours():
        shutil.rmtree(work, ignore_errors=True)
        folders = [fresh(work / "servido1", old), fresh(work / "servido2", old)]
        cluster = Cluster(work, folders)
        began = time.monotonic()
        os.rename(folders[0] / NAME, folders[0] / ("nuevo-" + NAME))
        while not (folders[1] / ("nuevo-" + NAME)).exists():
            if time.monotonic() - began > 600:
                raise RuntimeError("the new name never came")
            time.sleep(0.02)
        took = time.monotonic() - began
        cluster.stop()
        same(folders[1] / ("nuevo-" + NAME), old)
        return {"seconds": took, "moved": sent_for_copies(work)}

    def theirs(*flags):
        def run():
            shutil.rmtree(work, ignore_errors=True)
            folder = fresh(work / "servido1", old, "nuevo-" + NAME)
            target = fresh(work / "destino", old)
            daemon = peers.rsync_daemon(work, folder)
            time.sleep(0.3)
            result = with_rsync(["--delete-after", *flags, RSYNC], target)
            daemon.stop()
            return result
        return run

    runs = side_by_side(min(config.rounds, 3), {
        "trozos, from the rename on": ours, "rsync": theirs(), "rsync --fuzzy": theirs("--fuzzy")}, warm_up=False)
    shutil.rmtree(work, ignore_errors=True)
    return {"bytes": config.loopback_bytes, "runs": runs}


def sparse(config):
    """A disk image that is nearly all hole."""
    work = config.work / "huecos"
    size = config.sparse_bytes // 10
    folder = fresh(work / "servido1")
    with open(folder / NAME, "wb") as file:
        for offset in range(0, size, 64 * MIB):
            os.pwrite(file.fileno(), os.urandom(4096), offset + 12345)
        file.truncate(size)
    os.utime(folder / NAME, (time.time() - 600,) * 2)
    cluster, daemon = Cluster(work, [folder]), peers.rsync_daemon(work, folder)
    target = work / "destino"

    def variant(measure):
        def run():
            fresh(target)
            return checked(measure, target, folder / NAME)
        return run

    runs = side_by_side(config.rounds, {
        "trozos": variant(lambda: with_ours(cluster, target)),
        "rsync --sparse": variant(lambda: with_rsync(["--sparse", RSYNC + NAME], target))}, warm_up=False)
    space = pathlib.Path(folder / NAME).stat().st_blocks * 512
    daemon.stop()
    cluster.stop()
    shutil.rmtree(work, ignore_errors=True)
    return {"bytes": size, "space": space, "runs": runs}


PARTS = {"append": append, "rename": rename, "sparse": sparse}


def measure(config):
    figures = {}
    for name in config.only or PARTS:
        with config.failed.of(f"changes {name}"):
            figures[name] = PARTS[name](config)
    return figures or None
