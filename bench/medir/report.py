"""bench/RESULTS.md from the figures."""

import pathlib
import platform
import statistics
import subprocess

from . import figures as counting, micro, peers, procs
from .compare import ratio, summary
from .lan import PAYLOAD

GIB = 1 << 30
MIB = 1 << 20
OURS = "trozos"
NOTES = procs.ROOT / "bench" / "NOTES.md"


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    except (FileNotFoundError, IndexError):
        return "not there"


def machine():
    """What it was measured on."""
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    model = next(line.split(":")[1].strip() for line in cpu.splitlines() if line.startswith("model name"))
    flags = next(line for line in cpu.splitlines() if line.startswith("flags")).split()
    memory = pathlib.Path("/proc/meminfo").read_text().split()[1]
    return {
        "cpu": f"{cpu.count('processor')} × {model}, " + ", ".join(
            f"{'with' if flag in flags else 'without'} {name}"
            for flag, name in [("sha_ni", "SHA instructions"), ("avx512f", "AVX-512")]),
        "memory": f"{int(memory) / MIB:.1f} GiB",
        "kernel": f"Linux {platform.release()}",
        "trozos": first_line(procs.ours("videocliente"), "--version"),
        "aria2": first_line("aria2c", "--version"),
        "nginx": first_line("nginx", "-v"),
        "curl": first_line("curl", "--version").split(" libcurl")[0],
        "axel": first_line("axel", "--version"),
        "rsync": first_line("rsync", "--version"),
        "rqbit": first_line(str(peers.RQBIT), "--version"),
        "openssl": first_line("openssl", "version"),
    }


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---" if i == 0 else "--:" for i in range(len(head))) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def times(runs, size=None, ours=OURS):
    """A table of variants: seconds, ratio to ours, CPU and memory where known."""
    head = ["", "median s", "min", "max", f"× {ours}"]
    with_cpu = size is not None and any("server_cpu" in run for of in runs.values() for run in of)
    if with_cpu:
        head += ["CPU s/GiB receiving", "sending", "peak MiB"]
    rows = []
    for name, of in runs.items():
        figure = summary(of)
        row = [f"**{name}**" if name == ours else name, f"{figure['median']:.2f}", f"{figure['min']:.2f}",
               f"{figure['max']:.2f}", f"{ratio(runs[ours], of):.2f}"]
        if with_cpu:
            per_gib = lambda key: statistics.median(run.get(key, 0) for run in of) / (size / GIB)
            row += [f"{per_gib('cpu'):.2f}", f"{per_gib('server_cpu'):.2f}",
                    f"{max(run.get('rss', 0) for run in of) / MIB:.0f}"]
        rows.append(row)
    return table(head, rows)


def verdicts(rows):
    """Targets: what was asked, what was measured, whether it holds."""
    return table(["target", "measured", ""], [[what, measured, "met" if met else "**missed**"] for what, measured, met in rows])


def wasted(runs):
    return max(run["wasted"] for run in runs)


def loopback(figures):
    size = figures["bytes"]
    text = f"""## Loopback

One random file of {size / GIB:.2f} GiB, three secondaries against three nginx (one process each, sendfile), all on one
machine, files in the page cache, the target removed before each run and compared byte for byte after it. `×` is the
median over rounds of that program's time divided by ours in the same round. trozos verifies every chunk; with the
target on the disk it also flushes it before it gives the file its name, which the peers do not do.
The limit program is `bench/src/bin/limite.rs`: three threads that call sendfile, three that receive, hash and
pwrite; no protocol.

"""
    for place, title in [("memory", "Target in memory (tmpfs)"), ("disk", "Target on the disk")]:
        if place not in figures:
            continue
        runs = figures[place]
        text += f"### {title}\n\n" + times(runs, size)
        us = runs[OURS]
        against = lambda name: ratio(us, runs[name])
        limit = 1 / against("limit program, SHA-256 in lanes")
        rows = [("≥ 1.3 × as fast as aria2c", "aria2c", 1.3),
                ("≥ 2.3 × as fast as aria2c with Metalink", "aria2c, Metalink with SHA-256", 2.3),
                ("no slower than one curl, which verifies nothing", "curl, one server", 1.0)]
        text += "\n" + verdicts(
            [(what, f"{against(name):.2f}", against(name) >= least) for what, name, least in rows if name in runs]
            + [("≤ 1.10 × the limit program", f"{limit:.2f}", limit <= 1.10)]) + "\n"
    if "protected" in figures:
        runs = figures["protected"]
        text += """### With a secret, and within TLS

Three clusters of ours hold the same file; one after the other is downloaded from, into memory. The secret is
proven once per connection, and each program stretches it at its start; within TLS every byte is encrypted, decrypted
and copied twice more, and no file is sent by the kernel.

""" + times(runs, size) + "\n"
    return text


