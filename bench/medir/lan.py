"""A LAN of network namespaces: a bridge, a namespace per node, every server's uplink shaped by tbf."""

import atexit
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

from . import peers, procs
from .cluster import Cluster
from .compare import same, side_by_side
from .loopback import random_file, served_copies

SWITCH = "tz-red"
CENTRAL, RELAY = "10.77.0.1", "10.77.0.50"
SERVERS = ["10.77.0.11", "10.77.0.12", "10.77.0.13"]
CLIENTS = [f"10.77.0.{101 + n}" for n in range(10)]
NAME = "pelicula.bin"
# What tbf counts of a full frame is 1514 bytes, of which 1448 are payload.
PAYLOAD = 1448 / 1514


# What Linux does unless it is told otherwise; this machine may have been.
CONGESTION = "cubic"
ALLOWED = pathlib.Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control")


def sh(text):
    subprocess.run(text, shell=True, check=True, stdout=subprocess.DEVNULL)


def allow(congestion):
    """Lets namespaces use a congestion control, until the end of this program."""
    before = ALLOWED.read_text()
    if congestion not in before.split():
        ALLOWED.write_text(f"{before.strip()} {congestion}\n")
        atexit.register(ALLOWED.write_text, before)


# How a server's uplink queues what it cannot send at once.
ONE_QUEUE, QUEUE_PER_CLIENT = "one queue", "a queue per client"


class Lan:
    """The network; rates are in Mbit/s, one per server."""

    def __init__(self, rates, congestion=CONGESTION, queues=ONE_QUEUE):
        self.remove()
        allow(congestion)
        self.queues = queues
        sh(f"ip netns add {SWITCH} && ip -n {SWITCH} link add br0 type bridge && ip -n {SWITCH} link set br0 up")
        self.nodes = [("tz-c", CENTRAL), ("tz-r", RELAY)]
        self.nodes += [(f"tz-s{n + 1}", address) for n, address in enumerate(SERVERS)]
        self.nodes += [(f"tz-k{n + 1}", address) for n, address in enumerate(CLIENTS)]
        for name, address in self.nodes:
            sh(f"ip netns add {name} && ip -n {name} link set lo up"
               f" && ip -n {name} link add eth0 type veth peer name {name} netns {SWITCH}"
               f" && ip -n {name} addr add {address}/24 dev eth0 && ip -n {name} link set eth0 up"
               f" && ip -n {SWITCH} link set {name} master br0 up"
               f" && ip netns exec {name} sysctl -q net.ipv4.tcp_congestion_control={congestion}")
        self.rates = [None] * len(SERVERS)
        for n, rate in enumerate(rates):
            self.shape(n, rate)

    def shape(self, server, mbit):
        """Gives a server's uplink a rate. The bucket is as small as the kernel's timer allows."""
        verb = "add" if self.rates[server] is None else "change"
        burst = max(16_000, int(mbit * 1e6 / 8 / 250))
        if self.queues == ONE_QUEUE:
            sh(f"tc -n tz-s{server + 1} qdisc {verb} dev eth0 root tbf rate {mbit}mbit burst {burst} latency 50ms")
        else:
            self.queue_per_client(server, mbit, burst)
        self.rates[server] = mbit

    def queue_per_client(self, server, mbit, burst):
        """What fq_codel does by default in most distributions: flows take turns. This kernel may lack it."""
        tc = f"tc -n tz-s{server + 1}"
        each = mbit / len(CLIENTS)
        limit = int(mbit * 1e6 / 8 * 0.05 / len(CLIENTS))
        sh(f"{tc} qdisc add dev eth0 root handle 1: htb default 99")
        sh(f"{tc} class add dev eth0 parent 1: classid 1:1 htb rate {mbit}mbit burst {burst} quantum 3000")
        for n, address in [*enumerate(CLIENTS), (89, None)]:
            sh(f"{tc} class add dev eth0 parent 1:1 classid 1:{10 + n} htb rate {each}mbit ceil {mbit}mbit"
               f" burst {burst} cburst {burst} quantum 3000")
            sh(f"{tc} qdisc add dev eth0 parent 1:{10 + n} bfifo limit {limit}")
            if address:
                sh(f"{tc} filter add dev eth0 parent 1: protocol ip u32 match ip dst {address}/32 flowid 1:{10 + n}")

    @staticmethod
    def remove():
        found = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
        for line in found.splitlines():
            if line.startswith("tz-"):
                sh(f"ip netns del {line.split()[0]}")


