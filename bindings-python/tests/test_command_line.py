"""The command line, as a process."""

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import tipwire

AUTH = "4deedd7bab8817ec"
TOKEN = "ate2bd319014b24e0a8aca9f00aea4c0d0"
TIPWIRE = [sys.executable, "-m", "tipwire"]
KEY = "fe09da81bc4400ee12ab56cd78ef9012"


def run(*arguments, stdin="", code=0, **environment):
    done = subprocess.run(
        [*TIPWIRE, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_frames_become_lines_of_json():
    frame = tipwire.push(AUTH, "s", {"t": 1})
    out, err = run("decode", stdin=f"{frame}\n\nPUSH|oops\n{frame}", code=1)
    assert [json.loads(line)["serial"] for line in out.splitlines()] == ["s", "s"]
    assert err.startswith("standard input:3: invalid_token: ")
    out, _ = run("decode", "--format", "points", stdin=frame)
    assert json.loads(out) == [{"variable": "t", "value": 1}]
    out, _ = run("decode", "--ack", stdin="ACK|OK|2\n")
    assert json.loads(out)["count"] == 2


def test_frames_become_a_table_for_people():
    frame = tipwire.push(AUTH, "s", [tipwire.Variable("t", 1, "C", time=5)], seq=3)
    out, _ = run("decode", "--format", "table", stdin=frame)
    assert out.split() == ["PUSH", "!3", "s", "t", "1", "C", "@5"]


def test_files_are_read_with_a_bar(tmp_path):
    pytest.importorskip("rich")
    file = tmp_path / "frames"
    file.write_text((tipwire.ping(AUTH, "s") + "\n") * 5)
    out, _ = run("decode", str(file), str(file), "--progress")
    assert len(out.splitlines()) == 10


def test_points_become_frames():
    points = '[{"variable":"t","value":1.50}]\n{"variable":"T","value":1}\n{"variable":"u","value":2}\n'
    out, err = run("encode", "--auth", AUTH, "--serial", "s", "--seq", "7", stdin=points, code=1)
    assert out == f"PUSH|!7|{AUTH}|s|[t:=1.50]\nPUSH|!8|{AUTH}|s|[u:=2]\n"
    assert "standard input:2" in err and "variable" in err


def test_frames_become_telemetry_of_thingsboard():
    frames = f"{tipwire.push(AUTH, 's', {'t': 32.5, 'on': True}, time=5)}\n{tipwire.ping(AUTH, 's')}\n"
    out, _ = run("decode", "--format", "telemetry", stdin=frames)
    # What has no data points is no telemetry.
    assert out == '{"s":[{"ts":5,"values":{"t":32.5,"on":true}}]}\n'
    out, err = run("decode", "--format", "telemetry", stdin="oops\n" + frames, code=1)
    assert len(out.splitlines()) == 1 and err.startswith("standard input:1: ")


def test_messages_become_uplink_objects_or_frames(tmp_path):
    messages = "SN-1,default,t,25.70\nSN-2,default,t\nSN-3,default,t,1\n"
    out, err = run("convert", "text", stdin=messages, code=1)
    first, second = map(json.loads, out.splitlines())
    assert (first["deviceName"], second["telemetry"]) == ("SN-1", {"t": 1}) and "25.70" in out
    assert err.startswith("standard input:2: t: ") and len(err.splitlines()) == 1
    out, _ = run("convert", "text", "--auth", AUTH, stdin=messages, code=1)
    assert out == f"PUSH|{AUTH}|SN-1|[t:=25.70]\nPUSH|{AUTH}|SN-3|[t:=1]\n"
    settings = tmp_path / "settings.json"
    settings.write_text('{"separator": ";"}')
    for given in (settings.read_text(), f"@{settings}", "env:SETTINGS"):
        out, _ = run("convert", "text", "--settings", given, stdin="s;d;t;1", SETTINGS=settings.read_text())
        assert json.loads(out)["telemetry"] == {"t": 1}


def test_messages_of_other_converters_are_converted_too():
    message = json.dumps({"deviceName": "s", "t": 1})
    out, _ = run("convert", "json", "--auth", AUTH, stdin=f"{message}\n[{message},{message}]\n")
    assert out == f"PUSH|{AUTH}|s|[t:=1]\n" * 3
    message = b"SN-002default25.7".hex()
    out, err = run("convert", "binary", "--auth", AUTH, stdin=f"{message}\nxyz\n", code=1)
    assert out == f"PUSH|{AUTH}|SN-002|[temperature:=25.7]\n"
    assert err == "standard input:2: expected bytes in hex\n"


def test_settings_that_cannot_work_are_told_at_once():
    for settings, problem in [('{"oops":1}', "settings"), ("{", ""), ("env:NOT_THERE", "NOT_THERE")]:
        _, err = run("convert", "text", "--settings", settings, stdin="a,b,c,1", code=1)
        assert err.startswith("tipwire: ") and problem in err and len(err.splitlines()) == 1
    _, err = run("convert", "nonsense", code=2)
    assert "invalid choice" in err


def test_envelopes_are_sealed_and_opened():
    sealed, _ = run(
        "seal", "--key", KEY, "--token", "env:TOKEN", "--serial", "sensor-01", "--counter", "42",
        stdin="sensor-01|[temp:=32]\nsensor-01|[temp:=33]\n", TOKEN=TOKEN,
    )
    assert sealed.startswith("000000002a4deedd7bab8817ecab7788d22eb7372fc8c5aa56d7")
    out, _ = run("open", "--key", KEY, stdin=sealed)
    assert out == "sensor-01|[temp:=32]\nsensor-01|[temp:=33]\n"
    _, err = run("open", "--key", "00" * 16, stdin=sealed, code=1)
    assert err.count("standard input:") == 2


def test_hashes_are_made_of_tokens(tmp_path):
    out, _ = run("hash", TOKEN, "--serial", "sensor-01")
    assert out == f"{AUTH}\nab7788d22eb7372f\n"
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert run("hash", f"@{tmp_path}/token")[0] == f"{AUTH}\n"
    _, err = run("hash", "atnonsense", code=1)
    assert "atnonsense" not in err


@pytest.mark.parametrize("udp", [[], ["--udp"]], ids=["tcp", "udp"])
def test_values_are_sent_to_the_test_endpoint(udp):
    serve = subprocess.Popen(
        [*TIPWIRE, "serve", "127.0.0.1:0", "--count", "2", *udp],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with serve:
        address = serve.stderr.readline().rpartition(" ")[2].strip()
        who = ["--auth", AUTH, "--serial", "s", *udp]
        out, _ = run("send", address, "t=32.50", "on=true", "name=a b", *who)
        assert json.loads(out)["count"] == 3
        out, _ = run("send", address, *who)
        assert json.loads(out)["status"] == "PONG"
        assert serve.wait(20) == 0
        first, second = map(json.loads, serve.stdout.read().splitlines())
    assert [variable["type"] for variable in first["variables"]] == ["number", "boolean", "string"]
    assert second["method"] == "PING"


def test_lines_that_are_no_text_or_too_long_are_told_of_and_passed_over():
    frame = tipwire.ping(AUTH, "s").encode()
    hostile = b"\xff\xfe\0|\n" + b"PUSH|" * 10_000 + b"\n" + frame + b"\n" + b"\n" * 3 + frame
    for command in (["decode"], ["decode", "--format", "points"], ["decode", "--format", "table"]):
        done = subprocess.run([*TIPWIRE, *command], input=hostile, capture_output=True, timeout=60)
        assert done.returncode == 1 and done.stdout.count(b"\n") == 2
        assert [line.split(b":")[1] for line in done.stderr.splitlines()] == [b"1", b"2"]
    for command in (["encode", "--auth", AUTH, "--serial", "s"], ["open", "--key", KEY]):
        done = subprocess.run([*TIPWIRE, *command], input=hostile, capture_output=True, timeout=60)
        assert done.returncode == 1 and done.stdout == b"" and done.stderr.count(b"\n") == 4
        assert b"Traceback" not in done.stderr


def test_a_line_without_end_does_not_fill_the_memory():
    resource = pytest.importorskip("resource")
    with subprocess.Popen([*TIPWIRE, "decode"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as decode:
        for _ in range(1000):
            decode.stdin.write(b"PUSH|" * 20_000)
        _, err = decode.communicate(timeout=60)
    assert decode.returncode == 1 and err.count(b"\n") == 1
    # The largest of all that ended so far, in kilobytes.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 400_000


def test_whoever_has_read_enough_may_close_the_pipe():
    frames = (tipwire.ping(AUTH, "s") + "\n").encode() * 50_000
    with subprocess.Popen([*TIPWIRE, "decode"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as decode:
        feeder = threading.Thread(target=feed, args=(decode.stdin, frames))
        feeder.start()
        assert json.loads(decode.stdout.readline())["serial"] == "s"
        decode.stdout.close()
        assert decode.wait(60) == 0
        feeder.join()
        assert decode.stderr.read() == b""


def feed(pipe, data):
    with suppress(BrokenPipeError), pipe:
        pipe.write(data)


def test_every_command_has_help_and_stands_in_the_readme():
    out, _ = run("--help")
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    rows = {row[0].split()[0]: " ".join(row) for row in re.findall(r"^\| `([^`]+)` (.*)\|$", readme, re.M)}
    listed = re.search(r"\{(.*)\}|positional arguments:\n(.*?)\n\n", out, re.S).group(0)
    commands = re.findall(r"^    (\w+)", listed, re.M)
    assert commands == list(rows) and len(commands) == 8
    for command in commands:
        told, _ = run(command, "--help")
        assert "usage: tipwire" in told and len(told.splitlines()) >= 5
        for option in set(re.findall(r"--\w+", told)) - {"--help"}:
            assert f"`{option}" in rows[command], f"{option} of {command} is not in the README"


def test_what_is_missing_is_told_without_a_traceback():
    for arguments, problem in [
        (["decode", "/does/not/exist"], "/does/not/exist"),
        (["hash", "@/does/not/exist"], "/does/not/exist"),
        (["hash", "env:NOT_THERE"], "NOT_THERE"),
        (["open", "--key", "xyz"], "hex"),
        (["serve", "127.0.0.1:99999"], "127.0.0.1:99999"),
        (["seal", "--key", KEY, "--token", "nonsense", "--serial", "s", "--counter", "0"], ""),
    ]:
        _, err = run(*arguments, code=1)
        assert problem in err and len(err.splitlines()) == 1 and err.startswith("tipwire: ")


def test_commands_that_make_no_sense_end_with_2():
    _, err = run("nonsense", code=2)
    assert "usage" in err
    _, err = run("send", "nowhere", "--auth", AUTH, "--serial", "s", code=1)
    assert "host:port" in err
    _, err = run("send", "127.0.0.1:1", "--auth", AUTH, "--serial", "s", "--timeout", "0.2", code=1)
    assert "no answer" in err
