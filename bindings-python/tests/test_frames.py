"""Frames: read, looked at, built, and built again."""

import copy
import pickle
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

import tipwire
from tipwire import Location, Push, Variable

AUTH = "4deedd7bab8817ec"
TOKEN = "ate2bd319014b24e0a8aca9f00aea4c0d0"
LINE = (
    f"PUSH|!7|{AUTH}|sensor-01|@=39.74,-104.99,305@1694567890000^g{{fw=2.1}}"
    r"[temperature:=32.50#C{a=\,};status=on\nline;on?=true;at@=1,-2.0;n:=7]"
)


@pytest.mark.parametrize(
    "data", [LINE, LINE.encode(), bytearray(LINE.encode()), memoryview(LINE.encode())]
)
def test_everything_that_holds_bytes_is_read(data):
    assert tipwire.parse(data) == tipwire.parse(LINE)


def test_every_field_is_there():
    frame = tipwire.parse(LINE + "\r\n")
    assert isinstance(frame, Push)
    assert (frame.method, frame.seq, frame.auth, frame.serial) == ("PUSH", 7, AUTH, "sensor-01")
    assert (frame.time, frame.group, frame.metadata) == (1694567890000, "g", {"fw": "2.1"})
    assert tuple(frame.location) == (39.74, -104.99, 305)
    assert frame.datetime == datetime(2023, 9, 13, 1, 18, 10, tzinfo=timezone.utc)
    assert frame.raw is None
    temperature, status, on, at, n = frame.variables
    assert frame.variables is frame.variables
    assert (temperature.name, temperature.type, temperature.value) == ("temperature", "number", 32.5)
    assert (temperature.text, temperature.decimal()) == ("32.50", Decimal("32.50"))
    assert (temperature.unit, temperature.metadata) == ("C", {"a": ","})
    assert (temperature.time, temperature.group, temperature.location) == (None, None, None)
    assert (status.type, status.value) == ("string", "on\nline")
    assert (on.type, on.value, on.text) == ("boolean", True, "true")
    assert (at.type, at.value) == ("location", Location(1, Decimal("-2.0")))
    assert at.text == "1,-2.0" and at.value.alt is None
    assert n.value == 7 and isinstance(n.value, int)
    with pytest.raises(ValueError):
        status.decimal()
    with pytest.raises(AttributeError):
        frame.serial = "other"
    with pytest.raises(AttributeError):
        on.value = False


def test_numbers_keep_all_their_digits():
    digits = "1" * 9000
    variable = tipwire.parse(f"PUSH|{AUTH}|s|[n:=-{digits}]").variables[0]
    assert variable.value == -(10**9000 - 1) // 9
    assert str(variable.decimal()) == "-" + digits
    for value, text in [
        (2**63, "9223372036854775808"),
        (-(2**70), str(-(2**70))),
        (Decimal("-0.0"), "-0.0"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("1E+3"), "1000"),
        (1e20, "100000000000000000000"),
        (0.1, "0.1"),
    ]:
        assert Variable("n", value).text == text


def test_other_frames_are_what_they_say():
    pull = tipwire.parse(f"PULL|{AUTH}|s|[a;b]")
    assert (pull.method, pull.names, pull.seq) == ("PULL", ("a", "b"), None)
    assert tipwire.parse(f"PING|{AUTH}|s").serial == "s"
    raw = tipwire.parse(f"PUSH|{AUTH}|s|>xDEADBEEF").raw
    assert (raw.encoding, raw.data, raw.decode()) == ("hex", "DEADBEEF", b"\xde\xad\xbe\xef")
    inner = tipwire.parse_inner("PING", "s")
    assert (inner.auth, inner.serial) == (None, "s")
    ack = tipwire.parse_ack("ACK|!1|OK|2")
    assert (ack.method, ack.status, ack.seq, ack.count) == ("ACK", "OK", 1, 2)
    assert tipwire.parse_ack("ACK|CMD|reboot").command == "reboot"
    assert tipwire.parse_ack("ACK|ERR|invalid_seq").error == "invalid_seq"
    assert tipwire.parse_ack("ACK|PONG|hi").text == "hi"
    assert tipwire.parse_ack("ACK|OK|[t:=1]").variables == (Variable("t", 1),)


