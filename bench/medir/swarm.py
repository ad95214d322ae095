"""Many clients that start the same file at once, on a campus of network namespaces: every uplink is shaped, downlinks are not."""

import contextlib
import os
import shutil
import signal
import statistics
import threading
import time

from . import peers, procs
from .cluster import Cluster
from .compare import same
from .lan import CENTRAL, PAYLOAD, SERVERS, SWITCH, Lan, server_namespaces, sh
from .loopback import random_file, served_copies

NAME = "imagen.bin"
MIB = 1 << 20
PORT = 51000
TORRENT_PORT = 52150
# All of a crowd come within this.
AT_ONCE = 0.5


def client_address(n):
    return f"10.77.0.{101 + n}"


def client_namespace(n):
    return f"tz-k{n + 1}"


class Campus:
    """A bridge, a namespace per machine; the rates are of uplinks, in Mbit/s."""

    def __init__(self, servers, clients):
        Lan.remove()
        sh(f"ip netns add {SWITCH} && ip -n {SWITCH} link add br0 type bridge && ip -n {SWITCH} link set br0 up")
        machines = [("tz-c", CENTRAL, None)]
        machines += [(f"tz-s{n + 1}", SERVERS[n], rate) for n, rate in enumerate(servers)]
        machines += [(client_namespace(n), client_address(n), rate) for n, rate in enumerate(clients)]
        for name, address, rate in machines:
            sh(f"ip netns add {name} && ip -n {name} link set lo up"
               f" && ip -n {name} link add eth0 type veth peer name {name} netns {SWITCH}"
               f" && ip -n {name} addr add {address}/24 dev eth0 && ip -n {name} link set eth0 up"
               f" && ip -n {SWITCH} link set {name} master br0 up")
            if rate is not None:
                shape(name, rate, "add")

    @staticmethod
    def sent_bytes(namespace):
        """What a machine has put on its wire."""
        ran = procs.run(procs.in_namespace(namespace, ["cat", "/sys/class/net/eth0/statistics/tx_bytes"]))
        return int(ran["text"])


def shape(namespace, mbit, verb="change"):
    burst = max(16_000, int(mbit * 1e6 / 8 / 250))
    sh(f"tc -n {namespace} qdisc {verb} dev eth0 root tbf rate {mbit}mbit burst {burst} latency 50ms")


def bound(size, servers, clients):
    """Seconds that nobody can do better than, all starting at once: what the servers send once, and what all uplinks together
    send to everybody."""
    bits = size * 8 / 1e6 / PAYLOAD
    return bits * max(1 / sum(servers), len(clients) / (sum(servers) + sum(clients)))


