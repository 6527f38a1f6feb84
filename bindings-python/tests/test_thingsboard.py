"""ThingsBoard's converters, telemetry and downlinks."""

import json
import pickle
from pathlib import Path

import pytest

import tipwire
from tipwire import ConvertError, thingsboard
from tipwire.thingsboard import Converter

AUTH = "4deedd7bab8817ec"
VECTORS = Path(__file__).parent.parent.parent / "vectors" / "thingsboard.json"
CASES = json.loads(VECTORS.read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_vector_is_answered_as_written(case):
    message = bytes.fromhex(case["message"])
    try:
        found = json.loads(Converter(case["converter"], case["settings"]).convert(message))
    except ConvertError as error:
        found = {"code": error.code, "field": error.field, "at": error.at}
        found = {key: value for key, value in found.items() if value is not None}
        assert found == case["error"]
    else:
        assert found == case["uplink"]


def test_settings_are_json_or_what_it_would_be():
    for settings in ({"separator": ";", "type": None}, '{"separator":";","type":null}'):
        converter = Converter("text", settings)
        assert json.loads(converter.convert("a;t;1"))["telemetry"] == {"t": 1}
    assert repr(Converter("json")) == "Converter('json')"
    for wrong in ({"seperator": ";"}, "[", {"separator": ""}):
        with pytest.raises(ConvertError) as caught:
            Converter("text", wrong)
        assert (caught.value.kind, caught.value.field, caught.value.at) == ("invalid_settings", None, None)
    with pytest.raises(ConvertError):
        Converter("xml")
    for wrong in (7, None):
        with pytest.raises(TypeError):
            Converter(wrong)
    with pytest.raises(TypeError):
        Converter(len, {})


def test_what_does_not_fit_names_the_field_and_the_byte():
    with pytest.raises(ConvertError, match="^temperature: this is required at byte 15$") as caught:
        Converter("text").convert(b"n,t,temperature")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.kind, again.code, again.field, again.at) == ("missing", "invalid_payload", "temperature", 15)


def test_a_function_stands_in_the_same_place_and_is_checked():
    def convert(message):
        assert type(message) is bytes
        number, value = message.split(b"=")
        return {"deviceName": number.decode(), "telemetry": {"ts": 5, "values": {"v": int(value)}}}

    converter = Converter(convert)
    assert converter.convert("d=1") == '{"deviceName":"d","telemetry":{"ts":5,"values":{"v":1}}}'
    (uplink,) = converter.uplinks(memoryview(b"d=2"))
    assert uplink.points() == [{"variable": "v", "value": 2, "time": 5}]
    assert "convert" in repr(converter)
    # What the function raises goes through.
    with pytest.raises(ValueError, match="unpack"):
        converter.convert(b"no")

    for made, field in [
        ({"telemetry": {}}, "deviceName"),
        ({"deviceName": "a", "assetName": "b"}, "assetName"),
        ({"deviceName": 7}, "deviceName"),
        ('[{"deviceName":"a","telemetry":1}]', "telemetry"),
        ([{"deviceName": "a", "attributes": []}], "attributes"),
        (None, "message"),
        ("{", "message"),
    ]:
        with pytest.raises(ConvertError) as caught:
            Converter(lambda _, made=made: made).convert(b"")
        assert caught.value.field == field
    for made, error in [({1, 2}, TypeError), (float("nan"), ValueError), ({"deviceName": "\ud800"}, ValueError)]:
        with pytest.raises(error):
            Converter(lambda _, made=made: made).convert(b"")
    assert Converter(lambda _: []).uplinks(b"") == [] == Converter(lambda _: {}).uplinks(b"")