def lan(figures):
    size = figures["bytes"]
    text = f"""## A LAN in network namespaces

A bridge, a namespace per node, every server's uplink shaped by `tbf`; {size / MIB:.0f} MiB unless said otherwise.
All nodes use CUBIC, as Linux does by itself. "Ideal split" is three curls, each fetching from one server the part that its uplink deserves: what the network can
do when everything is known beforehand. Bounds with a fault are that, and two servers for the rest.

"""
    if "asymmetric" in figures:
        runs = figures["asymmetric"]["runs"]
        over = 1 / ratio(runs[OURS], runs["ideal split (three curls)"])
        text += "### Uplinks of 100, 200 and 300 Mbit/s\n\n" + times(runs) + "\n" + verdicts([
            ("within 2 % of the ideal split", f"{(over - 1) * 100:+.1f} %", over <= 1.02),
            ("wasted bytes under 1 %", f"{wasted(runs[OURS]) * 100:.2f} %", wasted(runs[OURS]) < 0.01)]) + "\n"
    for key, title in [("kill", "SIGKILL of one of three equal servers (200 Mbit/s) at a third"),
                       ("stop", "SIGSTOP of one at a third"),
                       ("cut", "One uplink cut to 1 Mbit/s half-way")]:
        if key not in figures:
            continue
        part = figures[key]
        runs, bound = part["runs"], part["bound"]
        median = summary(runs[OURS])["median"]
        text += f"### {title}\n\nIdeal without the fault {part['ideal']:.2f} s, fault at {part['moment']:.2f} s, bound "
        text += f"{bound:.2f} s.\n\n" + times(runs) + "\n"
        if key == "kill":
            asked = ("within 3 % of the bound", f"{(median / bound - 1) * 100:+.1f} %", median <= bound * 1.03)
        else:
            asked = ("within 1 s of the bound", f"{median - bound:+.2f} s", median <= bound + 1)
        text += verdicts([asked, ("wasted bytes under 5 %", f"{wasted(runs[OURS]) * 100:.2f} %",
                                  wasted(runs[OURS]) < 0.05)]) + "\n"
    if "small" in figures:
        text += "### Thirty small files on 3 × 200 Mbit/s\n\n"
        for each, runs in figures["small"].items():
            one = "one file, trozos"
            cost = ratio(runs[one], runs["thirty files, trozos"])
            text += f"{int(each) / MIB:.0f} MiB each:\n\n" + times(runs, ours=one) + "\n" + verdicts([
                ("≤ 1.2 × one file of their size", f"{cost:.2f}", cost <= 1.2)]) + "\n"
    if "ten" in figures:
        runs = figures["ten"]["runs"][OURS]
        fair = statistics.median(run["slowest_to_fastest"] for run in runs)
        fill = statistics.median(run["fill"] for run in runs)
        text += f"### Ten clients at once on 3 × 200 Mbit/s, {size / MIB:.0f} MiB each\n\n" + verdicts([
            ("slowest ≤ 1.2 × fastest", f"{fair:.2f}", fair <= 1.2),
            ("97 % of the uplinks filled", f"{fill * 100:.1f} %", fill >= 0.97),
            ("wasted bytes under 1 %", f"{wasted(runs) * 100:.2f} %", wasted(runs) < 0.01)]) + "\n"
        if "ten_bbr" in figures:
            runs = figures["ten_bbr"]["runs"][OURS]
            fair = statistics.median(run["slowest_to_fastest"] for run in runs)
            fill = statistics.median(run["fill"] for run in runs)
            text += f"With BBR instead of CUBIC in all nodes: slowest {fair:.2f} × fastest, {fill * 100:.1f} % filled.\n\n"
        if "ten_queues" in figures:
            runs = figures["ten_queues"]["runs"][OURS]
            fair = statistics.median(run["slowest_to_fastest"] for run in runs)
            fill = statistics.median(run["fill"] for run in runs)
            text += f"With a queue for each client at every server, as fq_codel has by default: slowest {fair:.2f} × fastest, {fill * 100:.1f} % filled.\n\n"
        if "ten_builds" in figures:
            text += ten_builds(figures["ten_builds"]["runs"])
        text += f"Filled: the time that the uplinks need for all bytes as payload of full frames ({figures['ten']['bound']:.2f} s), divided by that of the last client.\n\n"
    if "delay" in figures:
        text += "### 40 ms of round trip, by a relay that holds every byte for 20 ms each way\n\n"
        text += times(figures["delay"]["runs"]) + "\n"
    return text