class Crowd:
    """One content, its servers, and how many come."""

    def __init__(self, config, name, servers, clients, size, *, max_clients=5, server_flags=(), peers_too=False):
        self.work = config.work / "swarm" / name
        shutil.rmtree(self.work, ignore_errors=True)
        self.original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
        self.size, self.rates, self.clients = size, servers, clients
        self.campus = Campus(servers, clients)
        self.folders = served_copies(self.work, self.original, len(servers), NAME)
        self.cluster = Cluster(self.work, self.folders, SERVERS, server_namespaces(), CENTRAL, "tz-c", port=PORT,
                               max_clients=max_clients, server_flags=server_flags)
        self.seeders = self._seeders() if peers_too and peers.RQBIT.exists() else []

    def _seeders(self):
        path = self.work / "torrent"
        peers.torrent(path, self.original, NAME)
        started = []
        for n, folder in enumerate(self.folders):
            copy = self.work / f"semilla{n}"
            copy.mkdir(parents=True)
            shutil.copyfile(folder / NAME, copy / NAME)
            command = peers.rqbit(TORRENT_PORT, "--overwrite", "-o", copy, path)
            started.append(procs.Process(command, self.work / f"semilla{n}.log", f"tz-s{n + 1}"))
        for seeder in started:
            seeder.wait_for("Initial check results: have")
        return started

    def end(self):
        for seeder in self.seeders:
            seeder.stop()
        self.cluster.stop()
        Lan.remove()
        shutil.rmtree(self.work, ignore_errors=True)

    def target(self, n):
        return self.work / f"destino{n}"

    def ours(self, n, flags):
        """One client by its prompt, as a person would; it leaves when it is done."""
        return [procs.ours("videocliente"), "--ip-central", CENTRAL, "--puerto-central", str(PORT), "--destino",
                str(self.target(n)), "--estadisticas", str(self.target(n) / "stats"), *flags], (
                    f"INSCRIBIR cliente{n}\nVIDEO {NAME}\n".encode())

    def aria2(self, n, _flags):
        urls = [f"http://{SERVERS[s]}:{PORT + 1 + s}/f/{NAME}" for s in range(len(self.rates))]
        return ["aria2c", "-q", "--no-conf", "--file-allocation=none", "-s3", "-x1", "-k1M", "-d", str(self.target(n)),
                *urls], b""

    def rqbit(self, n, _flags):
        others = [f"{SERVERS[s]}:{TORRENT_PORT}" for s in range(len(self.rates))]
        others += [f"{client_address(k)}:{TORRENT_PORT}" for k in range(len(self.clients)) if k != n]
        return peers.rqbit(TORRENT_PORT, "-e", "-o", self.target(n), "--initial-peers", ",".join(others),
                           self.work / "torrent"), b""

    def run(self, way, *, flags=lambda n: (), spread=AT_ONCE, during=None, without=()):
        """All of them, each some time after the first. Those in `without` are not expected to end well. `during` is called
        with the processes, by number, once all have begun."""
        began, results, children = time.monotonic(), {}, {}
        sent = [Campus.sent_bytes(namespace) for namespace in server_namespaces()]
        uploads = [Campus.sent_bytes(client_namespace(n)) for n in range(len(self.clients))]

        def one(n):
            time.sleep(spread * n / max(1, len(self.clients) - 1))
            shutil.rmtree(self.target(n), ignore_errors=True)
            self.target(n).mkdir(parents=True)
            command, orders = way(n, flags(n))
            started = time.monotonic()
            try:
                ran = procs.run(command, client_namespace(n), orders, lambda child: children.setdefault(n, child), 900)
                same(self.target(n) / NAME, self.original)
                results[n] = {"seconds": ran["seconds"], "ended": time.monotonic() - began, "began": started - began,
                              "rss": ran["rss"], "cpu": ran["cpu"]}
            except RuntimeError:
                if n not in without:
                    raise

        threads = [threading.Thread(target=one, args=(n,)) for n in range(len(self.clients))]
        for thread in threads:
            thread.start()
        if during:
            during(children)
        for n, thread in enumerate(threads):
            if n not in without:
                thread.join()
        for n in without:
            # Whoever waits for it takes note of its end: nothing here may.
            with contextlib.suppress(ProcessLookupError):
                os.kill(children[n].pid, signal.SIGKILL)
            threads[n].join()
        missing = [n for n in range(len(self.clients)) if n not in results and n not in without]
        if missing:
            raise RuntimeError(f"clients {missing} failed")
        times = [result["seconds"] for n, result in sorted(results.items())]
        sent = [Campus.sent_bytes(namespace) - before for namespace, before in zip(server_namespaces(), sent)]
        uploads = [Campus.sent_bytes(client_namespace(n)) - before for n, before in enumerate(uploads)]
        for n in range(len(self.clients)):
            shutil.rmtree(self.target(n), ignore_errors=True)
        return {"seconds": max(result["ended"] for result in results.values()), "median": statistics.median(times),
                "slowest": max(times), "copies": sum(sent) * PAYLOAD / self.size, "uploads": uploads,
                "client_rss": max(result["rss"] for result in results.values())}


SHARING = ("--compartir", "si")
ALONE = ("--sin-companeros",)