def test_uplinks_are_taken_apart():
    text = r"""[{"assetName":"caf\u00e9","deviceType":"t","telemetry":[{"a":1.50},{"ts":5,"values":{"b":"x\"y"}},
        {"c":true,"d":{"e":[1]},"f":null,"g":1e2,"h":-12345678901234567890}],"attributes":{"i":"\n","j":2}}, {},
        {"deviceName":"d"}]"""
    asset, device = thingsboard.parse_uplinks(text)
    assert (asset.name, asset.type, asset.is_asset) == ("café", "t", True)
    assert (device.name, device.type, device.is_asset, device.points()) == ("d", None, False, [])
    assert asset.points() == [
        {"variable": "a", "value": 1.5},
        {"variable": "b", "value": 'x"y', "time": 5},
        {"variable": "c", "value": True},
        {"variable": "d", "value": {"e": [1]}},
        {"variable": "f", "value": None},
        {"variable": "g", "value": 100.0},
        {"variable": "h", "value": -12345678901234567890},
    ]
    assert asset.attributes == {"i": "\n", "j": 2}
    assert repr(device) == "Uplink('d', [])"
    digits = "9" * 10_000
    (uplink,) = thingsboard.parse_uplinks(f'{{"deviceName":"d","telemetry":{{"n":{digits}}}}}')
    assert uplink.points()[0]["value"] == 10**10_000 - 1


def test_uplinks_become_frames():
    made = {"deviceName": "SN-002", "telemetry": {"ts": 5, "values": {"temperature": 25.7, "on": True}}}
    (uplink,) = thingsboard.parse_uplinks(made)
    assert uplink.push(AUTH) == f"PUSH|{AUTH}|SN-002|[temperature:=25.7@5;on?=true@5]"
    assert uplink.push(AUTH, "s").startswith(f"PUSH|{AUTH}|s|[")
    (uplink,) = thingsboard.parse_uplinks({"deviceName": "d", "telemetry": [{"a": 1}, {"b": [1]}]})
    with pytest.raises(tipwire.BuildError) as caught:
        uplink.push(AUTH)
    assert (caught.value.variable, caught.value.point, caught.value.kind) == ("b", 1, "type")


def test_frames_become_telemetry():
    push = tipwire.parse(f"PUSH|{AUTH}|SN-002|@5[t:=1.50#C;on?=true@6]")
    groups = '[{"ts":5,"values":{"t":1.50}},{"ts":6,"values":{"on":true}}]'
    assert thingsboard.telemetry(push) == groups
    assert thingsboard.gateway_telemetry(push) == f'{{"SN-002":{groups}}}'
    assert thingsboard.gateway_telemetry(push, "x") == f'{{"x":{groups}}}'
    assert '"t_unit":"C"' in thingsboard.telemetry(push, details=True)
    (uplink,) = thingsboard.parse_uplinks(thingsboard.uplink(push))
    assert uplink.push(AUTH) == f"PUSH|{AUTH}|SN-002|[t:=1.50@5;on?=true@6]"
    assert (thingsboard.DEVICE_TOPIC, thingsboard.GATEWAY_TOPIC) == ("v1/devices/me/telemetry", "v1/gateway/telemetry")
    with pytest.raises(TypeError):
        thingsboard.telemetry(tipwire.parse(f"PING|{AUTH}|SN-002"))


def test_downlinks_are_bytes_and_a_line_feed():
    for made, sent in [
        ({"contentType": "JSON", "data": {"a": 1}}, b'{"a":1}\n'),
        ({"contentType": "TEXT", "data": "grün", "metadata": {}}, "grün\n".encode()),
        ('{"contentType":"BINARY","data":"AAE="}', b"\0\1\n"),
    ]:
        assert thingsboard.downlink(made) == sent
    for made, kind, field in [
        ({"contentType": "XML", "data": ""}, "type", "contentType"),
        ({"contentType": "BINARY", "data": "A"}, "base64", "data"),
        ("[]", "type", "message"),
    ]:
        with pytest.raises(ConvertError) as caught:
            thingsboard.downlink(made)
        assert (caught.value.kind, caught.value.field) == (kind, field)


def test_hostile_messages_are_errors_or_uplinks():
    converters = [Converter(name) for name in ("text", "json", "binary")]
    for seed in (b"\xff" * 50, b"[" * 100_000, b'{"deviceName":"a","t":' * 500, b'"' * 999, b"," * 99_999, b"\0" * 30):
        for converter in converters:
            try:
                for uplink in converter.uplinks(seed):
                    uplink.points(), uplink.attributes
            except ConvertError as error:
                assert error.at <= len(seed)