def ten_builds(groups):
    text = "| | slowest / fastest, median | min | max | filled |\n|---|--:|--:|--:|--:|\n"
    for name, runs in groups.items():
        fair = sorted(run["slowest_to_fastest"] for run in runs)
        fill = statistics.median(run["fill"] for run in runs)
        text += f"| {name} | {statistics.median(fair):.2f} | {fair[0]:.2f} | {fair[-1]:.2f} | {fill * 100:.1f} % |\n"
    return text + "\n"


def waste(figures):
    sizes = ", ".join(str(size) for size in figures["sizes"])
    built = "" if figures["profile"] == "release" else "\nThe programs were built without optimisation."
    text = f"""## What is sent twice, without faults

Files of {sizes} MiB over loopback, each {figures["rounds"]} times, from three healthy
secondaries. A busy machine: processes that do nothing but count, two or three times as many as there are cores.{built}

"""
    share = lambda runs: sum(run["wasted"] for run in runs) / sum(run["bytes"] for run in runs)
    rows = [[name, f"{share(runs) * 100:.2f} %", str(sum(run["retries"] for run in runs)),
             f"{sum(run['seconds'] for run in runs) / len(runs):.2f}"] for name, runs in figures["runs"].items()]
    text += table(["", "sent twice", "chunks asked for again", "mean s"], rows) + "\n"
    worst = max(share(runs) for runs in figures["runs"].values())
    return text + verdicts([("wasted bytes under 1 %", f"{worst * 100:.2f} %", worst < 0.01)]) + "\n"


def faults(figures):
    sent = figures["bytes"]
    share = lambda key: 100 * sent[key] / sent["received"]
    text = f"""## Faults: chaos over the real programs

{figures["seconds"]} s of random faults (seed {figures["seed"]}; `tests/chaos.rs`), a central, three secondaries on uplinks of
{figures["rate_bytes_per_s"] * 8 / 1e6:.0f} Mbit/s of payload, {figures["clients"]} clients with two downloads each, every node in a namespace of
its own. At the end everything is healed, and every finished file has had the right SHA-256, folders are level, books
add up, and no process, descriptor or part file is left.

*Recovery*: from the fault (for the central: from its new start) to the beginning of the first 200 ms in which all
receivers together get 80 % of what the uplinks that are left can give. Near 0 means that the others' uplinks stayed
full. *Silence*: the longest time for which a client with a running download, itself unharmed, got nothing at all,
if it began before the recovery or in the 3 s after the fault. Faults that hit while the uplinks were not loaded, or
that the central's absence overlapped, are not counted.

"""
    three = lambda of: [f"{of[key]}" for key in ["p50", "p99", "worst"]] if of else ["–"] * 3
    text += table(["", "faults", "recovery p50 ms", "p99", "worst", "silence p50 ms", "p99", "worst"], [
        [kind, str(of["samples"]), *three(of["recovery_ms"]), *three(of["silence_ms"])]
        for kind, of in figures["faults"].items()])
    text += f"""
{figures["downloads"]} downloads were counted, of {sent["payload"] / 1e9:.1f} GB. In per cent of the bytes that were received and kept,
{share("wasted"):.2f} more were sent in vain, and {share("unconfirmed"):.2f} to clients that were killed.
"""
    done = ", ".join(f"{what} {count}" for what, count in sorted(figures["acts"].items()))
    return text + f"What was done: {done}.\n\n"


