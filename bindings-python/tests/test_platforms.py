"""What platforms have of their own."""

import pickle

import pytest

import tipwire
from tipwire import Packet, thingspanel

AUTH = "4deedd7bab8817ec"


def test_packets_of_thingspanel_are_written_and_read():
    token = b"b79f6640-8c11-b7ca-608a-f943bb1e2183"
    auth = Packet(0, 0, token)
    assert bytes(auth) == bytes.fromhex("5450000000000024") + token
    assert tipwire.parse_packet(bytes(auth)) == auth
    assert bytes(Packet(1, 0)) == bytes.fromhex("5450010000000000")
    assert bytes(Packet(0, 1, '{"light": 98, "humidity": 30.0}'))[:8].hex() == "545000010000001f"
    assert token.decode() not in repr(auth)
    assert pickle.loads(pickle.dumps(auth)) == auth and len({auth, Packet(0, 0, token)}) == 1


def test_what_is_no_packet_says_why():
    for data, code in [(b"TP", "too_short"), (b"XX" + bytes(6), "corrupt"), (bytes(Packet(1, 0)) + b"x", "trailing_bytes")]:
        with pytest.raises(tipwire.FrameError) as caught:
            tipwire.parse_packet(data)
        assert caught.value.code == code
    with pytest.raises(tipwire.BuildError):
        bytes(Packet(0, 1, bytes(1 << 17)))


def test_values_and_events_are_made_of_frames_and_become_frames():
    push = tipwire.parse(f"PUSH|{AUTH}|s|[t:=36.50#C;on?=true;p@=1,2.5;t:=37]")
    assert thingspanel.values(push) == '{"on":true,"p":{"lat":1,"lng":2.5},"t":37}'
    assert thingspanel.event("al\"arm", push).startswith('{"method":"al\\"arm","params":{"on"')
    values = thingspanel.values(push)
    for given in (values, values.encode(), bytearray(values.encode())):
        assert thingspanel.values_push(AUTH, "s", given) == f"PUSH|{AUTH}|s|[on?=true;p@=1,2.5;t:=37]"
    for wrong, kind in [('{"t":null}', "type"), ("[1]", "type"), ("{", "json"), (b"\xff", "utf8")]:
        with pytest.raises(tipwire.BuildError) as caught:
            thingspanel.values_push(AUTH, "s", wrong)
        assert caught.value.kind == kind
    with pytest.raises(TypeError):
        thingspanel.values(tipwire.parse(f"PING|{AUTH}|s"))


def test_topics_are_written_and_read():
    for text, topic in [
        ("devices/telemetry", thingspanel.Topic("telemetry")),
        ("devices/attributes/a b", thingspanel.Topic("attributes", "a b")),
        ("gateway/event/7", thingspanel.Topic("event", "7", gateway=True)),
    ]:
        assert str(topic) == text and thingspanel.Topic.parse(text) == topic
        assert eval(repr(topic), vars(thingspanel)) == topic
    assert (topic.channel, topic.id, topic.gateway) == ("event", "7", True)
    for wrong in ("", "oops", "devices/event", "devices/telemetry/7", "devices/event/a/b", "devices/event/#"):
        with pytest.raises(tipwire.FrameError) as caught:
            thingspanel.Topic.parse(wrong)
        assert caught.value.kind == "topic"
    for wrong in [("oops",), ("event",), ("telemetry", "7"), ("event", "+"), ("event", "a/b")]:
        with pytest.raises(tipwire.BuildError):
            thingspanel.Topic(*wrong)
