"""Sessions as a pair with a clock of their own, and over sockets."""

import asyncio
import shutil
import ssl
import subprocess

import pytest

import tipwire
from tipwire import aio

AUTH = "4deedd7bab8817ec"
TOKEN = tipwire.Token("ate2bd319014b24e0a8aca9f00aea4c0d0")
KEY = bytes(range(16))


def sealer(counter=0):
    return tipwire.Sealer("aes-128-ccm", KEY, "sensor-01", token=TOKEN, counter=counter)


def test_a_client_and_a_server_understand_each_other():
    client = tipwire.Client(AUTH, "sensor-01", next_number=7)
    server = tipwire.Server(0)
    assert isinstance(client.next_event(0), tipwire.Connect)
    client.connected(0)
    number = client.send(tipwire.push(AUTH, "sensor-01", {"t": 32.5}), 0)
    assert number == 7
    server.receive(client.data_to_send(0))
    request = server.next_event(1)
    assert isinstance(request, tipwire.Request) and request.number == 7
    assert (request.frame.serial, request.frame.variables[0].value) == ("sensor-01", 32.5)
    server.answer(request.ticket, "OK", 1)
    assert server.next_event(1) is None
    server.command("reboot")
    answer, command = client.events(server.data_to_send(), 2)
    assert (answer.number, answer.done, answer.ack.count) == (7, True, 1)
    assert (command.text, command.answers) == ("reboot", None)
    assert client.idle and client.counter == 8


def test_what_cannot_be_read_is_answered_by_the_session():
    server = tipwire.Server(0)
    (rejected,) = server.events(b"PUSH|oops\n", 0)
    assert (rejected.code, rejected.error.code) == ("invalid_token", "invalid_token")
    assert server.data_to_send() == b"ACK|ERR|invalid_token\n"
    server.handle_timeout(server.deadline)
    assert [event.code for event in server.events(b"", 20_000)] == ["keep_alive_timeout"]
    assert server.closed


def test_counters_are_enforced_and_their_state_survives():
    devices = tipwire.Devices()
    devices.enforce_sequence(AUTH, "s")
    server = tipwire.Server(0, devices=devices)
    (request,) = server.events(tipwire.ping(AUTH, "s", seq=5) + "\n", 0)
    server.answer(request.ticket, "PONG")
    assert [event.code for event in server.events(tipwire.ping(AUTH, "s", seq=5) + "\n", 0)] == ["invalid_seq"]
    state = devices.sequence_state(AUTH, "s")
    again = tipwire.Devices()
    again.enforce_sequence(AUTH, "s", state=state)
    assert [event.code for event in tipwire.Server(0, devices=again).events(tipwire.ping(AUTH, "s", seq=4) + "\n", 0)] == ["invalid_seq"]
    with pytest.raises(ValueError):
        again.enforce_sequence(AUTH, "s", state=b"?")


def test_sealed_sessions_share_a_key():
    devices = tipwire.Devices()
    devices.add_key(sealer(1000))
    server = tipwire.Server(0, devices=devices)
    mine = sealer()
    client = tipwire.Client(AUTH, "sensor-01", sealer=mine)
    with pytest.raises(ValueError):
        mine.ping()
    client.next_event(0)
    client.connected(0)
    client.send(tipwire.push(AUTH, "sensor-01", {"t": 1}), 0)
    (request,) = server.events(client.data_to_send(0), 0)
    assert request.sealed and request.serial == "sensor-01" and request.frame.auth is None
    assert server.mode == "envelopes"
    server.answer(request.ticket, "OK", 1)
    (answer,) = client.events(server.data_to_send(), 0)
    assert answer.ack.count == 1
    assert devices.counter(0) == 1001


