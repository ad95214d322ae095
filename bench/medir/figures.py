"""Figures: acknowledged changes in each second and how long one waits, beside redis and etcd; grants during a flood."""

import json
import shutil
import socket
import subprocess
import time

from . import procs
from .cluster import Cluster
from .loopback import NAME, random_file, served_copies

# Below those that the kernel gives to whoever connects.
PORT, DOOR, REDIS, ETCD = 21400, 21450, 21460, 21470
MIB = 1 << 20
# What is asked of this class of machine.
WANTED_PER_S, WANTED_P99_MS, WANTED_SLOWER = 20_000, 20, 1.2


def counted(what, port, seconds, clients, window, rate=None):
    """What the program saw that counts."""
    command = [procs.tool("cifras"), "--at", f"127.0.0.1:{port}", "--what", what, "--clients", str(clients),
               "--window", str(window), "--seconds", str(seconds)]
    if rate is not None:
        command += ["--rate", str(rate)]
    return json.loads(procs.run(command)["text"])


def with_trozos(work):
    central = procs.Process(
        [procs.ours("videocentral"), "--sin-consola", "-i", "127.0.0.1", "-p", str(PORT), "--estadisticas", str(work / "stats"),
         "--cifras-tcp", str(DOOR)], work / "central.log")
    central.wait_for("escuchando")
    return central, "trozos", DOOR


def with_redis(work):
    server = procs.Process(
        ["redis-server", "--port", str(REDIS), "--bind", "127.0.0.1", "--dir", str(work), "--appendonly", "yes",
         "--appendfsync", "always", "--save", ""], work / "redis.log")
    server.wait_for("Ready to accept connections", 30)
    return server, "redis", REDIS


