"""A bucket behind secondaries: one file from the store by its own client, and through trozos from one and from three of them."""

import contextlib
import os
import shutil
import subprocess

from . import procs
from .cluster import Cluster
from .compare import same, side_by_side
from .loopback import MEMORY, NAME, random_file

BUCKET = "cubo"
KEY, SECRET = "banco", "secreto-del-banco"
PORT = 51400
# What each secondary sends at most, in MB/s, where their networks are what is scarce.
LINK = 60


class Store:
    """trozos-s3 (package in s3/) over a folder; its first line is its port."""

    def __init__(self, folder):
        self.child = subprocess.Popen([procs.ours("trozos-s3"), str(folder), KEY, SECRET],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.child.stdout.readline())

    def stop(self):
        self.child.stdin.close()
        self.child.wait(10)


@contextlib.contextmanager
def store(work, original):
    """A store that has one file in one bucket, and an environment by which everybody finds it."""
    folder = work / "almacen"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / BUCKET).mkdir(parents=True)
    os.link(original, folder / BUCKET / NAME)
    served = Store(folder)
    os.environ.update({
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{served.port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET})
    try:
        yield served
    finally:
        served.stop()


def direct(served, original):
    """By curl, which signs as the store wants it."""
    def one():
        got = MEMORY / NAME
        shutil.rmtree(MEMORY, ignore_errors=True)
        MEMORY.mkdir(parents=True)
        result = procs.run(["curl", "-sf", "-o", str(got), "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"{KEY}:{SECRET}",
                            "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD",
                            f"http://127.0.0.1:{served.port}/{BUCKET}/{NAME}"])
        same(got, original)
        return result
    return one


def through(cluster, original):
    def one():
        result = cluster.download([NAME], MEMORY)
        same(MEMORY / NAME, original)
        return result
    return one


def measure(config):
    work = config.work / "shelf"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    size = config.loopback_bytes
    original = random_file(config.work / "datos" / f"azar-{size}.bin", size)
    figures = {"bytes": size, "link": LINK}
    place = f"s3://{BUCKET}"
    with store(work, original) as served:
        for name, extra in [("free", ()), ("limited", ("--limite-subida", f"{LINK}MB/s"))]:
            one = Cluster(work / f"one-{name}", [place], port=PORT, extra=extra)
            three = Cluster(work / f"three-{name}", [place] * 3, port=PORT + 10, extra=extra)
            try:
                figures[name] = side_by_side(config.rounds, {
                    "store, by curl": direct(served, original),
                    "trozos, one secondary": through(one, original),
                    "trozos, three secondaries": through(three, original),
                })
                figures["rss"] = max(process.peak_rss() for process in [*one.secondaries, *three.secondaries])
            finally:
                one.stop()
                three.stop()
                shutil.rmtree(MEMORY, ignore_errors=True)
    return figures
