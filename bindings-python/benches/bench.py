"""Side by side, in turn, medians: `cargo xtask bench python [--json] [FILTER]`."""

import json
import statistics
import sys
import time

import orjson

import tipwire

AUTH = "4deedd7bab8817ec"
SMALL = f"PUSH|{AUTH}|sensor-01|[temperature:=32.5#C;humidity:=65#%;on?=true]".encode()
POINTS = json.dumps(tipwire.parse(SMALL).points()).encode()
VALUES = {"temperature": 32.5, "humidity": 65, "on": True}
MANY = (SMALL + b"\n") * 10_000
MANY_JSON = (POINTS + b"\n") * 10_000
ROUNDS = 21


def touched():
    """A frame, and every field of it."""
    frame = tipwire.parse(SMALL)
    seen = [frame.seq, frame.auth, frame.serial]
    for variable in frame.variables:
        seen += (variable.name, variable.value, variable.unit)
    return seen


def touched_json(loads):
    def touch():
        seen = []
        for point in loads(POINTS):
            seen += (point["variable"], point["value"], point.get("unit"))
        return seen

    return touch


def rows():
    """Columns, but made row by row."""
    columns = {"serial": [], "variable": [], "type": [], "value": [], "unit": [], "time": []}
    for line in MANY.splitlines():
        frame = tipwire.parse(line)
        for variable in frame.variables:
            columns["serial"].append(frame.serial)
            columns["variable"].append(variable.name)
            columns["type"].append(variable.type)
            columns["value"].append(variable.value)
            columns["unit"].append(variable.unit)
            columns["time"].append(variable.time)
    return columns


def rows_json():
    columns = {"variable": [], "value": [], "unit": []}
    for line in MANY_JSON.splitlines():
        for point in orjson.loads(line):
            columns["variable"].append(point["variable"])
            columns["value"].append(point["value"])
            columns["unit"].append(point.get("unit"))
    return columns


COUNT = len(tipwire.decode_batch(MANY))
CASES = [
    ("parse", lambda: tipwire.parse(SMALL), 1, "orjson.loads", lambda: orjson.loads(POINTS), 1),
    ("parse and touch", touched, 1, "json.loads", touched_json(json.loads), 1),
    ("parse and touch", touched, 1, "orjson.loads", touched_json(orjson.loads), 1),
    ("push", lambda: tipwire.push(AUTH, "s", VALUES), 1, "json.dumps", lambda: json.dumps(VALUES), 1),
    ("push", lambda: tipwire.push(AUTH, "s", VALUES), 1, "orjson.dumps", lambda: orjson.dumps(VALUES), 1),
    ("columns, a row", lambda: tipwire.decode_batch(MANY), COUNT, "row by row", rows, COUNT),
    ("columns, a row", lambda: tipwire.decode_batch(MANY), COUNT, "orjson, row by row", rows_json, COUNT),
]


def calls(work):
    """How many calls fill a round."""
    count = 1
    while True:
        start = time.perf_counter()
        for _ in range(count):
            work()
        if time.perf_counter() - start > 0.002:
            return count
        count *= 2


def measure(work, count):
    start = time.process_time_ns()
    for _ in range(count):
        work()
    return (time.process_time_ns() - start) / count


def main():
    as_json = "--json" in sys.argv
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    if not as_json:
        print(f"{'':<16} {'ours, ns':>10}   {'against':<20} {'theirs, ns':>10} {'ratio':>8}")
    for name, ours, parts, against, theirs, their_parts in CASES:
        if not all(word in name for word in words):
            continue
        many, few = calls(ours), calls(theirs)
        samples = [
            (measure(ours, many) / parts, measure(theirs, few) / their_parts) for _ in range(ROUNDS)
        ]
        us = statistics.median(sample[0] for sample in samples)
        them = statistics.median(sample[1] for sample in samples)
        ratio = statistics.median(sample[1] / sample[0] for sample in samples)
        if as_json:
            shown = {
                "name": f"python/{name}",
                "ours_ns": round(us, 1),
                "against": against,
                "their_ns": round(them, 1),
                "ratio": round(ratio, 2),
            }
            print(json.dumps(shown, separators=(",", ":")))
        else:
            print(f"{name:<16} {us:>10.1f}   {against:<20} {them:>10.1f} {ratio:>7.2f}x")


if __name__ == "__main__":
    main()