def scale(figures):
    text = "## Memory, many clients, many files\n\n"
    rows = []
    if "client_memory" in figures:
        part = figures["client_memory"]
        rows.append((f"client under 64 MiB for a file, from one secondary, of {part['bytes'] / GIB:.0f} GiB",
                     f"{part['rss'] / MIB:.0f} MiB", part["rss"] < 64 * MIB))
    if "stream_memory" in figures:
        part = figures["stream_memory"]
        rows.append((f"client under 64 MiB for {part['bytes'] / GIB:.0f} GiB in order to a pipe whose reader is slow at first",
                     f"{part['rss'] / MIB:.0f} MiB", part["rss"] < 64 * MIB))
    if "secondary_memory" in figures:
        part = figures["secondary_memory"]
        rows.append((f"secondary under 64 MiB with {part['clients']} clients downloading",
                     f"{part['rss'] / MIB:.0f} MiB, {part['failed']} failed", part["rss"] < 64 * MIB and not part["failed"]))
    if "catalogues" in figures:
        counts = sorted(figures["catalogues"], key=int)
        few, many = (figures["catalogues"][count] for count in (counts[0], counts[-1]))
        rows.append((f"central under 64 MiB with 1,000 idle clients and {int(counts[-1]):,} files",
                     f"{many['idle']['central_rss'] / MIB:.0f} MiB", many["idle"]["central_rss"] < 64 * MIB))
        first = lambda part: statistics.median(run["p50_ms"] for run in part["first_byte"])
        rows.append((f"first byte with {int(counts[-1]):,} files ≤ 1.2 × that with {counts[0]}",
                     f"{first(many):.2f} ms against {first(few):.2f} ms, {first(many) / first(few):.2f}",
                     first(many) <= 1.2 * first(few)))
        for count, part in [(counts[0], few), (counts[-1], many)]:
            p99 = statistics.median(run["probe"]["p99_ms"] for run in part["waiting"])
            failed = sum(run["failed"] for run in part["waiting"])
            rows.append((f"p99 of a listing ≤ 50 ms while 1,000 clients connect, list and wait, {int(count):,} files",
                         f"{p99:.1f} ms, {failed} failed", p99 <= 50 and not failed))
    if "dead_weight" in figures:
        part = figures["dead_weight"]
        speed = 1 / ratio(part["runs"]["alone"], part["runs"]["beside them"])
        rows.append((f"a client beside {part['idle']:,} idle and {part['slow']} slow ones of the same secondary has ≥ 80 % "
                     "of its speed alone", f"{speed * 100:.0f} %, secondary {part['rss'] / MIB:.0f} MiB", speed >= 0.8))
    text += verdicts(rows) + "\n"
    if "catalogues" in figures:
        text += "A page of the listing is at most 48 KiB. Time from the program's start until a client may download: "
        text += ", ".join(f"{figures['catalogues'][count]['ready_seconds']:.1f} s with {int(count):,} files"
                          for count in counts) + ".\n"
        worst = [statistics.median(run["first"]["p99_ms"] for run in part["waiting"]) for part in (few, many)]
        text += f"The first listings of the 1,000 clients themselves, all asked for at once: p99 {worst[0]:.0f} ms and "
        text += f"{worst[1]:.0f} ms.\n\n"
    if "indexing" in figures:
        part = figures["indexing"]
        text += "## Indexing a folder\n\nFrom the program's start until everything is served: the SHA-256 of each chunk "
        text += "and of the whole.\n\n"
        text += times(part["large"], ours="index of one file") + "\n" + times(part["many"], ours="index of 256 files")
        cost = 1 / ratio(part["large"]["index of one file"], part["large"]["openssl dgst -sha256"])
        again = summary(part["large"]["the same, unchanged since"])["median"]
        text += "\n" + verdicts([
            (f"{part['bytes'] / GIB:.0f} GiB in ≤ 1.3 × `openssl dgst -sha256`", f"{cost:.2f}", cost <= 1.3),
            ("unchanged files are not read again", f"{again:.2f} s", again < 0.5)]) + "\n"
    if "copying" in figures:
        part = figures["copying"]
        alone = summary(part["alone"])["median"]
        both = summary(part["with_client"])["median"]
        client = summary(part["with_client"], "client_seconds")["median"]
        ideal = part["bytes"] * 8 / 400e6 / PAYLOAD
        text += f"""## Copies between secondaries

A third secondary with an empty folder joins two on uplinks of 200 Mbit/s: {part['bytes'] / MIB:.0f} MiB.

""" + table(["", "s"], [
            ["the two uplinks alone could do it in", f"{ideal:.2f}"],
            ["the copy alone, from the start of the third's process", f"{alone:.2f}"],
            ["the copy, while a client downloads the same file", f"{both:.2f}"],
            ["that client", f"{client:.2f}"]]) + "\n" + verdicts([
                ("a copy takes at most half of an uplink from a client", f"the client needed {client / ideal:.2f} × the time "
                 "of the two uplinks for itself", client <= 2.1 * ideal)]) + "\n"
    return text


