"""Envelopes, and splitters beneath them."""

import pytest

import tipwire
from tipwire import Header, Opener, Sealer, Splitter, StreamError, Token

TOKEN = Token("ate2bd319014b24e0a8aca9f00aea4c0d0")
KEY = bytes.fromhex("fe09da81bc4400ee12ab56cd78ef9012")
ENVELOPE = bytes.fromhex(
    "000000002a4deedd7bab8817ecab7788d22eb7372fc8c5aa56d755582bacea13bb572493bb8cb10803cf826fdb833b79c6"
)


def sealer(**settings):
    settings = {"token": TOKEN, "counter": 42, **settings}
    return Sealer("aes-128-ccm", KEY, "sensor-01", **settings)


def test_the_envelope_of_the_specification_is_made_and_opened():
    ours = sealer()
    assert ours.push({"temp": 32}) == ENVELOPE
    assert (ours.counter, ours.cipher, ours.layout) == (43, "aes-128-ccm", "current")
    opened = ours.opener().open(memoryview(ENVELOPE))
    assert (opened.text, opened.method, opened.counter) == ("sensor-01|[temp:=32]", "PUSH", 42)
    assert opened.parse().variables[0].value == 32
    assert opened.header.is_of("sensor-01") and not opened.header.is_of("other")


@pytest.mark.parametrize("data", [ENVELOPE, bytearray(ENVELOPE), memoryview(ENVELOPE)])
def test_what_holds_bytes_is_opened_and_left_as_it_is(data):
    assert Opener("aes-128-ccm", bytearray(KEY)).open(data).counter == 42
    assert bytes(data) == ENVELOPE


def test_everything_can_be_sealed():
    ours = sealer(layout="short")
    made = [ours.push([tipwire.Variable("t", 1)]), ours.pull(["a"]), ours.ping(), ours.ack("OK", 2)]
    opener = Opener("aes-128-ccm", KEY, "sensor-01")
    texts = [opener.open(envelope, "short").text for envelope in made]
    assert texts == ["sensor-01|[t:=1]", "sensor-01|[a]", "sensor-01", "OK|2"]


def test_one_of_several_keys_opens_in_any_layout():
    wrong, right = Opener("aes-128-ccm", bytes(16)), Opener("aes-128-ccm", KEY)
    for layout in ("current", "short"):
        envelope = sealer(layout=layout).ping()
        opened = tipwire.open_any(envelope, [wrong, right])
        assert (opened.candidate, opened.header.layout) == (1, layout)
    seen = []

    def look_up(header: Header):
        seen.append(header.auth)
        return [right]

    assert tipwire.open_any(ENVELOPE, look_up).counter == 42
    assert seen == [TOKEN.hash]

    def fail(header):
        raise KeyError("no database")

    with pytest.raises(KeyError):
        tipwire.open_any(ENVELOPE, fail)


def test_errors_have_codes_and_keys_are_never_shown():
    opener = Opener("aes-128-ccm", bytes(16))
    for envelope, code in [
        (b"", "too_short"),
        (ENVELOPE, "auth_failed"),
        (b"ACK|ERR|auth_failed", "plaintext"),
    ]:
        with pytest.raises(tipwire.EnvelopeError) as caught:
            opener.open(envelope)
        assert caught.value.code == code
    for broken in (lambda: Opener("aes-128-ccm", b"short"), lambda: sealer().seal("PUSH", "other|[a:=1]")):
        with pytest.raises(tipwire.EnvelopeError):
            broken()
    with pytest.raises(tipwire.EnvelopeError) as caught:
        last = sealer(counter=2**32 - 1)
        last.ping()
        last.ping()
    assert caught.value.code == "counter_exhausted"
    shown = repr(sealer()) + repr(opener) + repr(Header(ENVELOPE))
    assert KEY.hex() not in shown and "fe09" not in shown


def test_counters_can_be_reserved():
    ours = sealer(counter=0)
    assert (ours.reserve(1), ours.left) == (1, 1)
    ours.ping()
    with pytest.raises(tipwire.EnvelopeError):
        ours.ping()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_messages_do_not_depend_on_chunks(size):
    data = b"one\ntwo\r\n" + b"x" * 30 + b"\nthree\nfour"
    splitter = Splitter("lines", max=20)
    events = [event for at in range(0, len(data), size) for event in splitter.feed(data[at : at + size])]
    assert [str(event) if isinstance(event, StreamError) else event for event in events] == [
        b"one",
        b"two",
        "the message is above the maximum",
        b"three",
    ]
    assert events[2].kind == "too_long"
    assert splitter.pending == 4
    splitter.reset()
    assert splitter.pending == 0


def test_splitters_take_their_settings():
    assert Splitter("delimiter", delimiters=[b";;", b"|"], strip=False).feed("a;;b|") == [b"a;;", b"b|"]
    frames = Splitter("length_field", order="little", length=2, strip=2)
    assert frames.feed(b"\x03\x00abc\x01") == [b"abc"]
    with pytest.raises(StreamError) as caught:
        Splitter("lines", offset=3)
    assert caught.value.kind == "invalid_settings"