def compared(config, name, servers, clients, size, variants, *, spread=AT_ONCE, rounds=None, **crowd):
    """Some ways, one after the other, round after round."""
    found = Crowd(config, name, servers, clients, size, **crowd)
    runs = {}
    try:
        for _ in range(rounds or max(1, config.rounds // 2)):
            for variant, how in variants.items():
                if variant.startswith("rqbit") and not found.seeders:
                    continue
                way, flags = how
                result = found.run(getattr(found, way), flags=lambda n, flags=flags: flags, spread=spread)
                result.pop("uploads")
                runs.setdefault(variant, []).append(result)
                print(f"  {variant}: {result['seconds']:.1f} s, {result['copies']:.1f} copies", flush=True)
    finally:
        found.end()
    return {"bytes": size, "bound": bound(size, servers, clients), "clients": len(clients), "runs": runs}


def flash(config):
    """Twenty at once."""
    size = (20 if config.quick else 100) * MIB
    return compared(config, "flash", [50] * 3, [20] * 20, size, {
        "trozos": ("ours", SHARING), "trozos, without peers": ("ours", ALONE),
        "aria2c from the same servers": ("aria2", ()), "rqbit, a swarm": ("rqbit", ())}, peers_too=True, max_clients=20)


def mixed(config):
    """Thirds whose uplinks are slow, middling and fast."""
    size = (40 if config.quick else 200) * MIB
    return compared(config, "mixed", [50] * 3, [4, 20, 200] * 3, size, {"trozos": ("ours", SHARING)}, max_clients=20)


def long(config):
    """Three thousand chunks."""
    size = (100 if config.quick else 3000) * MIB
    return compared(config, "long", [100] * 3, [100] * 6, size, {"trozos": ("ours", SHARING)}, rounds=1, max_clients=20)


def few(config):
    """One, two, three: never worse than without peers; and ten of whom nobody can send."""
    size = (30 if config.quick else 100) * MIB
    figures = {}
    for name, clients in [("one", [100]), ("two", [100] * 2), ("three", [100] * 3), ("ten cut to 1 Mbit/s", [1] * 10)]:
        figures[name] = compared(config, name.split()[0], [50] * 3, clients, size, {
            "trozos": ("ours", SHARING), "trozos, without peers": ("ours", ALONE)}, max_clients=20)
    return figures


def line(config):
    """Twenty where five may download at once: a swarm takes one place."""
    size = (20 if config.quick else 100) * MIB
    return compared(config, "line", [50] * 3, [20] * 20, size, {"trozos": ("ours", SHARING)}, max_clients=5)


def arrivals(config):
    """One after the other over 30 s; each leaves when it is done."""
    size = (20 if config.quick else 100) * MIB
    return compared(config, "arrivals", [50] * 3, [20] * 20, size, {"trozos": ("ours", SHARING)}, spread=30.0, max_clients=20)


def killed(config):
    """At a third a secondary and two clients are killed, and one client stops."""
    size = (20 if config.quick else 100) * MIB
    servers, clients = [50] * 3, [20] * 20
    crowd = Crowd(config, "killed", servers, clients, size, max_clients=20)
    # All uplinks send until then; after that those of the dead are missing, and so are the dead.
    whole = bound(size, servers, clients)
    moment = whole / 3
    done = moment * (sum(servers) + sum(clients))
    wanted = size * 8 / 1e6 / PAYLOAD * len(clients)
    rest = max(0.0, wanted - done - 3 * (wanted - done) / len(clients))
    limit = moment + rest / (sum(servers[:2]) + sum(clients[3:]))

    def during(children):
        time.sleep(moment)
        crowd.cluster.secondaries[2].signal(signal.SIGKILL)
        for n, number in [(0, signal.SIGKILL), (1, signal.SIGKILL), (2, signal.SIGSTOP)]:
            os.kill(children[n].pid, number)

    try:
        result = crowd.run(crowd.ours, flags=lambda n: SHARING, during=during, without=(0, 1, 2))
        result.pop("uploads")
        print(f"  trozos: {result['seconds']:.1f} s of {limit:.1f}", flush=True)
    finally:
        crowd.end()
    return {"bytes": size, "bound": limit, "clients": len(clients), "runs": {"trozos": [result]}}


def half(config):
    """Five of twenty do not share; they send nothing but requests."""
    size = (20 if config.quick else 100) * MIB
    servers, clients = [50] * 3, [20] * 20
    crowd = Crowd(config, "half", servers, clients, size, max_clients=20)
    try:
        result = crowd.run(crowd.ours, flags=lambda n: ("--compartir", "no") if n < 5 else SHARING)
        result["quiet_bytes"] = max(result.pop("uploads")[:5])
        print(f"  trozos: {result['seconds']:.1f} s", flush=True)
    finally:
        crowd.end()
    return {"bytes": size, "bound": bound(size, servers, clients[5:] + [0] * 5), "clients": len(clients),
            "runs": {"trozos": [result]}}


SCENARIOS = {"flash": flash, "mixed": mixed, "killed": killed, "half": half, "few": few, "line": line,
             "arrivals": arrivals, "long": long}


def measure(config):
    """All of it, or what is asked for."""
    figures = {}
    for name, scenario in SCENARIOS.items():
        if config.only and name not in config.only:
            continue
        print(f" {name}", flush=True)
        try:
            with config.failed.of(name):
                figures[name] = scenario(config)
        finally:
            procs.stop_all()
            Lan.remove()
    return figures
