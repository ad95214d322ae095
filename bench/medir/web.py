"""The HTTP face beside web servers: one file by curl, a Metalink by aria2c, and what being looked at costs."""

import re
import shutil
import time
import urllib.request

from . import peers, procs, watch
from .cluster import Cluster
from .compare import same, side_by_side
from .loopback import MEMORY, NAME, random_file, served_copies, start_seeders
from .scale import tiny_files

MIB = 1 << 20
# aria2c takes no two servers of one host name.
HOSTS = ["127.0.0.11", "127.0.0.12", "127.0.0.13"]
CENTRAL = "127.0.0.10"
PORT = 51300


def one_server(config):
    """The same file from a secondary and from nginx, by curl: to nowhere, which shows the senders, and into memory."""
    work = config.work / "web"
    size = config.loopback_bytes
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    [folder] = served_copies(work, original, 1)
    cluster = Cluster(work, [folder], port=PORT)
    nginx = peers.Nginx(work, folder, "127.0.0.1", 52001)
    ours = cluster.secondaries[0]

    def curl(url, process, *, keep):
        def one():
            got = MEMORY / NAME
            shutil.rmtree(MEMORY, ignore_errors=True)
            MEMORY.mkdir(parents=True)
            before = process.cpu()
            result = procs.run(["curl", "-sf", "-o", str(got) if keep else "/dev/null", url])
            result["server_cpu"] = process.cpu() - before
            if keep:
                same(got, original)
            return result
        return one

    ours_url = f"http://127.0.0.1:{PORT + 1}/f/{NAME}"
    nginx_url = nginx.url + NAME
    try:
        figures = {place: side_by_side(config.rounds, {
            "trozos": curl(ours_url, ours, keep=keep),
            "nginx": curl(nginx_url, nginx.process, keep=keep),
        }) for place, keep in [("nowhere", False), ("memory", True)]}
        figures["rss"] = ours.peak_rss()
        return figures
    finally:
        shutil.rmtree(MEMORY, ignore_errors=True)
        nginx.stop()
        cluster.stop()


def metalink(config):
    """aria2c by the central's Metalink, and by the same one with three nginx in place of the secondaries."""
    work = config.work / "meta4"
    size = config.loopback_bytes // 8
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    folders = served_copies(work, original, 3)
    cluster = Cluster(work, folders, addresses=HOSTS, central=CENTRAL, port=PORT)
    servers = [peers.Nginx(work, folder, host, 52001) for folder, host in zip(folders, HOSTS)]
    with urllib.request.urlopen(f"http://{CENTRAL}:{PORT}/meta4/{NAME}.meta4") as answer:
        ours = answer.read().decode()
    links = {"trozos": work / "trozos.meta4", "three nginx": work / "nginx.meta4"}
    links["trozos"].write_text(ours)
    theirs = re.sub(r"http://(127\.0\.0\.1\d):\d+/c/[0-9a-f]+/", r"http://\1:52001/", ours)
    links["three nginx"].write_text(theirs)

    def aria2(link, of):
        def one():
            shutil.rmtree(MEMORY, ignore_errors=True)
            MEMORY.mkdir(parents=True)
            before = sum(process.cpu() for process in of)
            result = procs.run(["aria2c", "-q", "--no-conf", "-d", str(MEMORY), str(link)])
            result["server_cpu"] = sum(process.cpu() for process in of) - before
            same(MEMORY / NAME, original)
            return result
        return one

    try:
        return {"bytes": size, "runs": side_by_side(config.rounds, {
            "trozos": aria2(links["trozos"], cluster.secondaries),
            "three nginx": aria2(links["three nginx"], [server.process for server in servers]),
        })}
    finally:
        shutil.rmtree(MEMORY, ignore_errors=True)
        for server in servers:
            server.stop()
        cluster.stop()