def server_namespaces():
    return [f"tz-s{n + 1}" for n in range(3)]


class Bench:
    """Ours and the peers' servers on a LAN, with one content."""

    def __init__(self, config, name, rates, size, max_clients=5, congestion=CONGESTION, queues=ONE_QUEUE,
                 peers_too=True):
        self.work = config.work / "lan" / name
        shutil.rmtree(self.work, ignore_errors=True)
        self.original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
        self.size = size
        self.lan = Lan(rates, congestion, queues)
        self.folders = served_copies(self.work, self.original, 3, NAME)
        self.target = self.work / "destino"
        self.nginx = [None] * 3
        if peers_too:
            for n in range(3):
                self.start_nginx(n)
        self.cluster = Cluster(self.work, self.folders, SERVERS, server_namespaces(), CENTRAL, "tz-c",
                               max_clients=max_clients, port=51000)
        self.urls = [f"http://{address}:80/{NAME}" for address in SERVERS]

    def start_nginx(self, n):
        self.nginx[n] = peers.Nginx(self.work / f"nginx{n}", self.folders[n], SERVERS[n], 80, f"tz-s{n + 1}")

    def end(self):
        self.cluster.stop()
        for server in filter(None, self.nginx):
            server.stop()
        self.lan.remove()

    def ours(self, during=None):
        result = self.cluster.download([NAME], self.target, "ana", "tz-k1", during)
        same(self.target / NAME, self.original)
        result["wasted"] = wasted(result) / self.size
        return result

    def aria2(self, options, during=None):
        result = peers.fetch(["aria2c", "-q", "--no-conf", "--file-allocation=none", *options, *self.urls],
                             self.target, self.nginx, "tz-k1", during)
        same(self.target / NAME, self.original)
        return result

    def split(self, shares):
        """One curl per server, each with a part of the file that was fixed before."""
        edges = [round(self.size * sum(shares[:n]) / sum(shares)) for n in range(4)]
        parts = [f"curl -s -r {edges[n]}-{edges[n + 1] - 1} -o part{n} {self.urls[n]} & pid{n}=$!"
                 for n in range(3)]
        script = "\n".join([*parts, "wait $pid0 && wait $pid1 && wait $pid2"])
        result = peers.fetch(["sh", "-c", script], self.target, self.nginx, "tz-k1")
        with open(self.target / NAME, "wb") as whole:
            for n in range(3):
                whole.write((self.target / f"part{n}").read_bytes())
        same(self.target / NAME, self.original)
        return result


def wasted(result):
    """Bytes that a client received in vain, by its statistics."""
    return result.pop("statistics")["totals"]["bytes_wasted"]


def at(seconds, action):
    """Does something that long after a process starts."""
    def during(_child):
        time.sleep(seconds)
        action()
    return during


def asymmetric(config):
    bench = Bench(config, "asymmetric", [100, 200, 300], config.lan_bytes)
    results = side_by_side(config.rounds, {
        "ideal split (three curls)": lambda: bench.split([100, 200, 300]),
        "trozos": bench.ours,
        "aria2c -s3 -x1 -k1M": lambda: bench.aria2(["-s3", "-x1", "-k1M"]),
        "aria2c -s16 -x16 -k1M": lambda: bench.aria2(["-s16", "-x16", "-k1M"]),
        "static thirds, as the original": lambda: bench.split([1, 1, 1]),
    })
    bench.end()
    return {"runs": results}


