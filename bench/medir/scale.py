"""Memory, many clients, many files, indexing, copying."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from . import procs
from .cluster import Cluster
from .compare import same, side_by_side
from .lan import SERVERS, CENTRAL, Lan, server_namespaces
from .loopback import NAME, random_file, served_copies

MIB = 1 << 20


def tiny_files(folder, count):
    """A folder of so many small files, in few inodes: hard links of a few contents."""
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    for n in range(count):
        if n % 1000 == 0:
            part = folder / f"lote{n // 1000:03}"
            part.mkdir(parents=True)
            first = part / "corto-000.bin"
            first.write_bytes(f"contenido {n}".encode() * 40)
        else:
            os.link(first, part / f"corto-{n % 1000:03}.bin")
    return folder


def load(arguments, timeout=300):
    """What `carga` measured."""
    done = subprocess.run([procs.tool("carga"), *arguments], capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def client_memory(config):
    """A file of 20 GiB from one secondary to a target on the same disk: a few bytes in every chunk, so that all of them
    are sent, and holes between them, so that the disk need not hold it."""
    work = config.work / "sparse"
    size = config.sparse_bytes
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with open(work / "hueco", "wb") as file:
        for offset in range(0, size, 1 << 20):
            os.pwrite(file.fileno(), offset.to_bytes(8, "big") + b"trozo", offset)
        file.truncate(size)
    folder = work / "servido1"
    folder.mkdir()
    os.link(work / "hueco", folder / NAME)
    cluster = Cluster(work, [folder])
    result = cluster.download([NAME], work / "destino", timeout=1800)
    result = {"bytes": size, "rss": result["rss"], "seconds": result["seconds"],
              "secondary_rss": max(process.peak_rss() for process in cluster.secondaries)}
    cluster.stop()
    shutil.rmtree(work, ignore_errors=True)
    return result


def stream_memory(config):
    """A file in order to a pipe whose reader is slow at first."""
    work = config.work / "tubo"
    size = 2048 * MIB if config.sparse_bytes > 2048 * MIB else 256 * MIB
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    cluster = Cluster(work, served_copies(work, original, 3))
    command = [procs.ours("videocliente"), "--ip-central", "127.0.0.1", "--puerto-central", "51000",
               "--estadisticas", str(work / "stats-cliente"), "descargar", NAME, "-o", "-"]
    digest, slow_until = hashlib.sha256(), time.monotonic() + 5
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    while piece := os.read(child.stdout.fileno(), 1 << 16):
        digest.update(piece)
        if time.monotonic() < slow_until:
            time.sleep(0.01)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    cluster.stop()
    with open(original, "rb") as file:
        if child.returncode != 0 or hashlib.file_digest(file, "sha256").digest() != digest.digest():
            raise RuntimeError(f"the stream ended with {child.returncode}, or is not the file")
    return {"bytes": size, "rss": usage.ru_maxrss * 1024}


def secondary_memory(config):
    """Two hundred clients of one secondary."""
    work = config.work / "doscientos"
    original = random_file(config.work / "datos" / f"azar-{256 * MIB}.bin", 256 * MIB)
    cluster = Cluster(work, served_copies(work, original, 1))
    before = cluster.secondaries[0].peak_rss()
    result = load(["datos", "--central", "127.0.0.1:51000", "--file", NAME, "--clients", "200", "--seconds", "8"])
    result |= {"rss": cluster.secondaries[0].peak_rss(), "rss_before": before}
    cluster.stop()
    return result


def catalogues(config):
    """A small and a large catalogue, side by side: memory, listings under load, time to the first byte."""
    figures, clusters = {}, {}
    counts = [10, config.many_files]
    for position, count in enumerate(counts):
        work = config.work / f"catalogo{count}"
        shutil.rmtree(work, ignore_errors=True)
        folder = tiny_files(work / "servido1", count)
        random_file(folder / "pelicula.bin", 8 * MIB)
        began = time.monotonic()
        clusters[count] = Cluster(work, [folder], port=51000 + 1000 * position)
        figures[str(count)] = {"ready_seconds": time.monotonic() - began, "waiting": [], "first_byte": []}
    central = {count: ["--central", f"127.0.0.1:{clusters[count].port}"] for count in counts}
    for _ in range(config.rounds):
        for count in counts:
            first = load(["primero", *central[count], "--file", "pelicula.bin", "--times", "200"])
            figures[str(count)]["first_byte"].append(first)
    for count in counts:
        cluster, part = clusters[count], figures[str(count)]
        part["idle"] = load(["control", *central[count], "--clients", "1000", "--seconds", "6", "--probes", "20"])
        part["idle"]["central_rss"] = cluster.central.peak_rss()
        for _ in range(config.rounds):
            part["waiting"].append(
                load(["control", *central[count], "--clients", "1000", "--seconds", "5", "--file", "pelicula.bin"]))
            time.sleep(1)
        part |= {"central_rss": cluster.central.peak_rss(), "secondary_rss": cluster.secondaries[0].peak_rss()}
        cluster.stop()
        shutil.rmtree(config.work / f"catalogo{count}", ignore_errors=True)
    return figures


def indexing(config):
    """A cached file, then many; from the start of the program until it serves them."""
    work = config.work / "indice"
    shutil.rmtree(work, ignore_errors=True)
    size = config.loopback_bytes
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    [folder] = served_copies(work, original, 1)
    many = work / "muchos"
    many.mkdir()
    block = os.urandom(1 << 20)
    for n in range(256):
        (many / f"f{n:03}.bin").write_bytes(n.to_bytes(4, "big") + block)

    def ours(folder, keep=False):
        def one():
            if not keep:
                shutil.rmtree(work / "stats", ignore_errors=True)
            began = time.monotonic()
            process = procs.Process(
                [procs.ours("videosecundario"), "-n", "1", "-i", "127.0.0.1", "-p", "0", "--puerto-central", "1",
                 "--directorio", str(folder), "--estadisticas", str(work / "stats"), "--sin-consola"],
                work / "indice.log")
            process.wait_for("Carpeta leída", 900)
            seconds = time.monotonic() - began
            result = {"seconds": seconds, "cpu": process.cpu(), "rss": process.peak_rss()}
            process.stop()
            return result
        return one

    def openssl(paths):
        return lambda: procs.run(["openssl", "dgst", "-sha256", *map(str, paths)])

    figures = {"bytes": size, "large": side_by_side(config.rounds, {
        "openssl dgst -sha256": openssl([folder / NAME]),
        "index of one file": ours(folder),
        "the same, unchanged since": ours(folder, keep=True),
    })}
    figures["many"] = side_by_side(config.rounds, {
        "openssl dgst -sha256, 256 files": openssl(sorted(many.iterdir())),
        "index of 256 files": ours(many),
    })
    shutil.rmtree(work, ignore_errors=True)
    return figures


def copying(config):
    """Levels: a copy alone, and one while a client downloads, on uplinks of 200 Mbit/s."""
    size = config.lan_bytes // 2
    work = config.work / "copias"
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    figures = {"bytes": size, "alone": [], "with_client": []}
    Lan.remove()
    try:
        for _ in range(max(2, config.rounds // 2)):
            for kind in ["alone", "with_client"]:
                shutil.rmtree(work, ignore_errors=True)
                folders = served_copies(work, original, 2)
                empty = work / "servido3"
                empty.mkdir()
                lan = Lan([200, 200, 200])
                cluster = Cluster(work, folders, SERVERS[:2], server_namespaces()[:2], CENTRAL, "tz-c")
                # The third comes with an empty folder and copies all from the other two.
                began = time.monotonic()
                third = procs.Process(
                    [procs.ours("videosecundario"), "-n", "3", "-i", SERVERS[2], "-p", "51003", "--ip-central",
                     CENTRAL, "--puerto-central", "51000", "--directorio", str(empty), "--estadisticas",
                     str(work / "stats"), "--sin-consola"], work / "tercero.log", "tz-s3")
                result = {}
                if kind == "with_client":
                    third.wait_for("Inscrito")
                    got = cluster.download([NAME], work / "destino", "ana", "tz-k1")
                    result["client_seconds"] = got["seconds"]
                third.wait_for("Copia", 300)
                while not (empty / NAME).exists():
                    time.sleep(0.01)
                result["seconds"] = time.monotonic() - began
                figures[kind].append(result)
                print(f"  {kind}: {result}", file=sys.stderr, flush=True)
                third.stop()
                cluster.stop()
                lan.remove()
    finally:
        procs.stop_all()
        Lan.remove()
    return figures


def dead_weight(config):
    """One client of one secondary, alone and beside a thousand idle and two hundred slow clients."""
    work = config.work / "lastre"
    size = config.loopback_bytes
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    cluster = Cluster(work, served_copies(work, original, 1))
    target = pathlib.Path("/dev/shm/trozos-bench")
    idle, slow = 1000, 200

    def honest():
        result = cluster.download([NAME], target)
        same(target / NAME, original)
        return result

    def beside():
        others = subprocess.Popen(
            [procs.tool("carga"), "lastre", "--central", f"127.0.0.1:{cluster.port}", "--file", NAME,
             "--idle", str(idle), "--slow", str(slow)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            if not others.stdout.readline():
                raise RuntimeError("carga lastre: not all of them connected")
            # Their sockets are full by then.
            time.sleep(3)
            return honest()
        finally:
            others.stdin.close()
            others.wait(30)

    try:
        runs = side_by_side(config.rounds, {"alone": honest, "beside them": beside})
    finally:
        shutil.rmtree(target, ignore_errors=True)
    rss = cluster.secondaries[0].peak_rss()
    cluster.stop()
    return {"bytes": size, "idle": idle, "slow": slow, "rss": rss, "runs": runs}


SCENARIOS = {"client_memory": client_memory, "stream_memory": stream_memory, "secondary_memory": secondary_memory, "catalogues": catalogues,
             "dead_weight": dead_weight, "indexing": indexing, "copying": copying}


def measure(config):
    figures = {}
    for name, scenario in SCENARIOS.items():
        if config.only and name not in config.only:
            continue
        print(f" {name}", file=sys.stderr, flush=True)
        try:
            with config.failed.of(name):
                figures[name] = scenario(config)
        finally:
            procs.stop_all()
    return figures
