"""What can be sent to another process, and what cannot."""

import copy
import pickle
from decimal import Decimal

import pytest

import tipwire
from tipwire import Location, Packet, Raw, Variable, tagoio, thingsboard, thingspanel

AUTH = "4deedd7bab8817ec"
TOKEN = tipwire.Token("ate2bd319014b24e0a8aca9f00aea4c0d0")
KEY = bytes(16)
LINE = f"PUSH|!7|{AUTH}|s|@=1,2.50@5^g{{a=b}}[t:=32.50#C@1^x{{k=\\,}};s=x;on?=true;p@=1,2,3.0]"


def caught(work):
    with pytest.raises(tipwire.TipwireError) as error:
        work()
    return error.value


VALUES = [
    tipwire.parse(LINE),
    tipwire.parse(f"PUSH|{AUTH}|s|>b3q0="),
    tipwire.parse(f"PULL|!1|{AUTH}|s|[a;b]"),
    tipwire.parse(f"PING|{AUTH}|s"),
    tipwire.parse_inner("PUSH", "s|[t:=1]"),
    tipwire.parse_inner("ACK", "OK|2"),
    tipwire.parse_ack("ACK|!3|OK|[t:=1]"),
    tipwire.parse_ack("ACK|CMD|reboot"),
    *tipwire.parse(LINE).variables,
    Variable("t", Decimal("1.50"), "C", location=(1, 2), time=5, group="g", metadata={"k": "v"}),
    Location(Decimal("39.740"), Decimal("-104.990"), Decimal("1.0")),
    Raw("hex", "DEAD"),
    Packet(0, 1, b"{}"),
    thingspanel.Topic("event", "7", gateway=True),
    tagoio.HttpRequest.from_frame(LINE),
    tagoio.HttpResponse(200, "reboot", b"1"),
    tagoio.MqttMessage.from_frame(LINE),
]
ERRORS = [
    caught(lambda: tipwire.parse("PUSH|")),
    caught(lambda: tipwire.push(AUTH, "s", {"a": None})),
    caught(lambda: tipwire.Opener("aes-128-ccm", b"")),
    caught(lambda: tipwire.Splitter("lines", offset=1)),
    caught(lambda: thingsboard.Converter("text").convert(b"s,d,t")),
]
#: They hold secrets, state that two must not share, or what only the core may make.
PRIVATE = [
    TOKEN,
    tipwire.Sealer("aes-128-ccm", KEY, "s", token=TOKEN),
    tipwire.Opener("aes-128-ccm", KEY),
    tipwire.Header(tipwire.Sealer("aes-128-ccm", KEY, "s", token=TOKEN).ping()),
    tipwire.Splitter("lines"),
    tipwire.Devices(),
    tipwire.Server(0),
    tipwire.Client(AUTH, "s"),
    tipwire.Client(AUTH, "s").next_event(0),
    tipwire.decode_batch(LINE),
    thingsboard.Converter("text"),
    thingsboard.parse_uplinks({"deviceName": "d"})[0],
]
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def kind(thing):
    return type(thing).__name__


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("thing", VALUES, ids=kind)
def test_values_come_back_as_they_were(thing, protocol):
    again = pickle.loads(pickle.dumps(thing, protocol))
    assert type(again) is type(thing)
    assert again == thing and hash(again) == hash(thing) and repr(again) == repr(thing)
    assert getattr(again, "text", None) == getattr(thing, "text", None)
    assert copy.copy(thing) == thing == copy.deepcopy(thing)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("error", ERRORS, ids=kind)
def test_errors_come_back_as_they_were(error, protocol):
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is type(error) and str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("thing", PRIVATE, ids=kind)
def test_what_is_private_stays_where_it_is(thing, protocol):
    with pytest.raises(TypeError):
        pickle.loads(pickle.dumps(thing, protocol))


def test_every_class_is_one_of_these():
    here = {type(thing) for thing in VALUES + ERRORS + PRIVATE}
    classes = {thing for name in tipwire.__all__ if isinstance(thing := getattr(tipwire, name), type)}
    left = classes - here - {tipwire.Frame, tipwire.TipwireError, tipwire.Opened}
    # The other events of sessions.
    assert {thing.__name__ for thing in left} == {
        "Answer", "Closed", "Command", "Disconnect", "Extra", "Lost", "Rejected", "Request", "Unreadable",
    }
