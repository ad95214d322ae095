"""The programs that people would use otherwise."""

import hashlib
import json
import pathlib
import shutil
import time
import urllib.parse
import urllib.request

from . import procs

RQBIT = procs.TARGET / "peers" / "bin" / "rqbit"
ARIA2 = ["aria2c", "-q", "-s16", "-x16", "-k1M", "--file-allocation=none", "--no-conf", "--allow-overwrite=true"]


class Nginx:
    """A web server with sendfile, one process."""

    def __init__(self, work, folder, address, port, namespace=None):
        work = pathlib.Path(work)
        work.mkdir(parents=True, exist_ok=True)
        config = work / f"nginx-{address}-{port}.conf"
        config.write_text(f"""
worker_processes 1; daemon off; pid {work}/nginx-{address}-{port}.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; client_body_temp_path {work}/t1; proxy_temp_path {work}/t2;
  fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
  server {{ listen {address}:{port}; root {folder}; }}
}}
user root;
""")
        self.url = f"http://{address}:{port}/"
        self.process = procs.Process(
            ["nginx", "-e", "stderr", "-c", str(config)], work / f"nginx-{address}-{port}.log", namespace)
        procs.run(["curl", "-s", "-o", "/dev/null", "--retry", "50", "--retry-delay", "0", "--retry-connrefused",
                   "--retry-max-time", "10", self.url + "."], namespace)

    def stop(self):
        self.process.stop()


def fetch(command, target, servers, namespace=None, during=None, timeout=600):
    """Runs a downloader into a new folder."""
    shutil.rmtree(target, ignore_errors=True)
    pathlib.Path(target).mkdir(parents=True)
    before = sum(server.process.cpu() for server in servers)
    result = procs.run(command, namespace, during=during, timeout=timeout, cwd=target)
    result["server_cpu"] = sum(server.process.cpu() for server in servers) - before
    return result


def metalink(path, original, urls, piece_bytes=1 << 20):
    """A Metalink 4 (RFC 5854) with a SHA-256 of each piece."""
    original = pathlib.Path(original)
    pieces = []
    with open(original, "rb") as file:
        while piece := file.read(piece_bytes):
            pieces.append(hashlib.sha256(piece).hexdigest())
    hashes = "\n".join(f"<hash>{piece}</hash>" for piece in pieces)
    sources = "\n".join(f"<url priority=\"1\">{url}</url>" for url in urls)
    pathlib.Path(path).write_text(f"""<?xml version="1.0" encoding="UTF-8"?>
<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="{original.name}">
<size>{original.stat().st_size}</size>
<pieces length="{piece_bytes}" type="sha-256">
{hashes}
</pieces>
{sources}
</file></metalink>
""")


def rsync_daemon(work, folder, port=51873):
    """An rsync daemon that serves a folder."""
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    config = work / "rsyncd.conf"
    config.write_text(f"use chroot = no\n[datos]\n path = {folder}\n read only = yes\n")
    return procs.Process(
        ["rsync", "--daemon", "--no-detach", f"--config={config}", "--address=127.0.0.1", f"--port={port}"],
        work / "rsync.log")


def bencode(value):
    """The encoding of torrents (BEP 3)."""
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def torrent(path, original, name, piece_bytes=1 << 20):
    """A torrent of one file, without a tracker."""
    pieces = b""
    with open(original, "rb") as file:
        while piece := file.read(piece_bytes):
            pieces += hashlib.sha1(piece).digest()
    info = {b"length": pathlib.Path(original).stat().st_size, b"name": name.encode(), b"piece length": piece_bytes,
            b"pieces": pieces}
    pathlib.Path(path).write_bytes(bencode({b"info": info}))


def rqbit(port, *arguments):
    """A command of rqbit that finds nobody by itself."""
    return [str(RQBIT), "-v", "info", "--disable-dht", "--disable-upnp-port-forward", "--http-api-listen-addr",
            f"127.0.0.1:{port + 100}", "--tcp-min-port", str(port), "--tcp-max-port", str(port + 1), "download",
            "--disable-trackers", *map(str, arguments)]


class Seeder:
    """An rqbit that has a torrent's file."""

    def __init__(self, work, folder, path, port):
        self.peer = f"127.0.0.1:{port}"
        self.process = procs.Process(rqbit(port, "--overwrite", "-o", folder, path), pathlib.Path(work) / f"rqbit-{port}.log")

    def stop(self):
        self.process.stop()


class Viewer:
    """An rqbit whose user watches what it is given."""

    def __init__(self, work, port):
        self.url = f"http://127.0.0.1:{port + 100}/torrents"
        self.folder = pathlib.Path(work) / "viewer"
        self.process = procs.Process(
            [str(RQBIT), "-v", "info", "--disable-dht", "--disable-upnp-port-forward", "--http-api-listen-addr",
             f"127.0.0.1:{port + 100}", "--tcp-min-port", str(port), "--tcp-max-port", str(port + 1), "server", "start",
             "--disable-persistence", str(self.folder)], pathlib.Path(work) / "viewer.log")
        self.id = None
        deadline = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError("rqbit does not answer")
            time.sleep(0.05)

    def _answers(self):
        try:
            urllib.request.urlopen(self.url).close()
            return True
        except OSError:
            return False

    def add(self, torrent_path, seeders):
        """Gives it a torrent and says where its file can be watched."""
        query = urllib.parse.urlencode({"overwrite": "true", "initial_peers": ",".join(seeders)})
        given = urllib.request.Request(f"{self.url}?{query}", data=pathlib.Path(torrent_path).read_bytes())
        with urllib.request.urlopen(given) as answer:
            self.id = json.load(answer)["id"]
        return f"{self.url}/{self.id}/stream/0"

    def forget(self):
        """Gives up the torrent and its file."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/{self.id}/delete", data=b"")).close()

    def stop(self):
        self.process.stop()
