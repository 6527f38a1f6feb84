"""What platforms have of their own."""

import pickle

import pytest

import tipwire
from tipwire import Packet


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
