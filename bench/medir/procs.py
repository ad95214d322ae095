"""Processes: started, measured, always ended. Times in seconds, memory in bytes."""

import atexit
import contextlib
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
TICKS = os.sysconf("SC_CLK_TCK")
_running = []
# Texts are waited for.
os.environ["TROZOS_IDIOMA"] = "es"


# Another than "release" only where a figure does not depend on it.
PROFILE = os.environ.get("BENCH_PROFILE", "release")


_built_in = TARGET


@contextlib.contextmanager
def built_in(target):
    """For a while trozos' programs are those of another target folder."""
    global _built_in
    before, _built_in = _built_in, pathlib.Path(target)
    try:
        yield
    finally:
        _built_in = before


def ours(name):
    """The path of one of trozos' programs."""
    return str(_built_in / PROFILE / name)


def tool(name):
    """The path of one of the bench package's programs."""
    return str(TARGET / "bench" / "release" / name)


def in_namespace(namespace, command):
    """A command, to be run in a network namespace; None is this one."""
    return command if namespace is None else ["ip", "netns", "exec", namespace, *command]


class Process:
    """A program that runs until it is stopped."""

    def __init__(self, command, log, namespace=None, cwd=None):
        self.log = pathlib.Path(log)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "wb") as out:
            self.child = subprocess.Popen(
                in_namespace(namespace, command), stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, cwd=cwd, start_new_session=True)
        _running.append(self)

    def wait_for(self, text, seconds=600, times=1):
        """Waits until its output has a text."""
        self.wait_until(lambda log: log.count(text) >= times, text, seconds)

    def wait_until(self, holds, what, seconds=600):
        """Waits until something is true of its output."""
        deadline = time.monotonic() + seconds
        while not holds(self.log.read_text(errors="replace")):
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.log}: no «{what}»:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def signal(self, number):
        os.killpg(self.child.pid, number)

    def stop(self):
        """Ends it by SIGTERM, or by force."""
        if self in _running:
            _running.remove(self)
        if self.child.poll() is None:
            try:
                self.signal(signal.SIGCONT)
                self.signal(signal.SIGTERM)
                self.child.wait(5)
            except (subprocess.TimeoutExpired, ProcessLookupError):
                try:
                    self.signal(signal.SIGKILL)
                except ProcessLookupError:
                    pass
                self.child.wait()

    def cpu(self):
        """CPU seconds that it and its children have used."""
        total = 0.0
        for pid in tree(self.child.pid):
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += (int(fields[11]) + int(fields[12])) / TICKS
            except (FileNotFoundError, ProcessLookupError):
                pass
        return total

    def peak_rss(self):
        """The most memory that it has held."""
        for line in pathlib.Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0


def tree(pid):
    """A process and its descendants."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                found += tree(int(child))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def run(command, namespace=None, stdin=b"", during=None, timeout=600, cwd=None):
    """Runs a command to its end: wall and CPU seconds, peak memory, what it printed. `during` is called
    with the running process. A failure raises."""
    began = time.monotonic()
    reader, writer = os.pipe()
    child = subprocess.Popen(
        in_namespace(namespace, command), stdin=subprocess.PIPE, stdout=writer,
        stderr=subprocess.STDOUT, cwd=cwd, start_new_session=True)
    os.close(writer)
    child.stdin.write(stdin)
    child.stdin.close()
    helper = None
    if during is not None:
        import threading
        helper = threading.Thread(target=during, args=(child,), daemon=True)
        helper.start()
    text = b""
    os.set_blocking(reader, False)
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        try:
            text += os.read(reader, 1 << 16)
        except BlockingIOError:
            pass
        if pid:
            break
        if time.monotonic() - began > timeout:
            os.killpg(child.pid, signal.SIGKILL)
            os.wait4(child.pid, 0)
            raise RuntimeError(f"{command[0]}: not over after {timeout} s: {text.decode(errors='replace')[-2000:]}")
        time.sleep(0.001)
    took = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    while True:
        try:
            more = os.read(reader, 1 << 16)
        except BlockingIOError:
            break
        if not more:
            break
        text += more
    os.close(reader)
    if helper is not None:
        helper.join()
    if child.returncode != 0:
        raise RuntimeError(f"{command}: exit {child.returncode}: {text.decode(errors='replace')[-2000:]}")
    return {"seconds": took, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss * 1024,
            "text": text.decode(errors="replace")}


@atexit.register
def stop_all():
    """Leaves nothing running."""
    for process in list(_running):
        process.stop()