def gateway(config):
    """The whole file by curl as it comes through the central, and through an rqbit that is given the torrent for it. The first
    byte counts from the moment at which the file is asked for: connections, digests and rqbit's handshakes are in it."""
    work = config.work / "pasarela"
    size = config.loopback_bytes // 4
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    folders = served_copies(work, original, 3)
    cluster = Cluster(work, folders, port=PORT)
    seeders = start_seeders(work / "rqbit", original)
    viewer = peers.Viewer(work / "rqbit", 52160) if seeders else None
    got = MEMORY / NAME

    def curl(url):
        ran = procs.run(["curl", "-sfN", "-o", str(got), "-w", "%{time_starttransfer}", url])
        same(got, original)
        return ran, float(ran["text"])

    def ours():
        ran, first = curl(f"http://127.0.0.1:{PORT}/ver/{NAME}")
        return {**ran, "first_ms": first * 1000}

    def theirs():
        began = time.perf_counter()
        link = viewer.add(work / "rqbit" / "torrent", [seeder.peer for seeder in seeders])
        before = time.perf_counter() - began
        ran, first = curl(link)
        viewer.forget()
        return {**ran, "seconds": ran["seconds"] + before, "first_ms": (first + before) * 1000}

    shutil.rmtree(MEMORY, ignore_errors=True)
    MEMORY.mkdir(parents=True)
    try:
        return {"bytes": size, "runs": side_by_side(
            config.rounds, {"trozos": ours} | ({"rqbit": theirs} if viewer else {}))}
    finally:
        shutil.rmtree(MEMORY, ignore_errors=True)
        for process in [*seeders, *([viewer] if viewer else [])]:
            process.stop()
        cluster.stop()


def scraped(url):
    """Milliseconds of one look, and how long its answer is."""
    began = time.perf_counter()
    with urllib.request.urlopen(url) as answer:
        length = len(answer.read())
    return (time.perf_counter() - began) * 1000, length


def figures_of_many(config):
    """`/metrics` and `/healthz` of both kinds of server with many files, each asked for a hundred times."""
    work = config.work / "muchos"
    folder = tiny_files(work / "servido1", config.many_files)
    cluster = Cluster(work, [folder], port=PORT)
    result = {"files": config.many_files, "profile": procs.PROFILE}
    for name, port, process in [("central", PORT, cluster.central), ("secondary", PORT + 1, cluster.secondaries[0])]:
        times, before = [], process.cpu()
        for _ in range(100):
            ms, length = scraped(f"http://127.0.0.1:{port}/metrics")
            times.append(ms)
            # Counts are kept for a while after they were made: most looks are to come after that.
            time.sleep(0.05)
        times.sort()
        result[name] = {"p50_ms": times[50], "p99_ms": times[98], "worst_ms": times[-1], "bytes": length,
                        "cpu_ms": (process.cpu() - before) * 1000 / len(times)}
    result["pages"] = {}
    for query in ["", "?buscar=capitulo+777", "?buscar=777", "?orden=tamano", "?desde=5000"]:
        looks = sorted(scraped(f"http://127.0.0.1:{PORT}/{query}") for _ in range(20))
        result["pages"][f"/{query}"] = {"p50_ms": looks[10][0], "worst_ms": looks[-1][0], "bytes": looks[0][1]}
    cluster.stop()
    shutil.rmtree(work, ignore_errors=True)
    return result


def idle(config):
    """CPU time of servers that nobody asks for anything, with the face and without."""
    work = config.work / "quietos"
    original = random_file(config.work / "datos" / f"azar-{MIB}.bin", MIB)
    seconds = 10 if config.rounds < 5 else 60
    result = {"seconds": seconds}
    for place, flag in enumerate(["si", "no"]):
        folders = served_copies(work / flag, original, 3)
        cluster = Cluster(work / flag, folders, port=PORT + 100 * place, server_flags=["--http", flag])
        time.sleep(2)
        before = cluster.server_cpu()
        time.sleep(seconds)
        result[flag] = {"cpu": cluster.server_cpu() - before,
                        "rss": max(process.peak_rss() for process in [cluster.central, *cluster.secondaries])}
        cluster.stop()
    return result


def measure(config):
    """All of it, or what is asked for."""
    wanted = {"one_server": one_server, "metalink": metalink, "gateway": gateway, "metrics": figures_of_many, "idle": idle,
              "stream": watch.stream, "events": watch.events}
    figures = {"bytes": config.loopback_bytes}
    for name, scenario in wanted.items():
        if config.only and name not in config.only:
            continue
        print(f" {name}", flush=True)
        with config.failed.of(name):
            figures[name] = scenario(config)
    return figures
