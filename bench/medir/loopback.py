"""One large file over loopback: what the machine's cores can do."""

import os
import pathlib
import shutil

from . import peers, procs
from .cluster import Cluster
from .compare import same, side_by_side

NAME = "grande.bin"


def random_file(path, size):
    """A file of random bytes, made once."""
    path = pathlib.Path(path)
    if not path.exists() or path.stat().st_size != size:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            left = size
            while left > 0:
                left -= file.write(os.urandom(min(left, 1 << 22)))
    return path


def served_copies(work, original, count, name=NAME):
    """Folders that hold the same file by hard links: one page cache for all servers, ours and the peers'."""
    folders = []
    for n in range(1, count + 1):
        folder = pathlib.Path(work) / f"servido{n}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.link(original, folder / name)
        folders.append(folder)
    return folders


def start_seeders(work, original):
    """Three rqbit that seed a copy of the file, once they have checked it; none when rqbit was not built."""
    if not peers.RQBIT.exists():
        return []
    work.mkdir(parents=True, exist_ok=True)
    copy = work / NAME
    shutil.copyfile(original, copy)
    peers.torrent(work / "torrent", copy, NAME)
    seeders = [peers.Seeder(work, folder, work / "torrent", 52100 + 10 * n)
               for n, folder in enumerate(served_copies(work, copy, 3))]
    for seeder in seeders:
        seeder.process.wait_for("Initial check results: have")
    return seeders
MEMORY = pathlib.Path("/dev/shm/trozos-bench")


def security_flags(folder):
    """Flags of servers and of clients by what protects them; makes the files."""
    shutil.rmtree(folder, ignore_errors=True)
    procs.run([procs.ours("videocentral"), "certificados", str(folder), "--nodo", "127.0.0.1"])
    secret = ["--clave-archivo", str(folder / "clave")]

    def tls(stem):
        return ["--tls-ca", str(folder / "ca.pem"), "--tls-cert", str(folder / f"{stem}.pem"),
                "--tls-clave", str(folder / f"{stem}-clave.pem")]
    return {
        "trozos": ([], []),
        "trozos, secret": (secret, secret),
        "trozos, secret and TLS": ([*secret, *tls("127.0.0.1")], [*secret, *tls("cliente")]),
    }


def protected(config):
    """What a secret and TLS cost: three clusters with the same file, downloads in turn."""
    work = config.work / "protegido"
    size = config.loopback_bytes
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    folders = served_copies(work, original, 3)
    clusters = {}
    for place, (name, (servers, clients)) in enumerate(security_flags(work / "certificados").items()):
        clusters[name] = Cluster(work / f"grupo{place}", folders, port=51000 + 100 * place,
                                 server_flags=servers, client_flags=clients)

    def variant(cluster):
        def one():
            result = cluster.download([NAME], MEMORY)
            same(MEMORY / NAME, original)
            return result
        return one
    try:
        return side_by_side(config.rounds, {name: variant(cluster) for name, cluster in clusters.items()})
    finally:
        shutil.rmtree(MEMORY, ignore_errors=True)
        for cluster in clusters.values():
            cluster.stop()


def measure(config):
    """Beside the peers, and with what protects a cluster."""
    figures = {"bytes": config.loopback_bytes}
    if not config.only or "peers" in config.only:
        figures |= beside_peers(config)
    if not config.only or "protected" in config.only:
        figures["protected"] = protected(config)
    return figures


def beside_peers(config):
    """All variants, with the target in memory and on the disk."""
    work = config.work / "loopback"
    size = config.loopback_bytes
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    folders = served_copies(work, original, 3)
    cluster = Cluster(work, folders)
    servers = [peers.Nginx(work, folder, "127.0.0.1", 52001 + n) for n, folder in enumerate(folders)]
    urls = [server.url + NAME for server in servers]
    link = work / "grande.meta4"
    peers.metalink(link, folders[0] / NAME, urls)
    sender = procs.Process(
        [procs.tool("limite"), "enviar", "--file", str(original), "--listen", "127.0.0.1:52010"], work / "limite.log")
    rsync = peers.rsync_daemon(work, folders[0])
    seeders = start_seeders(work / "rqbit", original)
    rounds = config.rounds
    figures = {}
    for place, target in [("memory", MEMORY), ("disk", work / "destino")]:
        got = target / NAME

        def ours():
            result = cluster.download([NAME], target)
            same(got, original)
            return result

        def peer(command, name=NAME, flush=False, of=servers):
            def one():
                result = peers.fetch(command, target, of)
                if flush:
                    result["seconds"] += procs.run(["sync", str(target / name)])["seconds"]
                same(target / name, original)
                return result
            return one

        def limit(how, *more):
            def one():
                target.mkdir(parents=True, exist_ok=True)
                command = [procs.tool("limite"), "recibir", "--file", str(got), "--bytes", str(size), "--from",
                           "127.0.0.1:52010", "--hash", how, *(["--sync"] if place == "disk" else []), *more]
                before = sender.cpu()
                result = procs.run(command)
                result["server_cpu"] = sender.cpu() - before
                same(got, original)
                return result
            return one

        variants = {
            "trozos": ours,
            "limit program, SHA-256 in lanes": limit("many"),
            "aria2c": peer([*peers.ARIA2, *urls]),
            "curl, one server": peer(["curl", "-s", "-o", NAME, urls[0]]),
        }
        if place == "memory":
            variants |= {
                "aria2c, Metalink with SHA-256": peer(
                    [*peers.ARIA2, "--metalink-enable-unique-protocol=false", "-M", str(link)]),
                "limit program, no hashing": limit("none"),
                "limit program, SHA-256 one by one": limit("one"),
                "axel": peer(["axel", "-q", "-n", "16", "-o", NAME, *urls]),
                "rsync, one server": peer(["rsync", "--inplace", "--port=51873", f"127.0.0.1::datos/{NAME}", "."]),
            }
            if seeders:
                everybody = ",".join(seeder.peer for seeder in seeders)
                variants["rqbit, three seeders"] = peer(
                    peers.rqbit(52150, "-e", "-o", target, "--initial-peers", everybody, work / "rqbit" / "torrent"),
                    of=seeders)
        else:
            variants |= {
                "aria2c, then sync": peer([*peers.ARIA2, *urls], flush=True),
                "limit program, space reserved": limit("many", "--reserve"),
            }
        try:
            figures[place] = side_by_side(rounds, variants)
        finally:
            shutil.rmtree(target, ignore_errors=True)
    for process in [sender, rsync]:
        process.stop()
    for server in [*servers, *seeders]:
        server.stop()
    cluster.stop()
    return figures
