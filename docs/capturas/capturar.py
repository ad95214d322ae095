#!/usr/bin/env python3
"""Takes the pictures of the central's page that the documentation shows, with nothing but Python's standard library and
Chromium, which it drives over its debugging pipe.

Starts a central and three secondaries of this machine with a few files, and clients that download slowly, so that there is
something to see. Writes, beside this file, the front page and the page of a file: in both languages, and the
front page dark as well, 1280 and 320 pixels wide. Every page is looked at in all of these, and may not be wider than its window.

    docs/capturas/capturar.py [FOLDER OF THE PROGRAMS] [FOLDER OF THE PICTURES]     target/release unless given
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
# Nothing takes longer than this, in seconds.
PATIENCE = 180
FILES = {
    "Documentales/El cielo de noche.mkv": 24_000_000,
    "Serie/Capítulo 1.mp4": 9_000_000,
    "Serie/Capítulo 2.mp4": 9_500_000,
    "Serie/Capítulo 10.mp4": 8_000_000,
    "Música/Canción del río.flac": 3_000_000,
    "Conferencia del año 3.mp4": 36_000_000,
    "Película.mp4": 48_000_000,
    "Sistema 12.iso": 61_000_000,
    "apuntes.txt": 3_000,
}
PORT = 50_480
PASSWORD = "una de ejemplo"


class Browser:
    """Chromium, spoken to over two pipes: JSON with a zero byte behind it."""

    def __init__(self, folder):
        ours, its_output = os.pipe()
        its_input, to_it = os.pipe()

        def pipes():
            # Its own are 3 and 4.
            os.dup2(its_input, 13), os.dup2(its_output, 14)
            os.dup2(13, 3), os.dup2(14, 4)
            os.set_inheritable(3, True), os.set_inheritable(4, True)

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--mute-audio",
             "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"],
            preexec_fn=pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(its_output), os.close(its_input)
        self.output, self.input, self.number, self.rest = ours, to_it, 0, b""
        target = self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})
        self.session = attached["sessionId"]
        self.ask("Page.enable")

    session = None

    def ask(self, method, params=None):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params or {}}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.input, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                piece = os.read(self.output, 1 << 16)
                if not piece:
                    raise SystemExit("the browser has ended")
                self.rest += piece
            answer, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(answer)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]

    def value(self, expression):
        answer = self.ask("Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True})
        if "exceptionDetails" in answer:
            raise SystemExit(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def show(self, address, width, scheme, height=900):
        self.ask("Emulation.setDeviceMetricsOverride",
                 {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
        self.ask("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.ask("Page.navigate", {"url": address})
        wait("the page", lambda: self.value("document.readyState") == "complete" and self.value("location.href") == address)

    def picture(self, path):
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 4000), "scale": 1}
        taken = self.ask("Page.captureScreenshot", {"format": "png", "clip": clip, "captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(taken["data"]))
        print(path.name, int(size["width"]), int(size["height"]))


def wait(what, ask):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if found := ask():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{what} does not come")


def noise(length, seed):
    """Bytes that look like a film's: no two files have anything in common."""
    import random
    return random.Random(seed).randbytes(length)


def asked(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=10) as answer:
        return json.load(answer)


def main():
    programs = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent / "target/release").resolve()
    pictures = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else HERE).resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="trozos-capturas-"))
    running = []

    def start(program, *arguments):
        log = open(folder / f"{len(running)}.log", "wb")
        line = [programs / program, *arguments, "--estadisticas", folder / "stats", "--socket", "no", "--sin-consola"]
        if program == "videocliente":
            line = [programs / program, *arguments]
        running.append(subprocess.Popen(line, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    try:
        served = folder / "videos1"
        for seed, (name, length) in enumerate(FILES.items()):
            path = served / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(noise(length, seed))
        password = folder / "contrasena"
        password.write_text(PASSWORD)
        password.chmod(0o600)
        start("videocentral", "--ip", "127.0.0.1", "--puerto", str(PORT), "--max-clientes", "3",
              "--admin-contrasena-archivo", password)
        for number in (1, 2, 3):
            start("videosecundario", "-n", str(number), "--ip", "127.0.0.1", "--puerto", str(PORT + number),
                  "--ip-central", "127.0.0.1", "--puerto-central", str(PORT), "--directorio", folder / f"videos{number}",
                  "--admin-contrasena-archivo", password)
        wait("the cluster", lambda: asked("/api/v1/status")["status"]["level"]
             and asked("/api/v1/status")["status"]["files"] == len(FILES)
             and all(row["files"] == len(FILES) for row in asked("/api/v1/status")["status"]["secondaries"])
             and len(asked("/api/v1/status")["status"]["secondaries"]) == 3)
        slow()
        for client, name in [("ana", "Película.mp4"), ("blas", "Sistema 12.iso"), ("carmen", "Conferencia del año 3.mp4"),
                             ("dora", "Documentales/El cielo de noche.mkv"), ("elena", "Serie/Capítulo 1.mp4")]:
            start("videocliente", "descargar", name, "--ip-central", "127.0.0.1", "--puerto-central", str(PORT),
                  "--nombre", client, "--destino", folder / client)
        wait("downloads", lambda: sum(row["sent_bytes"] > 2e6 for row in asked("/api/v1/downloads")["downloads"]) >= 2
             and asked("/api/v1/queue")["queue"])
        browser = Browser(folder / "chromium")
        try:
            pages(browser, pictures)
        finally:
            browser.process.kill()
    finally:
        for process in reversed(running):
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def slow():
    """Secondaries send little from now on, so that downloads can be looked at."""
    fields = {"Authorization": "Basic " + base64.b64encode(f":{PASSWORD}".encode()).decode(),
              "Content-Type": "application/json", "X-Trozos": "1"}
    limit = json.dumps({"upload_bytes_per_s": 500_000}).encode()
    for number in (1, 2, 3):
        address = f"http://127.0.0.1:{PORT + number}/api/v1/limits"
        urllib.request.urlopen(urllib.request.Request(address, limit, fields), timeout=10).close()


def pages(browser, pictures):
    own = f"http://127.0.0.1:{PORT}"
    name = urllib.parse.quote("Serie/Capítulo 2.mp4")
    for language in ("es", "en"):
        for page, path in (("portada", "/"), ("fichero", f"/p/{name}")):
            for width, scheme in ((1280, "light"), (1280, "dark"), (320, "light"), (320, "dark")):
                browser.show(f"{own}{path}?idioma={language}", width, scheme)
                if page == "portada":
                    wait("a download", lambda: browser.value("document.querySelector('#descargas').textContent.includes('/s')"))
                check(browser)
                if (width, scheme) == (1280, "light"):
                    browser.picture(pictures / f"{page}-{language}.png")
                elif page == "portada" and scheme == "dark":
                    browser.picture(pictures / f"{page}-{language}-{width}.png")


def check(browser):
    """Nothing is wider than the window."""
    wide = browser.value("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        raise SystemExit(f"{wide} pixels too wide")


main()