def changes(figures):
    text = "## When little has changed\n\nOne server of each on loopback, files in the page cache. *Moved* is what went over "
    text += "the connections: for trozos the payload that secondaries sent, for rsync what its statistics say, both ways.\n\n"
    titles = {
        "append": "### 1 MiB appended to {size:.2f} GiB; the receiver has the older version\n\n",
        "rename": "### {size:.2f} GiB under another name; the receiver has it under the old one\n\n"
                  "trozos has no command for this: a second server follows the first, and the time counts from the rename, "
                  "with what it takes to notice and to be sure that the old name is gone.\n\n",
        "sparse": "### A sparse image of {size:.2f} GiB that has {space:.2f} MiB on the disk\n\n"}
    for name, title in titles.items():
        part = figures.get(name)
        if part is None:
            continue
        text += title.format(size=part["bytes"] / GIB, space=part.get("space", 0) / MIB)
        with_space = name == "sparse"
        rows = []
        for variant, runs in part["runs"].items():
            seconds = summary(runs)
            row = [f"**{variant}**" if OURS in variant else variant, f"{seconds['median']:.2f}", f"{seconds['min']:.2f}",
                   f"{seconds['max']:.2f}", f"{statistics.median(run['moved'] for run in runs) / MIB:.2f}"]
            if with_space:
                row.append(f"{statistics.median(run['space'] for run in runs) / MIB:.2f}")
            rows.append(row)
        head = ["", "median s", "min", "max", "MiB moved"] + (["MiB on the disk"] if with_space else [])
        text += table(head, rows) + "\n"
    return text


def of_build(part):
    """Says of which build figures are that are not of the usual one."""
    return "Of a development build.\n\n" if part.get("profile") == "debug" else ""


