"""Side by side: A B A B, as many rounds as asked, each output compared with the original."""

import contextlib
import filecmp
import pathlib
import statistics
import subprocess
import sys
import traceback


# What peers may fail before they are left out; ours may not.
ATTEMPTS = 3


class Failures(list):
    """Names of what failed. The rest goes on: an hour's figures are not lost, and the run fails at its end."""

    @contextlib.contextmanager
    def of(self, name):
        try:
            yield
        except (RuntimeError, OSError, subprocess.SubprocessError):
            traceback.print_exc()
            self.append(name)


def attempt(name, measure, results):
    """One measurement. A peer that goes on failing is left out of all results, which is told."""
    if name not in results:
        return None
    for _ in range(ATTEMPTS):
        try:
            return measure()
        except RuntimeError as error:
            if "trozos" in name or "limit program" in name:
                raise
            print(f"  {name}: failed: {str(error)[:300]}", file=sys.stderr, flush=True)
    del results[name]
    return None


def side_by_side(rounds, variants, warm_up=True):
    """Runs each variant once per round, in order. `variants` maps names to functions that give a dict with
    `seconds`. The first round warms caches and is not counted."""
    results = {name: [] for name in variants}
    for number in range(rounds + (1 if warm_up else 0)):
        for name, measure in variants.items():
            result = attempt(name, measure, results)
            if result is None:
                continue
            result.pop("text", None)
            counted = not warm_up or number > 0
            if counted:
                results[name].append(result)
            mark = "" if counted else " (not counted)"
            print(f"  {name}: {result['seconds']:.3f} s{mark}", file=sys.stderr, flush=True)
    return results


def same(path, original):
    """Fails unless both files have the same bytes; removes the first."""
    if not filecmp.cmp(path, original, shallow=False):
        raise RuntimeError(f"{path} is not {original}")
    pathlib.Path(path).unlink()


def summary(runs, key="seconds"):
    """Median, minimum and maximum."""
    values = [run[key] for run in runs if key in run]
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values)}


def ratio(runs, others, key="seconds"):
    """The median over rounds of how much longer the others took in the same round."""
    pairs = [other[key] / run[key] for run, other in zip(runs, others)]
    return statistics.median(pairs)
