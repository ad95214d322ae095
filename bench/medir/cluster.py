"""A cluster of trozos, and downloads from it."""

import json
import pathlib
import shutil

from . import procs


class Cluster:
    """A central and its secondaries, each in a namespace of its own or all in this one."""

    def __init__(self, work, folders, addresses=None, namespaces=None, central="127.0.0.1",
                 central_namespace=None, max_clients=5, port=51000, extra=(),
                 server_flags=(), client_flags=(), each=None, central_flags=()):
        self.work = pathlib.Path(work)
        self.central_address, self.port = central, port
        self.client_flags = client_flags
        count = len(folders)
        addresses = addresses or ["127.0.0.1"] * count
        self.namespaces = namespaces or [None] * count
        statistics = str(self.work / "stats")
        self.central = procs.Process(
            [procs.ours("videocentral"), "--sin-consola", "-i", central, "-p", str(port), "--secundarios",
             str(count), "--max-clientes", str(max_clients), "--estadisticas", statistics, *server_flags,
             *central_flags],
            self.work / "central.log", central_namespace)
        self.central.wait_for("escuchando")
        self.commands = [
            [procs.ours("videosecundario"), "-n", str(n + 1), "--secundarios", str(count), "-i", addresses[n],
             "-p", str(port + 1 + n), "--ip-central", central, "--puerto-central", str(port), "--directorio",
             str(folder), "--estadisticas", statistics, "--sin-consola", *server_flags, *extra, *(each[n] if each else [])]
            for n, folder in enumerate(folders)]
        self.secondaries = [None] * count
        self.starts = 0
        for n in range(count):
            self.start(n)
        self.central.wait_for("Sincronizado", 3600)

    def start(self, n):
        """Starts a secondary, again or for the first time."""
        self.starts += 1
        self.secondaries[n] = procs.Process(
            self.commands[n], self.work / f"secondary{n + 1}-{self.starts}.log", self.namespaces[n])

    def server_cpu(self):
        return sum(process.cpu() for process in [self.central, *self.secondaries])

    def download(self, names, target, client="ana", namespace=None, during=None, timeout=600, keep=False):
        """Downloads files as a person would, through the prompt; the target folder is made anew."""
        target = pathlib.Path(target)
        if not keep:
            shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True, exist_ok=True)
        statistics = self.work / f"stats-{client}"
        shutil.rmtree(statistics, ignore_errors=True)
        orders = f"INSCRIBIR {client}\n" + "".join(f"VIDEO {name}\n" for name in names)
        before = self.server_cpu()
        result = procs.run(
            [procs.ours("videocliente"), "--ip-central", self.central_address, "--puerto-central",
             str(self.port), "--destino", str(target), "--estadisticas", str(statistics), *self.client_flags],
            namespace, orders.encode(), during, timeout)
        result["server_cpu"] = self.server_cpu() - before
        for path in statistics.glob("*.json"):
            result["statistics"] = json.loads(path.read_text())
        return result

    def stop(self):
        for process in [*self.secondaries, self.central]:
            process.stop()