@pytest.mark.parametrize(
    "thing",
    [
        tipwire.parse(LINE),
        tipwire.parse(f"PULL|{TOKEN}|s|[a]"),
        tipwire.parse_inner("PUSH", "s|[a:=1]"),
        tipwire.parse_inner("ACK", "OK|2"),
        tipwire.parse_ack("ACK|OK|[t:=1.0]"),
        *tipwire.parse(LINE).variables,
        Location(Decimal("1.50"), -2, 3),
        tipwire.Raw("base64", "QQ=="),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_what_was_read_can_be_pickled_copied_hashed_and_compared(thing):
    for other in (pickle.loads(pickle.dumps(thing)), copy.deepcopy(thing)):
        assert other == thing
        assert hash(other) == hash(thing)
        assert repr(other) == repr(thing)
        assert type(other) is type(thing)
    assert thing != "something else"
    assert len({thing, copy.copy(thing)}) == 1


def test_frames_read_well_and_hide_tokens():
    frame = tipwire.parse(f"PUSH|!1|{AUTH}|s|^g[t:=32.50#C;p@=1,2]")
    assert repr(frame) == (
        f"Push('{AUTH}', 's', (Variable('t', 32.50, 'C'), "
        "Variable('p', Location(1, 2))), group='g', seq=1)"
    )
    assert repr(tipwire.parse_ack("ACK|OK|2")) == "Ack('OK', count=2)"
    assert TOKEN not in repr(tipwire.parse(f"PING|{TOKEN}|s"))
    assert TOKEN not in repr(tipwire.Token(TOKEN)) + str(tipwire.Token(TOKEN))


def test_errors_say_what_and_where():
    with pytest.raises(tipwire.FrameError) as caught:
        tipwire.parse(f"PUSH|{AUTH}|sensor-01|[temperature:=032.5]")
    error = caught.value
    assert (error.kind, error.code, error.at) == ("leading_zero", "invalid_payload", 47)
    assert str(error) == "a number has no leading zeros, found 3 at byte 47"
    assert isinstance(error, ValueError)
    again = pickle.loads(pickle.dumps(error))
    assert (again.kind, again.at, str(again)) == (error.kind, error.at, str(error))
    for data in ("\ud800", b"\xff", "", b"\0"):
        with pytest.raises(tipwire.FrameError):
            tipwire.parse(data)
    with pytest.raises(TypeError):
        tipwire.parse(7)


def test_plain_values_become_the_obvious_types():
    values = {
        "a": 1,
        "b": 1.5,
        "c": Decimal("2.50"),
        "d": True,
        "e": "x;y",
        "f": (1, -2.5),
        "g": (1, 2, 3),
        "h": Location(4, 5),
    }
    built = tipwire.push(AUTH, "s", values)
    assert built == (
        f"PUSH|{AUTH}|s|[a:=1;b:=1.5;c:=2.50;d?=true;e=x\\;y;f@=1,-2.5;g@=1,2,3;h@=4,5]"
    )
    read = tipwire.parse(built).variables
    assert [variable.value for variable in read[:5]] == [1, 1.5, 2.5, True, "x;y"]


def test_a_push_is_built_with_everything_in_its_place():
    moment = datetime(2023, 9, 13, 3, 18, 10, tzinfo=timezone(timedelta(hours=2)))
    built = tipwire.push(
        AUTH,
        "sensor-01",
        [Variable("t", 32.5, "C", time=moment, group="g", metadata={"n": 1, "b": True})],
        seq=7,
        location=(1, 2),
        time=5,
        group="all",
        metadata={"fw": "2.1"},
    )
    assert built == (
        f"PUSH|!7|{AUTH}|sensor-01|@=1,2@5^all{{fw=2.1}}"
        "[t:=32.5#C@1694567890000^g{n=1,b=true}]"
    )
    assert tipwire.push(AUTH, "s", {"t": 1}, group="g", time=5, revision="B") == (
        f"PUSH|{AUTH}|s|^g@5[t:=1]"
    )
    assert tipwire.push(AUTH, "s", b"\xde\xad") == f"PUSH|{AUTH}|s|>xDEAD"
    assert tipwire.pull(AUTH, "s", ["a", "b"], seq=1) == f"PULL|!1|{AUTH}|s|[a;b]"
    assert tipwire.ping(AUTH, "s") == f"PING|{AUTH}|s"
    assert tipwire.ack() == "ACK|OK"
    assert tipwire.ack("OK", 2, seq=3) == "ACK|!3|OK|2"
    assert tipwire.ack("CMD", "reboot") == "ACK|CMD|reboot"
    assert tipwire.ack("OK", {"t": 1}) == "ACK|OK|[t:=1]"


@pytest.mark.parametrize(
    ("build", "kind", "variable", "field"),
    [
        (lambda: tipwire.push(AUTH, "s", {"a": 1, "B": 2}), "name", "B", "variable"),
        (lambda: tipwire.push(AUTH, "s", {"a": 1, "b": None}), "type", "b", "value"),
        (lambda: tipwire.push(AUTH, "s", {"a": float("nan")}), "not_finite", "a", "value"),
        (lambda: tipwire.push(AUTH, "s", {"a": Decimal("inf")}), "not_finite", "a", "value"),
        (lambda: tipwire.push(AUTH, "s", {"a": Decimal("1E+999999999")}), "digits", "a", "value"),
        (lambda: tipwire.push(AUTH, "s", {"a": "\0"}), "text", "a", "value"),
        (lambda: tipwire.push(AUTH, "s", {"a": "\ud800"}), "utf8", "a", "value"),
        (lambda: tipwire.push("x", "s", {"a": 1}), "auth", None, "auth"),
        (lambda: tipwire.push(AUTH, "s!", {"a": 1}), "serial", None, "serial"),
        (lambda: tipwire.push(AUTH, "s", {"a": 1}, seq=-1), "seq_range", None, "seq"),
        (lambda: tipwire.push(AUTH, "s", {"a": 1}, time=-1), "time_range", None, "time"),
        (lambda: tipwire.push(AUTH, "s", {"a": 1}, time=datetime(2020, 1, 1)), "type", None, "time"),
        (lambda: tipwire.push(AUTH, "s", "abc"), "type", None, "variable"),
        (lambda: tipwire.push(AUTH, "s", {}), "empty", None, None),
        (lambda: Variable("t", 1, "u" * 26), "unit_length", "t", "unit"),
        (lambda: Variable("t", 1, location="here"), "type", "t", "location"),
        (lambda: Variable("t", 1, metadata={"k": None}), "type", "t", "metadata"),
        (lambda: tipwire.ack("OK", -1), "type", None, "detail"),
        (lambda: tipwire.ack("NO"), "status", None, "status"),
        (lambda: tipwire.pull(AUTH, "s", "abc"), "type", None, "names"),
    ],
)
def test_errors_of_building_name_the_variable_and_the_field(build, kind, variable, field):
    with pytest.raises(tipwire.BuildError) as caught:
        build()
    error = caught.value
    assert (error.kind, error.variable) == (kind, variable)
    if field:
        assert error.field == field
        assert field in str(error)
    assert (variable or "") in str(error)


def test_points_are_the_variables_with_their_defaults():
    frame = tipwire.parse(f"PUSH|{AUTH}|s|@5{{a=1,b=2}}[t:=32.50#C{{b=3}};p@=1,2.0]")
    assert frame.points() == [
        {
            "variable": "t",
            "value": 32.5,
            "unit": "C",
            "time": 5,
            "metadata": {"a": "1", "b": "3"},
        },
        {
            "variable": "p",
            "value": "1,2.0",
            "time": 5,
            "location": {"lat": 1, "lng": 2.0},
            "metadata": {"a": "1", "b": "2"},
        },
    ]
    assert '"value":32.50' in frame.points_json()
    assert tipwire.parse(tipwire.from_points(AUTH, "s", frame.points_json())).points_json() == (
        frame.points_json()
    )
    assert tipwire.from_points(AUTH, "s", [{"variable": "t", "value": Decimal("1.50")}], seq=1) == (
        f"PUSH|!1|{AUTH}|s|[t:=1.50]"
    )
    with pytest.raises(tipwire.BuildError) as caught:
        tipwire.from_points(AUTH, "s", [{"variable": "a", "value": 1}, {"variable": "b", "value": {}}])
    error = caught.value
    assert (error.point, error.variable, error.field) == (1, "b", "value")


def test_times_beyond_the_calendar_stay_numbers():
    variable = Variable("t", 1, time=2**64 - 1)
    assert variable.time == 2**64 - 1
    with pytest.raises(OverflowError):
        variable.datetime


def test_credentials_come_of_a_token():
    token = tipwire.Token(TOKEN)
    assert (token.hash, token.first_revision_hash) == (AUTH, "594c629b79cdfb54")
    assert token.derive_key("sensor-01", 16).hex() == "e505f03cc9e93fdbcc382844cca3e17f"
    assert tipwire.device_hash("sensor-01") == "ab7788d22eb7372f"
    with pytest.raises(tipwire.FrameError) as caught:
        tipwire.Token(TOKEN + "0")
    assert TOKEN not in str(caught.value)