def watching(part):
    """First byte, seeks and the death of a secondary."""
    rows, checks = [], []
    for name, of in part.items():
        if name == "profile":
            continue
        way, chunk = name.split(" ")
        way = {"client": "`videocliente ver`", "central": "`/ver` of the central"}[way]
        seeks = sorted(of["seeks"])
        ms = lambda seconds: f"{seconds * 1000:.0f}"
        rows.append([way, chunk, ms(of["first"]), ms(seeks[len(seeks) // 2]), ms(seeks[-1]), ms(of["gap"])])
        of_what = f"{way}, {chunk} MiB"
        checks += [(f"{of_what}: first byte ≤ 300 ms", ms(of["first"]), of["first"] <= 0.3),
                   (f"{of_what}: seek ≤ 500 ms", ms(seeks[-1]), seeks[-1] <= 0.5),
                   (f"{of_what}: a dead secondary starves it ≤ 500 ms", ms(of["gap"]), of["gap"] <= 0.5)]
    return """### Watching, on a LAN of three secondaries of 200 Mbit/s each

Network namespaces. The first byte has connections and digests in it, and through the central its question as well; twenty seeks after
0.3 s of reading as fast as it comes; a film of 5 MB/s, whose second secondary is killed by SIGKILL after four seconds.

""" + of_build(part) + table(["", "chunk MiB", "first byte ms", "seek, median", "worst", "longest gap"], rows) + "\n" + verdicts(checks) + "\n"


def web(figures):
    size = figures["bytes"]
    text = "## By HTTP, beside web servers\n\n"
    if "one_server" in figures:
        part = figures["one_server"]
        text += f"""### One file of {size / GIB:.2f} GiB by curl, from a secondary and from nginx

nginx is one process with sendfile. The kernel sends most of a secondary's answer as well. Into nothing (`curl -o /dev/null`), which
shows the senders:

""" + times(part["nowhere"], size) + "\nInto memory (tmpfs):\n\n" + times(part["memory"], size) + "\n" + verdicts([
            (f"≥ 0.9 × nginx, {place}", f"{ratio(runs[OURS], runs['nginx']):.2f}", ratio(runs[OURS], runs["nginx"]) >= 0.9)
            for place, runs in [("into nothing", part["nowhere"]), ("into memory", part["memory"])]]) + "\n"
    if "metalink" in figures:
        part = figures["metalink"]
        runs = part["runs"]
        fast = ratio(runs[OURS], runs["three nginx"])
        text += f"""### {part['bytes'] / MIB:.0f} MiB by aria2c, from three

aria2c with its own defaults by the central's Metalink, and by the same one with three nginx in place of the secondaries: the same
pieces, which aria2c verifies in both.

""" + times(runs, part["bytes"]) + "\n" + verdicts([("≥ 1.0 × three nginx", f"{fast:.2f}", fast >= 0.995)]) + "\n"
    if "gateway" in figures:
        part = figures["gateway"]
        text += f"""### {part['bytes'] / MIB:.0f} MiB watched through a gateway, by curl

`/ver` of the central, which fetches from three secondaries and keeps nothing, and the stream of an rqbit which fetches from three
seeders into its file. Asked for in one go, into memory; the first byte counts from the question, which is the torrent for rqbit.

""" + times(part["runs"], part["bytes"]) + "\n" + table(
            ["", "first byte, median ms", "worst"],
            [[name, f"{first['median']:.0f}", f"{first['max']:.0f}"]
             for name, first in ((name, summary(runs, "first_ms")) for name, runs in part["runs"].items())]) + "\n"
    if "metrics" in figures:
        part = figures["metrics"]
        text += f"### `/metrics` with {part['files']:,} files\n\nA hundred looks, 50 ms apart.\n\n" + of_build(part) + table(
            ["", "p50 ms", "p99", "worst", "CPU ms of a look", "KiB"],
            [[name, f"{part[name]['p50_ms']:.1f}", f"{part[name]['p99_ms']:.1f}", f"{part[name]['worst_ms']:.1f}",
              f"{part[name].get('cpu_ms', 0):.1f}", f"{part[name]['bytes'] / 1024:.0f}"] for name in ["central", "secondary"]]) + "\n" + verdicts([
                (f"{name}: ≤ 20 ms", f"{part[name]['p99_ms']:.1f} ms", part[name]["p99_ms"] <= 20)
                for name in ["central", "secondary"]]) + "\n"
        if "pages" in part:
            text += "The page, twenty looks each:\n\n" + table(
                ["", "p50 ms", "worst", "KiB"],
                [[f"`{path}`", f"{look['p50_ms']:.1f}", f"{look['worst_ms']:.1f}", f"{look['bytes'] / 1024:.0f}"]
                 for path, look in part["pages"].items()]) + "\n"
    if "stream" in figures:
        text += watching(figures["stream"])
    if "events" in figures:
        part = figures["events"]
        row = lambda name, of: [name, f"{of['cpu'] / part['seconds'] * 1000:.1f}", f"{of['rss'] / MIB:.0f}",
                                f"{of['bytes'] / part['seconds'] / 1024:.1f}", str(of["polls"])]
        text += f"""### {part['pages']} pages that follow what happens, for {part['seconds']} s

While a client downloads. 64 of them have a stream of events, three of each address; the others ask for the page again every ten seconds.

""" + of_build(part) + table(["", "CPU ms of the central in each second", "peak MiB", "KiB/s to all", "pages asked for"],
            [row("no page", part["none"]), row(f"{part['pages']} pages", part["all"])]) + "\n"
    if "idle" in figures:
        part = figures["idle"]
        row = lambda name, flag: [name, f"{part[flag]['cpu'] / part['seconds'] * 1000:.2f}", f"{part[flag]['rss'] / MIB:.0f}"]
        text += f"### A cluster of which nobody asks anything, for {part['seconds']} s\n\n" + table(
            ["a central and three secondaries", "CPU ms in each second", "peak MiB of the largest"],
            [row("with HTTP", "si"), row("without", "no")]) + "\n"
    return text


def crowd(part, most=None):
    """What a crowd took, beside what nobody can do better than."""
    rows = []
    for name, of in part["runs"].items():
        row = [f"**{name}**" if name == OURS else name]
        row += [f"{statistics.median(run[key] for run in of):.1f}" for key in ["median", "slowest", "seconds"]]
        row += [f"{statistics.median(run['seconds'] for run in of) / part['bound']:.2f}",
                f"{statistics.median(run['copies'] for run in of):.1f}", f"{max(run['client_rss'] for run in of) / MIB:.0f}"]
        rows.append(row)
    text = table(["", "median client s", "slowest client", "all", "× bound", "copies from the servers", "peak MiB of a client"], rows)
    if most is not None:
        took = statistics.median(run["seconds"] for run in part["runs"][OURS]) / part["bound"]
        text += "\n" + verdicts([(f"≤ {most:.2f} × the bound of {part['bound']:.1f} s", f"{took:.2f}", took <= most)])
    return text + "\n"


def swarm(figures):
    text = """## Many clients that start the same file at once

A campus of network namespaces on one machine: the uplinks of three secondaries and of all clients are shaped, downlinks are not.
Times count from the first start to the last end; clients come within half a second and leave when they are done. The bound is fluid:
what all uplinks together send, as if everybody had always something that everybody else lacks.

"""
    for name, title, most in [
            ("flash", "Twenty of 20 Mbit/s, from three of 50", 1.2),
            ("mixed", "Nine of 4, 20 and 200 Mbit/s, from three of 50", 1.25),
            ("killed", "At a third a secondary and two clients are killed, and one client stops", 1.2),
            ("half", "Five of twenty do not share", 1.2),
            ("line", "Twenty where five may download at once", 1.2),
            ("long", "Six of 100 Mbit/s, from three of 100, three thousand chunks", 1.1)]:
        if name in figures:
            part = figures[name]
            text += f"### {title}: {part['bytes'] / MIB:.0f} MiB\n\n" + crowd(part, most)
            if name == "flash":
                copies = statistics.median(run["copies"] for run in part["runs"][OURS])
                text += verdicts([("≤ 6.5 copies from the secondaries", f"{copies:.1f}", copies <= 6.5)]) + "\n"
    if "arrivals" in figures:
        part = figures["arrivals"]
        text += f"### Twenty over 30 s: {part['bytes'] / MIB:.0f} MiB\n\n" + crowd(part)
    if "few" in figures:
        text += "### Never worse than without peers\n\n" + verdicts([
            (f"{name}: ≤ 1.05 × without", f"{1 / ratio(part['runs'][OURS], part['runs']['trozos, without peers']):.2f}",
             ratio(part["runs"][OURS], part["runs"]["trozos, without peers"]) >= 1 / 1.05)
            for name, part in figures["few"].items()]) + "\n"
    return text


def shelf(figures):
    size = figures["bytes"]
    text = f"""## A bucket behind secondaries

One file of {size / GIB:.2f} GiB of a store of S3 (trozos-s3, over a folder in the page cache), by curl from the store itself and by a client from one
and from three secondaries that serve the bucket. Everything shares this machine's cores: store, secondaries and client hash and copy in the
time of each other.

""" + times(figures["free"], size) + "\n"
    free, limited = figures["free"], figures["limited"]
    one, three = "trozos, one secondary", "trozos, three secondaries"
    text += verdicts([("≥ 0.9 × the store, by one", f"{ratio(free[one], free['store, by curl']):.2f}",
                       ratio(free[one], free["store, by curl"]) >= 0.9)]) + f"""
Each secondary sends {figures['link']} MB/s at most, as if its network were what is scarce:

""" + times(limited, size) + "\n" + verdicts([
        ("three ≥ 2.7 × one", f"{ratio(limited[three], limited[one]):.2f}", ratio(limited[three], limited[one]) >= 2.7)])
    return text + f"\nPeak memory of a secondary: {figures['rss'] / MIB:.0f} MiB.\n"


def relevo(figures):
    text = """## Several centrals

Three centrals that are nothing but their reign and write a text each ten milliseconds, on three members of etcd, all on one
machine. The active one is killed (SIGKILL), or ordered to hand over; the time is from there to the first batch that the next
one has durable, and the silence is from the last that the old one acknowledged. In the end the journal is read: everything that
was acknowledged is in it, once, and no batch is missing.

"""
    rows = [[row["what"], str(row["times"]), *(f"{row[key]:,.0f}" for key in ["least", "median", "p99", "most"]),
             f"{row['wanted']:,.0f}"] for row in figures["moves"]]
    text += table(["ms", "times", "least", "median", "p99", "most", "wanted"], rows)
    text += "\nOne batch after the other, by a central and by a client of etcd that does nothing else:\n\n"
    rows = [[row["what"], str(row["times"]), f"{row['median']:.2f}", f"{row['p99']:.2f}"] for row in figures["commits"]]
    text += table(["ms", "times", "median", "p99"], rows)
    downloads = figures["downloads"]
    text += (f"\nA download of {downloads['bytes'] / MIB:,.0f} MiB with the journal on the disk took {downloads['ratio']:.3f} of "
             f"the time that it took with the journal in memory (medians of {len(downloads['seconds']['disk'])}).\n\n")
    return text


def render(figures):
    machines = [part["machine"] for part in figures.values() if "machine" in part]
    text = """# Results

Made by `bench/run` (as root, on Debian): it builds everything, installs the peers, runs each comparison side by side
(A B A B …, five rounds after one that is not counted, three for the slowest scenarios) and writes this file. Compare
the ratios, not the times: machines differ, and a shared one differs from minute to minute.

"""
    text += table(["", ""], [[key, value] for key, value in machines[-1].items()]) + "\n"
    for name, section in [("loopback", loopback), ("lan", lan), ("swarm", swarm), ("waste", waste), ("faults", faults), ("scale", scale),
                          ("changes", changes), ("web", web), ("shelf", shelf), ("figures", counting.render), ("micro", micro.render), ("relevo", relevo)]:
        if name in figures:
            text += section(figures[name])
    return text + NOTES.read_text()
