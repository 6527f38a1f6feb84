"""What is read takes part in ``match``, which Python has since 3.10."""

import pytest

import tipwire
from tipwire import Ack, Location, Packet, Ping, Pull, Push, Raw, Variable, tagoio, thingsboard, thingspanel

AUTH = "4deedd7bab8817ec"


def told(thing):
    match thing:
        case Push(serial, [Variable(name, value, unit), *rest]):
            return serial, name, value, unit, len(rest)
        case Push(serial, [], raw=Raw(encoding, data)):
            return serial, encoding, data
        case Pull(serial, ["t", *names]):
            return serial, names
        case Ping(serial):
            return serial
        case Ack("OK", count=int(count)):
            return count
        case Ack(status, error=str(error)):
            return status, error
        case Location(lat, lng, None):
            return lat, lng
        case Packet(0, 0, token):
            return token
        case thingspanel.Topic("event", id, gateway=True):
            return id
        case thingsboard.Uplink(name, None):
            return name
        case tagoio.MqttMessage(topic, payload):
            return topic, payload
        case tipwire.Request(_, number, Push("s", [variable])):
            return number, variable.value


@pytest.mark.parametrize(
    ("thing", "wanted"),
    [
        (tipwire.parse(f"PUSH|{AUTH}|s|[t:=32.5#C;u=x]"), ("s", "t", 32.5, "C", 1)),
        (tipwire.parse(f"PUSH|{AUTH}|s|>xDEAD"), ("s", "hex", "DEAD")),
        (tipwire.parse(f"PULL|{AUTH}|s|[t;u]"), ("s", ["u"])),
        (tipwire.parse(f"PING|{AUTH}|s"), "s"),
        (tipwire.parse_ack("ACK|OK|2"), 2),
        (tipwire.parse_ack("ACK|ERR|invalid_seq"), ("ERR", "invalid_seq")),
        (Location(1, 2.5), (1, 2.5)),
        (Location(1, 2.5, 3), None),
        (Packet(0, 0, b"token"), b"token"),
        (thingspanel.Topic("event", "7", gateway=True), "7"),
        (thingsboard.parse_uplinks({"deviceName": "d"})[0], "d"),
        (tagoio.MqttMessage("$tip/s/pull", b"t"), ("$tip/s/pull", b"t")),
    ],
)
def test_everything_takes_part_in_match(thing, wanted):
    assert told(thing) == wanted


def test_events_of_sessions_take_part_in_match():
    server = tipwire.Server(0)
    server.receive(f"PUSH|!7|{AUTH}|s|[t:=1]\n".encode())
    assert told(server.next_event(0)) == (7, 1)
