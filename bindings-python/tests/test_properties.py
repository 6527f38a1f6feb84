"""What holds for all frames: built, read and built again; and what must not leak or race."""

import gc
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

import tipwire
from tipwire import Location, Variable, tagoio, thingsboard

AUTH = "4deedd7bab8817ec"
LINE = f"PUSH|!7|{AUTH}|sensor-01|@=1,2@5^g{{fw=2.1}}[temperature:=32.50#C;status=on\\nline;p@=1,2]"

names = st.from_regex(r"[a-z0-9_]{1,20}", fullmatch=True)
# What no escape can carry: controls but for the line feed, and lone surrogates.
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[chr(n) for n in range(32) if n != 10] + ["\x7f"]),
    min_size=1,
    max_size=40,
)
numbers = st.one_of(
    st.integers(),
    st.floats(-1e15, 1e15).filter(lambda value: value == 0 or abs(value) > 1e-15),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=4),
)
coordinates = st.integers(-180, 180) | st.decimals(-180, 180, places=6)
places = st.builds(Location, coordinates, coordinates, st.none() | coordinates)
times = st.integers(0, 2**64 - 1)
metadata = st.dictionaries(names, texts, max_size=5)
suffixes = dict(
    location=st.none() | places, time=st.none() | times, group=st.none() | names, metadata=metadata
)
units = st.none() | st.text(st.sampled_from("abc°%/µ"), min_size=1, max_size=12)


@st.composite
def variables(draw):
    value = draw(st.one_of(numbers, texts, st.booleans(), places))
    rest = {key: draw(strategy) for key, strategy in suffixes.items()}
    if isinstance(value, Location):
        rest["location"] = None
        return Variable(draw(names), value, **_some(rest))
    return Variable(draw(names), value, draw(units), **_some(rest))


def _some(fields):
    return {key: value for key, value in fields.items() if value is not None and value != {}}


@given(
    st.lists(variables(), min_size=1, max_size=8),
    st.none() | st.integers(0, 2**32 - 1),
    st.fixed_dictionaries(suffixes),
)
def test_what_was_built_is_read_as_it_was_meant(given, seq, block):
    frame = tipwire.parse(tipwire.push(AUTH, "s", given, seq=seq, **_some(block)))
    assert (frame.seq, list(frame.variables)) == (seq, given)
    assert (frame.location, frame.time, frame.group) == (block["location"], block["time"], block["group"])
    assert frame.metadata == block["metadata"]
    again = tipwire.push(frame.auth, frame.serial, frame.variables, seq=seq, **_some(block))
    assert again.encode() == bytes(frame)
    assert pickle.loads(pickle.dumps(frame)) == frame
    points = tipwire.parse(tipwire.from_points(AUTH, "s", frame.points_json()))
    if not any(key.startswith("_") for point in frame.points() for key in point.get("metadata", ())):
        assert points.points_json() == frame.points_json()


@given(numbers)
def test_numbers_come_back(value):
    variable = Variable("n", value)
    if isinstance(value, float):
        assert float(variable.value) == value
    else:
        assert variable.decimal() == Decimal(value)
        assert isinstance(variable.value, (int, float))