def with_etcd(work):
    own, peer = f"http://127.0.0.1:{ETCD}", f"http://127.0.0.1:{ETCD + 1}"
    server = procs.Process(
        ["etcd", "--name", "m", "--data-dir", str(work / "etcd"), "--listen-client-urls", own, "--advertise-client-urls", own,
         "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"m={peer}"],
        work / "etcd.log")
    server.wait_for("ready to serve client requests", 30)
    return server, "etcd", ETCD


def throughput(config):
    """As many as are answered, with many on their way; and one in turn for each of twenty, at a rate that all of them stand."""
    seconds = 2 if config.rounds < 5 else 10
    result = {"seconds": seconds, "many": {}, "steady": {}}
    for start, tool in [(with_trozos, None), (with_redis, "redis-server"), (with_etcd, "etcd")]:
        if tool is not None and shutil.which(tool) is None:
            print(f"  {tool} is not there", flush=True)
            continue
        for _ in range(config.rounds):
            work = config.work / f"cifras-{start.__name__}"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            server, what, port = start(work)
            try:
                many = counted(what, port, seconds, clients=20, window=32)
                steady = counted(what, port, seconds, clients=20, window=4, rate=1000)
                many["cpu"] = server.cpu()
                result["many"].setdefault(what, []).append(many)
                result["steady"].setdefault(what, []).append(steady)
            finally:
                server.stop()
    return result


class Asker:
    """A client that asks for a file and gives it up, as fast as it is granted."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb")
        self.say(type="hello", protocol=1, role="client", session=71, name="ana")
        self.request = 0
        self.heard("hello")

    def say(self, **message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def heard(self, kind):
        while True:
            message = json.loads(self.lines.readline())
            if message["type"] == kind:
                return message
            if message["type"] in ("error", "refused"):
                raise RuntimeError(message)

    def grant_ms(self, name):
        """Milliseconds from a request to its grant."""
        self.request += 1
        began = time.perf_counter()
        self.say(type="download", request=self.request, name=name)
        grant = self.heard("granted")["grant"]
        took = (time.perf_counter() - began) * 1000
        self.say(type="finished", transfer=grant["transfer"], outcome="cancelled", sources=[])
        return took


def grants(config):
    """How long a grant takes while nobody counts, and while many do, in turns."""
    work = config.work / "cifras-grants"
    shutil.rmtree(work, ignore_errors=True)
    original = random_file(config.work / "datos" / f"azar-{MIB}.bin", MIB)
    folders = served_copies(work, original, 1)
    cluster = Cluster(work, folders, port=PORT, server_flags=[])
    cluster.stop()
    central = procs.Process(
        [procs.ours("videocentral"), "--sin-consola", "-i", "127.0.0.1", "-p", str(PORT), "--secundarios", "1",
         "--estadisticas", str(work / "stats"), "--cifras-tcp", str(DOOR)], work / "central-2.log")
    central.wait_for("escuchando")
    secondary = procs.Process(cluster.commands[0], work / "secondary-2.log")
    central.wait_for("Sincronizado", 60)
    each = 200 if config.rounds < 5 else 1000
    idle, flooded = [], []
    try:
        asker = Asker(PORT)
        name = NAME
        for _ in range(config.rounds):
            idle += [paced(asker, name) for _ in range(each)]
            flood = subprocess.Popen([procs.tool("cifras"), "--at", f"127.0.0.1:{DOOR}", "--what", "trozos", "--clients", "20",
                                      "--window", "32", "--seconds", "3600"], stdout=subprocess.DEVNULL)
            try:
                time.sleep(0.5)
                flooded += [paced(asker, name) for _ in range(each)]
            finally:
                flood.kill()
                flood.wait()
            time.sleep(0.5)
    finally:
        secondary.stop()
        central.stop()
    quantiles = lambda of: {"p50_ms": sorted(of)[len(of) // 2], "p99_ms": sorted(of)[len(of) * 99 // 100]}
    return {"idle": quantiles(idle), "flooded": quantiles(flooded)}


def paced(asker, name):
    """One grant, a moment after the one before: nobody asks without end."""
    time.sleep(0.003)
    return asker.grant_ms(name)


def measure(config):
    """All of it, or what is asked for."""
    figures = {}
    for name, scenario in {"throughput": throughput, "grants": grants}.items():
        if config.only and name not in config.only:
            continue
        print(f" {name}", flush=True)
        with config.failed.of(name):
            figures[name] = scenario(config)
    return figures


def render(figures):
    """The section of the report."""
    from .report import table, verdicts
    text = "## Figures\n\n"
    rows = []
    if "throughput" in figures:
        of = figures["throughput"]
        median = lambda runs, key: sorted(run[key] for run in runs)[len(runs) // 2]
        text += (f"Changes by TCP, each acknowledged once it is on the disk, for {of['seconds']} s: twenty connections with 32 on their way "
                 "each, and twenty that give 1000 in a second together. redis with `appendfsync always`; one etcd, puts by its JSON gateway.\n\n")
        lines = []
        for what in of["many"]:
            many, steady = of["many"][what], of["steady"][what]
            lines.append([what, f"{median(many, 'per_s'):.0f}", f"{median(many, 'p99_ms'):.1f}",
                          f"{median(steady, 'p50_ms'):.1f}", f"{median(steady, 'p99_ms'):.1f}"])
        text += table(["", "acknowledged/s", "their p99 ms", "steady p50 ms", "steady p99 ms"], lines) + "\n"
        per_s, p99 = median(of["many"]["trozos"], "per_s"), median(of["steady"]["trozos"], "p99_ms")
        rows += [[f"{WANTED_PER_S} acknowledged changes/s", f"{per_s:.0f}", per_s >= WANTED_PER_S],
                 [f"p99 of one change at most {WANTED_P99_MS} ms", f"{p99:.1f} ms", p99 <= WANTED_P99_MS]]
    if "grants" in figures:
        idle, flooded = figures["grants"]["idle"], figures["grants"]["flooded"]
        slower = flooded["p99_ms"] / idle["p99_ms"]
        text += (f"A grant takes {idle['p50_ms']:.2f} ms ({idle['p99_ms']:.2f} ms at p99) while nobody counts, and "
                 f"{flooded['p50_ms']:.2f} ms ({flooded['p99_ms']:.2f} ms) in a flood of the door.\n\n")
        rows.append([f"a flood slows a grant's p99 by at most {WANTED_SLOWER}", f"{slower:.2f}", slower <= WANTED_SLOWER])
    return text + verdicts(rows) + "\n"
