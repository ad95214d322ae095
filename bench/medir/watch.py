"""Watching while it comes, on a LAN of three servers of 200 Mbit/s, and pages that follow what happens."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request

from . import procs
from .cluster import Cluster
from .lan import CENTRAL, SERVERS, Lan, server_namespaces
from .loopback import NAME as FILE, random_file, served_copies

MIB = 1 << 20
NAME = "film.mkv"
SPOTS = 24
SPOT_BYTES = 80 * MIB
PORT = 51000
PAGES = 200


def spotted_film(path, length):
    """A long file of zeros with noise where somebody looks: what is zeros is not sent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = random.Random(7)
    block = noise.randbytes(MIB)
    with open(path, "wb") as file:
        file.truncate(length)
        for spot in range(SPOTS):
            file.seek(spot * (length // SPOTS))
            for n in range(min(SPOT_BYTES, length // SPOTS) // MIB):
                file.write(n.to_bytes(4, "big") + spot.to_bytes(4, "big") + block[8:])
    return path


def played(url, length, victim):
    command = [sys.executable, "-m", "medir.player", url, str(length), str(SPOTS), str(victim)]
    ran = subprocess.run(procs.in_namespace("tz-k1", command), capture_output=True, text=True, check=False,
                         cwd=procs.ROOT / "bench", timeout=300)
    if ran.returncode != 0:
        raise RuntimeError(ran.stderr[-2000:])
    return json.loads(ran.stdout)


def stream(config):
    """First byte, seeks and a secondary's death: by `videocliente ver`, and through the central."""
    result = {"profile": procs.PROFILE}
    for chunk, length in [(1, 2 << 30), (4, 17 << 30)]:
        work = config.work / "ver" / str(chunk)
        shutil.rmtree(work, ignore_errors=True)
        film = spotted_film(work / "servido1" / NAME, length)
        folders = [work / f"servido{n}" for n in (1, 2, 3)]
        for folder in folders[1:]:
            folder.mkdir(parents=True)
            os.link(film, folder / NAME)
        lan = Lan([200] * 3)
        try:
            for way in ["client", "central"]:
                cluster = Cluster(work, folders, SERVERS, server_namespaces(), CENTRAL, "tz-c", port=PORT)
                player = None
                try:
                    if way == "client":
                        player = procs.Process(
                            [procs.ours("videocliente"), "ver", NAME, "--ip-central", CENTRAL, "--puerto-central", str(PORT),
                             "--destino", str(work / "destino")], work / "ver.log", "tz-k1")
                        player.wait_for(NAME)
                        url = next(line for line in player.log.read_text().splitlines() if line.startswith("http"))
                    else:
                        url = f"http://{CENTRAL}:{PORT}/ver/{NAME}"
                    victim = cluster.secondaries[1].child.pid
                    result[f"{way} {chunk}"] = played(url, length, victim)
                finally:
                    if player:
                        player.stop()
                    cluster.stop()
        finally:
            lan.remove()
            shutil.rmtree(work, ignore_errors=True)
    return result


class Page(threading.Thread):
    """A page that follows what happens, as a browser has it: without a stream it asks again every ten seconds."""

    def __init__(self, address, over):
        super().__init__(daemon=True)
        self.address, self.over, self.bytes, self.polls = address, over, 0, 0

    def run(self):
        try:
            self.follow()
        except OSError:
            pass
        while not self.over.wait(10):
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/") as answer:
                self.bytes += len(answer.read())
            self.polls += 1

    def follow(self):
        sock = socket.create_connection(("127.0.0.1", PORT), source_address=(self.address, 0), timeout=1)
        sock.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\r\n".encode())
        while not self.over.is_set():
            try:
                some = sock.recv(1 << 16)
            except socket.timeout:
                continue
            if not some or b"event: bye" in some:
                return
            self.bytes += len(some)


def events(config):
    """Two hundred pages while downloads run, and none beside it."""
    work = config.work / "paginas"
    original = random_file(config.work / "datos" / f"azar-{64 * MIB}.bin", 64 * MIB)
    folders = served_copies(work, original, 3)
    cluster = Cluster(work, folders, port=PORT, extra=["--limite-subida", "2MB/s"])
    seconds = 20
    result = {"pages": PAGES, "seconds": seconds, "profile": procs.PROFILE}
    try:
        for name, count in [("none", 0), ("all", PAGES)]:
            over = threading.Event()
            pages = [Page(f"127.0.1.{1 + n // 3}", over) for n in range(count)]
            downloads = threading.Thread(
                target=lambda: cluster.download([FILE], work / "destino", timeout=120), daemon=True)
            downloads.start()
            for page in pages:
                page.start()
            time.sleep(2)
            before = cluster.central.cpu()
            time.sleep(seconds)
            result[name] = {"cpu": cluster.central.cpu() - before, "rss": cluster.central.peak_rss(),
                            "bytes": sum(page.bytes for page in pages), "polls": sum(page.polls for page in pages)}
            over.set()
            downloads.join(120)
    finally:
        cluster.stop()
        shutil.rmtree(work, ignore_errors=True)
    return result