def ideal_seconds(bench, rounds):
    runs = side_by_side(rounds, {"ideal split (three curls)": lambda: bench.split([1, 1, 1])})
    values = sorted(run["seconds"] for run in runs["ideal split (three curls)"])
    return values[len(values) // 2]


def failing(config, number, restore):
    """One of three equal servers is hit by a signal when a third of the file is there."""
    name = {signal.SIGKILL: "kill", signal.SIGSTOP: "stop"}[number]
    bench = Bench(config, name, [200, 200, 200], config.lan_bytes)
    ideal = ideal_seconds(bench, 3)
    moment = ideal / 3
    # Two servers do the rest, at the rate that the ideal split shows.
    bound = moment + (ideal - moment) * 3 / 2

    def ours():
        secondary = bench.cluster.secondaries[2]
        result = bench.ours(at(moment, lambda: secondary.signal(number)))
        restore(bench, secondary, True)
        return result

    def aria2():
        server = bench.nginx[2]
        result = bench.aria2(["-s3", "-x1", "-k1M"], at(moment, lambda: server.process.signal(number)))
        restore(bench, server, False)
        return result

    rounds = config.rounds if number == signal.SIGKILL else max(3, config.rounds // 2)
    results = side_by_side(rounds, {"trozos": ours, "aria2c -s3 -x1 -k1M": aria2}, warm_up=False)
    bench.end()
    return {"ideal": ideal, "bound": bound, "moment": moment, "runs": results}


def started_again(bench, server, is_ours):
    server.stop()
    if is_ours:
        bench.cluster.start(2)
        bench.cluster.secondaries[2].wait_for("Carpeta leída")
        bench.cluster.secondaries[2].wait_for("Inscrito")
        time.sleep(1)
    else:
        bench.start_nginx(2)


def continued(_bench, server, is_ours):
    (server if is_ours else server.process).signal(signal.SIGCONT)
    time.sleep(3)


def cut(config):
    """One uplink falls to 1 Mbit/s half-way."""
    bench = Bench(config, "cut", [200, 200, 200], config.lan_bytes)
    ideal = ideal_seconds(bench, 3)
    moment = ideal / 2
    rate = 1 / ideal
    bound = moment + (1 - rate * moment) / (rate * 2 / 3 + rate / 3 / 200)

    def hit(measure):
        try:
            return measure(at(moment, lambda: bench.lan.shape(2, 1)))
        finally:
            bench.lan.shape(2, 200)
            time.sleep(2)

    results = side_by_side(config.rounds, {
        "trozos": lambda: hit(bench.ours),
        "aria2c -s3 -x1 -k1M": lambda: hit(lambda during: bench.aria2(["-s3", "-x1", "-k1M"], during)),
    }, warm_up=False)
    bench.end()
    return {"ideal": ideal, "bound": bound, "moment": moment, "runs": results}


SERVED = re.compile(r"Se sirven (\d+) ficheros|Se sirve corto")


def small_files(config):
    """Thirty files against one file of their size."""
    figures = {}
    for each in [1 << 20, 10 << 20]:
        bench = Bench(config, f"small-{each >> 20}", [200, 200, 200], 30 * each)
        names = [f"corto{n:02}.bin" for n in range(30)]

        def piece(n):
            # Never all of it: children are started with this process's peak of memory, which would be taken for theirs.
            with open(bench.original, "rb") as file:
                file.seek(n * each)
                return file.read(each)

        for folder in bench.folders:
            for n, name in enumerate(names):
                (folder / ("." + name)).write_bytes(piece(n))
                (folder / ("." + name)).rename(folder / name)
        for secondary in bench.cluster.secondaries:
            # Some are told one by one, and many together.
            secondary.wait_until(lambda log: sum(int(n or 1) for n in SERVED.findall(log)) >= 30, "30 files")
        time.sleep(1)

        def thirty():
            result = bench.cluster.download(names, bench.target, "ana", "tz-k1")
            for n, name in enumerate(names):
                if (bench.target / name).read_bytes() != piece(n):
                    raise RuntimeError(f"{name} differs")
            result["wasted"] = wasted(result) / bench.size
            return result

        urls = "".join("\t".join(f"http://{address}/{name}" for address in SERVERS) + f"\n out={name}\n"
                       for name in names)
        (bench.work / "lista").write_text(urls)

        def aria2():
            return peers.fetch(["aria2c", "-q", "--no-conf", "--file-allocation=none", "-s3", "-x1", "-k1M", "-j5",
                                "-i", str(bench.work / "lista")], bench.target, bench.nginx, "tz-k1")

        runs = side_by_side(config.rounds, {
            "one file, trozos": bench.ours, "thirty files, trozos": thirty, "thirty files, aria2c -j5": aria2})
        figures[str(each)] = runs
        bench.end()
    return figures


def ten_at_once(config, name, congestion=CONGESTION, queues=ONE_QUEUE):
    """Ten clients at once, each with all of a file."""
    bench = Bench(config, name, [200, 200, 200], config.lan_bytes, max_clients=10, congestion=congestion,
                  queues=queues, peers_too=False)
    bound = 10 * bench.size * 8 / (600e6 * PAYLOAD)
    results = [None] * 10

    def one(n):
        target = bench.work / f"destino{n}"
        results[n] = bench.cluster.download([NAME], target, f"cliente{n}", f"tz-k{n + 1}")
        same(target / NAME, bench.original)
        results[n]["wasted"] = wasted(results[n]) / bench.size

    threads = [threading.Thread(target=one, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.end()
    if None in results:
        raise RuntimeError("a client failed")
    times = [result["seconds"] for result in results]
    row = {
        "seconds": max(times), "slowest_to_fastest": max(times) / min(times), "bound": bound,
        "fill": bound / max(times), "wasted": max(result["wasted"] for result in results)}
    print(f"  {name}: {row}", flush=True)
    return row


def ten_clients(config, **network):
    runs = [ten_at_once(config, "ten", **network) for _ in range(max(3, config.rounds // 2))]
    return {"bound": runs[0]["bound"], "runs": {"trozos": runs}}


def ten_builds(config):
    """The same with other builds of trozos, side by side, where clients share one queue and where each has its own."""
    builds = {"this one": procs.TARGET, **dict(build.split("=", 1) for build in config.build)}
    runs = {}
    for _ in range(config.rounds):
        for queues in [ONE_QUEUE, QUEUE_PER_CLIENT]:
            for name, target in builds.items():
                with procs.built_in(target):
                    row = ten_at_once(config, f"ten-{name}", queues=queues)
                runs.setdefault(f"{queues}, {name}", []).append(row)
    return {"runs": runs}


def delay(config):
    """One client behind 40 ms, by a relay that holds every byte for 20 ms each way."""
    bench = Bench(config, "delay", [200, 200, 200], config.lan_bytes)
    bench.cluster.stop()
    bench.cluster = Cluster(bench.work, bench.folders, SERVERS, server_namespaces(), CENTRAL, "tz-c", port=51000,
                            extra=("--ip-anunciada", RELAY))
    routes = [f"{RELAY}:{port}={address}:{to}" for n, address in enumerate(SERVERS)
              for port, to in [(51001 + n, 51001 + n), (8001 + n, 80)]]
    relay = procs.Process([procs.tool("retardo"), "--ms", "20", *routes], bench.work / "retardo.log", "tz-r")
    relay.wait_for("listo")
    bench.urls = [f"http://{RELAY}:{8001 + n}/{NAME}" for n in range(3)]
    results = side_by_side(config.rounds, {
        "ideal split (three curls)": lambda: bench.split([1, 1, 1]),
        "trozos": bench.ours,
        "aria2c -s3 -x1 -k1M": lambda: bench.aria2(["-s3", "-x1", "-k1M"]),
    })
    relay.stop()
    bench.end()
    return {"runs": results}


SCENARIOS = {
    "asymmetric": asymmetric,
    "kill": lambda config: failing(config, signal.SIGKILL, started_again),
    "stop": lambda config: failing(config, signal.SIGSTOP, continued),
    "cut": cut,
    "small": small_files,
    "ten": ten_clients,
    "ten_bbr": lambda config: ten_clients(config, congestion="bbr"),
    "ten_queues": lambda config: ten_clients(config, queues=QUEUE_PER_CLIENT),
    "ten_builds": ten_builds,
    "delay": delay,
}


def measure(config):
    figures = {"bytes": config.lan_bytes}
    for name, scenario in SCENARIOS.items():
        if config.only and name not in config.only or name == "ten_builds" and not config.build:
            continue
        print(f" {name}", flush=True)
        try:
            with config.failed.of(name):
                figures[name] = scenario(config)
        finally:
            procs.stop_all()
            Lan.remove()
    return figures
