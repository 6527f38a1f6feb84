"""The cases of the command line that all packages with one share."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parent.parent.parent / "vectors" / "command_line.json"
CASES = json.loads(PATH.read_text(encoding="utf-8"))
TIPWIRE = [sys.executable, "-m", "tipwire"]
SECRETS = {
    "TOKEN": "ate2bd319014b24e0a8aca9f00aea4c0d0",
    "KEY": "fe09da81bc4400ee12ab56cd78ef9012",
}


def run(words, stdin=b""):
    done = subprocess.run(
        [*TIPWIRE, *words], input=stdin, capture_output=True, timeout=60, env={**os.environ, **SECRETS}
    )
    return done.returncode, done.stdout.decode().splitlines(), done.stderr.decode()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_command_line_answers_as_everywhere(case, tmp_path):
    if "serve" in case:
        return serve_and_send(case)
    for name, text in case.get("files", {}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    words = [word.replace("{folder}", str(tmp_path)) for word in case["words"]]
    stdin = bytes.fromhex(case["hex"]) if "hex" in case else case.get("stdin", "").encode()
    code, out, err = run(words, stdin)
    assert code == case["code"], err
    if "options" in case:
        assert sorted(set(re.findall(r"--[a-z]+", "\n".join(out)))) == case["options"]
        assert out[0].startswith("usage: tipwire")
        return None
    assert out == case.get("out", [])
    if code == 2:
        assert err.startswith("usage: tipwire") and "error: " in err
        return None
    told, parts = err.splitlines(), case.get("err", [])
    assert len(told) == len(parts), err
    assert all(part in line for part, line in zip(parts, told)), err
    return None


def serve_and_send(case):
    serving = subprocess.Popen(
        [*TIPWIRE, *case["serve"]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with serving:
        address = serving.stderr.readline().rpartition(" ")[2].strip()
        for sent in case["sends"]:
            code, out, err = run([word.replace("{address}", address) for word in sent["words"]])
            assert (code, out) == (sent["code"], sent["out"]), err
        assert serving.wait(20) == case["code"]
        assert serving.stdout.read().splitlines() == case["out"]
