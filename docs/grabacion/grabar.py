#!/usr/bin/env python3
"""Records a session of the real programs as people see it, without anything but Python's standard library.

Starts a central and three secondaries, and in a terminal of 80 by 24 a client with its prompt: three downloads run
while somebody types, one secondary dies by SIGKILL, all three end well. Writes, beside this file:

    trozos.cast   the recording, to be played with `asciinema play`
    1-….txt …     what the screen showed at certain moments, as text

    docs/grabacion/grabar.py [FOLDER OF THE PROGRAMS]        target/release unless given

It waits for file names, numbers and "SHA-256" or what the disk says, not for sentences, so that texts may change.
"""

import codecs
import fcntl
import hashlib
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata

COLUMNS, ROWS = 80, 24
HERE = pathlib.Path(__file__).resolve().parent
# Nothing takes longer than this, in seconds; a recording that does has failed.
PATIENCE = 120
# Bytes per second that each secondary sends, so that there is something to see.
UPLOAD = "2M"
FILES = {"pelicula.mp4": 60_000_000, "conferencia año 3.mkv": 45_000_000, "serie/capitulo 1.mp4": 30_000_000}
KEYS_EVERY = 0.07


class Screen:
    """A terminal as far as the programs use one: text, cursor movements, erasing, inserting and deleting lines."""

    CONTROL = re.compile(r"\x1b\[([?>=]?)([0-9;]*)([@-~])|\x1b[()][0-9A-B]|\x1b[=>78cDEHM]|\x1b\][^\x07]*\x07")

    def __init__(self):
        self.cells = [[" "] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0
        self.rest = ""

    def feed(self, text):
        text, self.rest = self.rest + text, ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = self.CONTROL.match(text, at)
                if not found:
                    if len(text) - at < 64:
                        self.rest = text[at:]
                        return
                    at += 1
                    continue
                if found.group(3):
                    if not found.group(1):
                        self.control(found.group(3), found.group(2))
                elif found.group() == "\x1bM":
                    self.row = max(0, self.row - 1)
                at = found.end()
            else:
                self.letter(text[at])
                at += 1

    def letter(self, letter):
        if letter == "\r":
            self.column = 0
        elif letter == "\n":
            self.line_feed()
        elif letter == "\b":
            self.column = max(0, self.column - 1)
        elif letter == "\t":
            self.column = min(COLUMNS - 1, self.column // 8 * 8 + 8)
        elif letter >= " ":
            if unicodedata.combining(letter):
                before = self.cells[self.row][max(0, self.column - 1)]
                self.cells[self.row][max(0, self.column - 1)] = before + letter
                return
            width = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
            if self.column + width > COLUMNS:
                self.column = 0
                self.line_feed()
            self.cells[self.row][self.column] = letter
            if width == 2:
                self.cells[self.row][self.column + 1] = ""
            self.column += width

    def line_feed(self):
        if self.row == ROWS - 1:
            self.cells = self.cells[1:] + [[" "] * COLUMNS]
        else:
            self.row += 1

    def control(self, what, numbers):
        values = [int(n) if n else 0 for n in numbers.split(";")]
        n = values[0] or 1
        self.column = min(self.column, COLUMNS - 1)
        if what == "A":
            self.row = max(0, self.row - n)
        elif what in "Be":
            self.row = min(ROWS - 1, self.row + n)
        elif what in "Ca":
            self.column = min(COLUMNS - 1, self.column + n)
        elif what == "D":
            self.column = max(0, self.column - n)
        elif what in "G`":
            self.column = min(COLUMNS, n) - 1
        elif what == "d":
            self.row = min(ROWS, n) - 1
        elif what in "Hf":
            self.row = min(ROWS, n) - 1
            self.column = min(COLUMNS, (values + [1])[1] or 1) - 1
        elif what == "J":
            self.erase_display(values[0])
        elif what == "K":
            first, last = {0: (self.column, COLUMNS), 1: (0, self.column + 1), 2: (0, COLUMNS)}[values[0]]
            self.cells[self.row][first:last] = [" "] * (last - first)
        elif what == "L":
            for _ in range(min(n, ROWS - self.row)):
                self.cells.insert(self.row, [" "] * COLUMNS)
                self.cells.pop()
        elif what == "M":
            for _ in range(min(n, ROWS - self.row)):
                self.cells.pop(self.row)
                self.cells.append([" "] * COLUMNS)
        elif what == "P":
            line = self.cells[self.row]
            self.cells[self.row] = (line[: self.column] + line[self.column + n :] + [" "] * n)[:COLUMNS]
        elif what == "@":
            line = self.cells[self.row]
            self.cells[self.row] = (line[: self.column] + [" "] * n + line[self.column :])[:COLUMNS]

    def erase_display(self, how):
        if how == 0:
            self.control("K", "0")
            rows = range(self.row + 1, ROWS)
        elif how == 1:
            self.control("K", "1")
            rows = range(self.row)
        else:
            rows = range(ROWS)
        for row in rows:
            self.cells[row] = [" "] * COLUMNS

    def text(self):
        lines = ["".join(line).rstrip() for line in self.cells]
        while lines and not lines[-1]:
            lines.pop()
        return "\n".join(lines) + "\n"


class Terminal:
    """A program in a pseudo-terminal, recorded."""

    def __init__(self, command, folder):
        self.began = time.monotonic()
        self.events = []
        self.screen = Screen()
        self.seen = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.chdir(folder)
            os.environ.update(TERM="xterm-256color", COLUMNS=str(COLUMNS), LINES=str(ROWS))
            os.execv(command[0], command)

    def read(self, seconds):
        """What comes within that time; False at the end."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        if not data:
            return False
        text = self.decoder.decode(data)
        self.events.append([round(time.monotonic() - self.began, 4), "o", text])
        self.screen.feed(text)
        self.seen += text
        return True

    def watch(self, seconds):
        """Lets it go on for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self.read(left):
            pass

    def until(self, what, holds):
        end = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > end or not self.read(0.2):
                sys.exit(f"never: {what}\n{self.screen.text()}")

    def wait_for(self, *texts, after=0):
        """Waits until each of the texts has been shown since a mark."""
        self.until(texts, lambda: all(text in self.seen[after:] for text in texts))

    def mark(self):
        return len(self.seen)

    def type(self, text, enter=True):
        """Types like a person."""
        for letter in text:
            os.write(self.fd, letter.encode())
            self.watch(KEYS_EVERY)
        if enter:
            self.watch(3 * KEYS_EVERY)
            os.write(self.fd, b"\r")
            self.watch(3 * KEYS_EVERY)

    def photograph(self, name):
        (HERE / f"{name}.txt").write_text(self.screen.text(), encoding="utf-8")

    def end(self):
        """Ctrl-D, and its exit code."""
        os.write(self.fd, b"\x04")
        while self.read(PATIENCE):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def save(self, path):
        header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "trozos", "env": {"TERM": "xterm-256color"}}
        lines = [header] + self.events
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        path.write_text(text, encoding="utf-8")


class Server:
    """A central or a secondary, with its output in a file."""

    def __init__(self, command, folder, name):
        self.log = folder / f"{name}.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def port(self):
        """The port that it prints first."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = re.search(r"127\.0\.0\.1:(\d+)\n", self.log.read_text(errors="replace"))
            if found:
                return int(found.group(1))
            time.sleep(0.05)
        sys.exit(f"it does not listen:\n{self.log.read_text(errors='replace')}")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=30)


def sha256(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def make_files(folder):
    digests = {}
    for name, length in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(length))
        digests[name] = sha256(path)
        # All have it from the start: copying is not what is shown here.
        for other in (2, 3):
            copy = folder.parent / f"videos{other}" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return digests


def record(programs, folder, servers):
    digests = make_files(folder / "data/videos1")
    local = ["--ip", "127.0.0.1", "--puerto", "0", "--sin-consola"]
    servers.append(Server([programs / "videocentral", *local], folder, "central"))
    port = str(servers[0].port())
    for number in ("1", "2", "3"):
        command = [programs / "videosecundario", *local, "--numero", number, "--ip-central", "127.0.0.1"]
        command += ["--puerto-central", port, "--limite-subida", UPLOAD]
        servers.append(Server(command, folder, f"secundario{number}"))
    for server in servers[1:]:
        server.port()

    command = [str(programs / "videocliente"), "--ip-central", "127.0.0.1", "--puerto-central", port, "--nombre", "ana"]
    terminal = Terminal(command, folder)
    terminal.wait_for("> ")
    terminal.watch(1)
    terminal.wait_for("ana")
    # The list is asked for until every secondary has everything.
    end = time.monotonic() + PATIENCE
    while True:
        before = terminal.mark()
        terminal.type("LISTA_VIDEOS")
        terminal.watch(0.7)
        shown = terminal.seen[before:]
        if all(name in shown for name in FILES) and shown.count("3 de 3") + shown.count("3 of 3") >= len(FILES):
            break
        if time.monotonic() > end:
            sys.exit(f"never level:\n{terminal.screen.text()}")
        terminal.watch(1)
    terminal.photograph("1-lista")

    before = terminal.mark()
    for name in FILES:
        terminal.type(f"VIDEO {name}")
        terminal.watch(0.5)
    terminal.wait_for("MB/s", after=before)
    terminal.watch(1.5)
    terminal.photograph("2-tres-descargas")

    # Somebody types while the lines above the prompt change.
    terminal.type("ESTA", enter=False)
    terminal.watch(1)
    terminal.photograph("3-escribiendo")
    terminal.type("DO")
    terminal.watch(1.5)
    terminal.photograph("4-estado")

    before = terminal.mark()
    servers[2].stop(signal.SIGKILL)
    terminal.wait_for("2", after=before)
    terminal.watch(2)
    terminal.photograph("5-un-secundario-muerto")

    target = folder / "data/descargas"
    terminal.until("all downloads", lambda: all((target / name).exists() for name in FILES))
    # What the end of a download prints, digest or not, is on the screen a moment after the file is there.
    terminal.watch(2)
    for name, digest in digests.items():
        if sha256(target / name) != digest:
            sys.exit(f"{name}: wrong bytes")
    terminal.photograph("6-completas")
    code = terminal.end()
    terminal.save(HERE / "trozos.cast")
    if code != 0:
        sys.exit(f"the client ended with {code}")


def main():
    programs = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent / "target/release").resolve()
    servers = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            record(programs, pathlib.Path(folder), servers)
        finally:
            for server in reversed(servers):
                server.stop()
    print("\n".join(str(path.relative_to(HERE)) for path in sorted(HERE.glob("*.txt")) + [HERE / "trozos.cast"]))


if __name__ == "__main__":
    main()