@given(st.binary(max_size=200) | st.text(max_size=200))
@settings(max_examples=300)
def test_nothing_that_is_read_raises_but_frame_error(data):
    for read in (tipwire.parse, tipwire.parse_ack, lambda data: tipwire.parse_inner("PUSH", data)):
        try:
            repr(read(data))
        except tipwire.FrameError as error:
            size = len(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
            assert 0 <= error.at <= size
    len(tipwire.decode_batch(data))
    try:
        tipwire.from_points(AUTH, "s", data if isinstance(data, str) else data.decode("latin-1"))
    except tipwire.BuildError:
        pass


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_splitters_do_not_see_chunks(data, sizes):
    for rule in ("lines", "json", "packets", "tagotip", "length_prefixed", "delimiter", "length_field"):
        whole, parts = tipwire.Splitter(rule), tipwire.Splitter(rule)
        events, at = [], 0
        while at < len(data):
            size = sizes[at % len(sizes)]
            events += parts.feed(data[at : at + size])
            at += size
        assert [str(event) for event in events] == [str(event) for event in whole.feed(data)]
        assert parts.pending == whole.pending


TOKEN = tipwire.Token("ate2bd319014b24e0a8aca9f00aea4c0d0")
KEY = bytes(16)
UPLINK = {"deviceName": "s", "telemetry": {"ts": 5, "values": {"t": 1.5, "on": True}}}


def touch():
    """Every kind of object that the package makes, and every kind of failure."""
    frame = tipwire.parse(LINE)
    for variable in frame.variables:
        variable.name, variable.type, variable.value, variable.unit, variable.text
        variable.location, variable.time, variable.datetime, variable.group, variable.metadata
        repr(variable), hash(variable), variable == frame.variables[0]
        pickle.loads(pickle.dumps(variable))
    frame.variables[0].decimal(), tuple(frame.variables[2].value)
    frame.points(), frame.points_json(), frame.to_json(), frame.location, frame.datetime
    repr(frame), hash(frame), bytes(frame), frame == pickle.loads(pickle.dumps(frame))
    tipwire.parse(bytearray(LINE.encode())), tipwire.parse(f"PUSH|{AUTH}|s|>xDEAD").raw.decode()
    tipwire.parse(f"PULL|{AUTH}|s|[a;b]").names, tipwire.parse_ack("ACK|OK|[t:=1]").variables
    tipwire.push(AUTH, "s", {"a": 1, "b": Decimal("2.5"), "c": (1, 2)}, metadata={"k": "v"})
    tipwire.push(AUTH, "s", [Variable("t", 1, "C")]), tipwire.pull(AUTH, "s", ["a"])
    tipwire.from_points(AUTH, "s", [{"variable": "a", "value": 1}]), tipwire.ack("OK", {"t": 1})
    list(tipwire.Splitter("lines", max=3).feed(b"a\nbbbbbb\n"))
    tipwire.decode_batch([LINE, "oops", None]).__arrow_c_stream__()
    tipwire.decode_batch(LINE).__arrow_c_schema__()
    sealer = tipwire.Sealer("aes-128-ccm", KEY, "s", token=TOKEN)
    envelope = sealer.push({"t": 1})
    tipwire.Header(envelope).device, sealer.opener().open(envelope).parse()
    tipwire.open_any(envelope, lambda header: [sealer.opener()])
    TOKEN.derive_key("s", 16), tipwire.device_hash("s")
    tipwire.parse_packet(bytes(tipwire.Packet(0, 1, b"{}"))).payload
    (uplink,) = thingsboard.Converter(lambda message: UPLINK).uplinks(b"")
    uplink.points(), uplink.attributes, uplink.push(AUTH)
    thingsboard.Converter("text", {"separator": ","}).convert(b"s,d,t,1")
    thingsboard.telemetry(frame), thingsboard.downlink({"contentType": "TEXT", "data": "x"})
    tagoio.HttpRequest.from_frame(LINE).to_frame(), tagoio.HttpResponse(200, body=b"1").to_ack("PUSH")
    tagoio.MqttMessage.from_frame(LINE).to_frame(AUTH)
    client, server = tipwire.Client(AUTH, "s"), tipwire.Server(0)
    client.events(b"", 0)
    client.connected(0)
    client.send(tipwire.ping(AUTH, "s"), 0)
    for event in server.events(client.data_to_send(0), 0):
        server.answer(event.ticket, "PONG")
    server.events(b"oops\n", 0)
    client.events(server.data_to_send(), 0)
    for broken in (
        lambda: tipwire.parse("PUSH|"),
        lambda: tipwire.parse_ack(b"\xff"),
        lambda: tipwire.push(AUTH, "s", {"a": None}),
        lambda: tipwire.Splitter("lines", offset=1),
        lambda: tipwire.Opener("aes-128-ccm", b""),
        lambda: tipwire.Opener("aes-128-ccm", bytes(range(16))).open(envelope),
        lambda: thingsboard.Converter("text").convert(b"s,d,t"),
        lambda: thingsboard.Converter(lambda message: [1]).convert(b""),
        lambda: tipwire.parse_packet(b"TP"),
        lambda: tipwire.open_any(envelope, []),
        lambda: tipwire.parse(None),
    ):
        try:
            broken()
        except (tipwire.TipwireError, TypeError):
            continue
        raise AssertionError("this should not work")


def growth(rounds):
    """What rounds of everything leave behind: blocks of Python's, references, bytes."""

    def size():
        gc.collect()
        references = map(sys.getrefcount, (LINE, AUTH, KEY, TOKEN, UPLINK, tipwire.Push, tipwire.FrameError))
        with suppress(OSError), open("/proc/self/statm") as file:
            return sys.getallocatedblocks(), list(references), int(file.read().split()[1]) * 4096
        return sys.getallocatedblocks(), list(references), 0

    before = size()
    for _ in range(rounds):
        touch()
    after = size()
    # Each object refers to its class: what is left of both would be seen here.
    assert after[1] == before[1]
    return after[0] - before[0], after[2] - before[2]


def test_nothing_leaks():
    # Caches fill in the beginning, those of free threads slowly; a leak goes on for ever.
    growth(500)
    blocks = min(growth(50)[0] for _ in range(8))
    assert blocks < 50, "a block for each round would be a leak"


@pytest.mark.scale
def test_a_million_calls_leave_nothing_behind():
    growth(500)
    blocks, size = growth(10_000)
    assert blocks < 1_000 and size < 2_000_000, "a byte for each call would be seen"


def test_memory_outside_of_python_does_not_grow():
    resource = pytest.importorskip("resource")
    data = (LINE + "\n").encode() * 2000
    for _ in range(5):
        tipwire.decode_batch(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(60):
        tipwire.decode_batch(data).__arrow_c_stream__()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 30_000, "60 batches of 2 MB each would show"


def test_many_threads_share_everything():
    frame, splitter = tipwire.parse(LINE), tipwire.Splitter("lines")
    sealer = tipwire.Sealer("chacha20-poly1305", bytes(32), "sensor-01", auth=AUTH)
    opener = sealer.opener()
    server = tipwire.Server(0)
    start = threading.Barrier(8)
    counters = []

    def work(nth):
        start.wait()
        lines = 0
        for _ in range(150):
            assert [variable.value for variable in frame.variables][:2] == [32.5, "on\nline"]
            assert hash(frame) == hash(tipwire.parse(LINE))
            lines += len(splitter.feed(b"one\n"))
            counters.append(opener.open(sealer.ping()).counter)
            server.events(b"PING|oops\n", 0)
            server.data_to_send()
            assert len(tipwire.decode_batch([LINE] * 5)) == 15
        return lines

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 8 * 150
    assert sorted(counters) == list(range(8 * 150)), "a counter is never used twice"


def test_the_gil_is_released_while_columns_are_decoded():
    data = (LINE + "\n").encode() * 50_000
    done = threading.Event()

    def decode():
        tipwire.decode_batch(data)
        done.set()

    thread = threading.Thread(target=decode)
    interval = sys.getswitchinterval()
    # With the GIL held this thread would not run before the other one is done.
    sys.setswitchinterval(1e-5)
    try:
        thread.start()
        turns = 0
        while not done.is_set():
            turns += 1
    finally:
        sys.setswitchinterval(interval)
        thread.join()
    assert turns > 100


#: Threads that ask one session for events, while the collector of garbage, which runs in between,
#: lets other threads run.
THREADS_AND_GARBAGE = """
import gc, sys, threading
import tipwire

class Garbage:
    def __init__(self):
        self.me = self
    def __del__(self):
        sum(range(100))

def work():
    for _ in range(300):
        Garbage()
        server.events(b"PING|oops\\n", 0)
        splitter.feed(b"a\\nb\\n")
        server.data_to_send()

server, splitter = tipwire.Server(0), tipwire.Splitter("lines")
gc.set_threshold(1)
sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_that_share_a_session_do_not_wait_for_each_other_for_ever():
    subprocess.run([sys.executable, "-c", THREADS_AND_GARBAGE], check=True, timeout=60)
