"""Frames as HTTP requests and MQTT messages, and back."""

import pytest

import tipwire
from tipwire import tagoio
from tipwire.tagoio import HttpRequest, HttpResponse, MqttMessage

AUTH = "4deedd7bab8817ec"
PUSH = f"PUSH|{AUTH}|sensor-01|@5[t:=1.50#C]"
PULL = f"PULL|{AUTH}|sensor-01|[t;h]"
PING = f"PING|{AUTH}|sensor-01"


def test_frames_are_requests_and_back():
    for frame, method, query, body in [
        (PUSH, "POST", "", b"@5[t:=1.50#C]"),
        (PULL, "GET", "variables=t,h", b""),
        (PING, "HEAD", "", b""),
    ]:
        request = HttpRequest.from_frame(frame)
        assert request == HttpRequest(method, "/v1/tip/sensor-01", query, f"TagoTiP {AUTH}", body)
        assert (request.method, request.query, request.body) == (method, query, body)
        assert request.authorization == f"TagoTiP {AUTH}" and AUTH not in repr(request)
        assert request.to_frame() == frame and request.envelope is None
        assert hash(request) == hash(HttpRequest.from_frame(frame.encode()))
    assert HttpRequest.from_frame(PUSH.replace("PUSH|", "PUSH|!7|")).to_frame() == PUSH
    sealed = HttpRequest.from_envelope(b"\0\1")
    assert (sealed.path, sealed.envelope, sealed.body) == ("/v1/tips", b"\0\1", b"\0\1")
    with pytest.raises(tipwire.FrameError):
        HttpRequest.from_frame("PUSH|oops")


def test_answers_are_responses_and_back():
    for ack, method, response in [
        ("ACK|OK|3", "PUSH", HttpResponse(200, body=b"3")),
        ("ACK|OK|[t:=1]", "PULL", HttpResponse(200, body=b"[t:=1]")),
        ("ACK|PONG", "PING", HttpResponse(204)),
        ("ACK|CMD|reboot", "PING", HttpResponse(200, "reboot")),
        ("ACK|ERR|invalid_token", "PUSH", HttpResponse(401, body=b"invalid_token")),
    ]:
        assert HttpResponse.from_ack(ack) == response
        assert response.to_ack(method) == ack
    assert HttpResponse(503, body=b"<html>").to_ack("PUSH", 7) == "ACK|!7|ERR|server_error"
    assert HttpResponse(200, "reboot").command == "reboot" and HttpResponse(204).body == b""
    assert HttpResponse.from_envelope(b"x") == HttpResponse(200, body=b"x")
    with pytest.raises(ValueError):
        HttpResponse(200).to_ack("POST")


def test_what_is_no_request_has_a_response():
    for request, status in [
        (HttpRequest("PUT", "/v1/tip/s", authorization=f"TagoTiP {AUTH}"), 400),
        (HttpRequest("GET", "/v1/nonsense", authorization=f"TagoTiP {AUTH}"), 404),
        (HttpRequest("GET", "/v1/tip/s", "variables=t"), 401),
        (HttpRequest("POST", "/v1/tip/s", authorization=f"TagoTiP {AUTH}", body=b"\xff" * 99), 400),
    ]:
        with pytest.raises(tipwire.BuildError) as caught:
            request.to_frame()
        assert HttpResponse.from_error(caught.value).status == status


def test_frames_are_messages_and_back():
    for frame, topic, payload in [
        (PUSH, "$tip/sensor-01/push", b"@5[t:=1.50#C]"),
        (PULL.replace("PULL|", "PULL|!7|"), "$tip/sensor-01/pull", b"!7|t,h"),
    ]:
        message = MqttMessage.from_frame(frame)
        assert message == MqttMessage(topic, payload) and message.envelope is None
        assert (message.topic, message.payload) == (topic, payload)
        assert message.to_frame(AUTH) == frame
    answer = MqttMessage.from_ack("ACK|!7|OK|1", "sensor-01")
    assert answer == MqttMessage("$tip/sensor-01/ack", b"!7|OK|1")
    assert answer.to_ack() == "ACK|!7|OK|1"
    sealed = MqttMessage.from_envelope(b"\0", "sensor-01", "push")
    assert (sealed.topic, sealed.envelope) == ("$tips/sensor-01/push", b"\0")
    assert tagoio.topic("sensor-01", "push", sealed=True) == sealed.topic
    for wrong in (PING, "PULL|oops"):
        with pytest.raises(tipwire.FrameError):
            MqttMessage.from_frame(wrong)
    for message in (MqttMessage("$tip/a/b/c", b""), MqttMessage("$tip/s/push", b"!x"), sealed, answer):
        with pytest.raises(tipwire.BuildError):
            message.to_frame(AUTH)
    with pytest.raises(ValueError):
        tagoio.topic("sensor-01", "nonsense")


def test_devices_log_in_by_the_halves_of_their_hash():
    assert tagoio.login(AUTH) == ("4deedd7b", "ab8817ec")
    assert tagoio.join_login(*tagoio.login(AUTH)) == AUTH
    for wrong in ("", AUTH[:-1], "é" * 8):
        with pytest.raises(tipwire.FrameError):
            tagoio.login(wrong)
    with pytest.raises(tipwire.FrameError):
        tagoio.join_login("4deedd7bab", "8817ec")