def test_the_oldest_requests_make_room_and_are_told_to_be_lost():
    client = tipwire.Client(AUTH, "s", drop_oldest=True, max_queue=200)
    numbers = [client.send(tipwire.ping(AUTH, "s"), 0) for _ in range(20)]
    lost = [event.number for event in client.events(b"", 0) if isinstance(event, tipwire.Lost)]
    assert lost and lost == numbers[: len(lost)]


async def double(request):
    await asyncio.sleep(0.001 if request.number and request.number % 2 else 0)
    frame = request.frame
    if isinstance(frame, tipwire.Push):
        return len(frame.variables)
    if isinstance(frame, tipwire.Pull):
        return {name: 1 for name in frame.names if name != "nothing"} or ("ERR", "variable_not_found")
    return "PONG"


@pytest.mark.parametrize("udp", [False, True], ids=["tcp", "udp"])
@pytest.mark.parametrize("sealed", [False, True], ids=["text", "sealed"])
def test_devices_talk_to_servers(udp, sealed):
    async def run():
        devices = tipwire.Devices()
        devices.add_key(sealer())
        async with aio.serve(double, port=0, udp=udp, devices=devices) as server:
            key = sealer(1 << 20) if sealed else None
            async with aio.connect("127.0.0.1", server.port, AUTH, "sensor-01", udp=udp, sealer=key) as device:
                acks = await asyncio.gather(*(device.push({"a": n, "b": n}) for n in range(20)))
                assert [ack.count for ack in acks] == [2] * 20
                assert (await device.pull(["x"])).variables[0].name == "x"
                assert (await device.pull(["nothing"])).error == "variable_not_found"
                assert (await device.ping()).status == "PONG"

    asyncio.run(asyncio.wait_for(run(), 20))


def test_commands_come_and_connections_come_back():
    async def run():
        async with aio.serve(lambda request: "PONG", port=0) as server:
            async with aio.connect("127.0.0.1", server.port, AUTH, "s", retry_first=10) as device:
                await device.ping()
                (connection,) = server.connections
                connection.command("reboot")
                commands = device.commands()
                assert await commands.__anext__() == "reboot"
                connection.close()
                await device.ping()
                assert connection not in server.connections

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_device_waits_for_a_server_that_is_not_there_yet():
    async def run():
        async with aio.serve(lambda request: "PONG", port=0) as server:
            port = server.port
        async with aio.connect("127.0.0.1", port, AUTH, "s", retry_first=10) as device:
            ping = asyncio.ensure_future(device.ping())
            await asyncio.sleep(0.05)
            assert not ping.done()
            async with aio.serve(lambda request: "PONG", port=port):
                assert (await ping).status == "PONG"
        with pytest.raises(aio.LostError):
            await device.ping()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_handlers_that_fail_answer_so_and_the_connection_goes_on():
    async def run():
        async def handler(request):
            raise RuntimeError("a secret of the server")

        async with aio.serve(handler, port=0) as server:
            async with aio.connect("127.0.0.1", server.port, AUTH, "s") as device:
                assert (await device.ping()).error == "server_error"
                assert (await device.ping()).error == "server_error"

    asyncio.run(asyncio.wait_for(run(), 20))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the certificate is made by openssl")
def test_tls_is_an_ssl_context(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate, key)
    theirs = ssl.create_default_context(cafile=str(certificate))

    async def run():
        async with aio.serve(lambda request: "PONG", port=0, ssl=ours) as server:
            async with aio.connect("127.0.0.1", server.port, AUTH, "s", ssl=theirs) as device:
                assert (await device.ping()).status == "PONG"

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_flood_is_held_back_and_answered_in_order():
    async def run():
        async with aio.serve(double, port=0) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            count = 3000
            lines = "".join(tipwire.push(AUTH, "s", {"a": 1}, seq=n) + "\n" for n in range(count))
            writer.write(lines.encode())
            for n in range(count):
                line = await reader.readline()
                assert line == b"ACK|!%d|OK|1\n" % n
            writer.close()

    asyncio.run(asyncio.wait_for(run(), 60))
