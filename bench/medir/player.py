"""A player that is a program, run in the network of a client: `python3 -m medir.player ADDRESS BYTES SPOTS PID`. It takes a first
byte, goes to all the spots, and plays a film of 5 MB/s during which it kills a process. Prints its times as JSON, in seconds."""

import json
import os
import random
import signal
import socket
import sys
import time

FILM_RATE = 5e6


def ask(url, start):
    """Opens a range; gives the socket, and the seconds until its first byte."""
    host, path = url.removeprefix("http://").split("/", 1)
    name, port = host.split(":")
    began = time.perf_counter()
    sock = socket.create_connection((name, int(port)), timeout=60)
    sock.sendall(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={start}-\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        more = sock.recv(1)
        assert more, "no answer"
        head += more
    assert b" 206 " in head, head
    assert sock.recv(1)
    return sock, time.perf_counter() - began


def seeks(url, spots):
    """Goes to each place, and reads on for a while, as a player does."""
    times = []
    for spot in spots:
        sock, took = ask(url, spot)
        until = time.perf_counter() + 0.3
        while time.perf_counter() < until and sock.recv(1 << 16):
            pass
        sock.close()
        times.append(took)
    return times


def longest_gap(url, start, victim):
    """Plays twelve seconds of a film; after four its victim dies. How long it once had nothing, in all that it waited."""
    sock, _ = ask(url, start)
    began, got, gaps = time.perf_counter(), 0, []
    while got < 12 * FILM_RATE:
        now = time.perf_counter()
        if victim and now - began > 4:
            os.kill(victim, signal.SIGKILL)
            victim = 0
        piece = sock.recv(1 << 16)
        assert piece, "cut off"
        gaps.append(time.perf_counter() - now)
        got += len(piece)
        time.sleep(max(0, began + got / FILM_RATE - time.perf_counter()))
    return max(gaps)


def main():
    url, length, count, victim = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    # Every spot has as many bytes that are no zeros as a film of a minute needs.
    spots = [n * (length // count) for n in range(count)]
    sock, first = ask(url, 0)
    sock.close()
    shuffled = spots[1:-1]
    random.Random(1).shuffle(shuffled)
    result = {"first": first, "seeks": seeks(url, shuffled[:20])}
    if victim:
        result["gap"] = longest_gap(url, spots[-1], victim)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
