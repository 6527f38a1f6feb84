"""The programs under examples/python, talking to each other."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "python"


@pytest.mark.skipif(sys.version_info < (3, 10), reason="they use match")
def test_the_device_talks_to_the_server():
    with subprocess.Popen(
        [sys.executable, EXAMPLES / "server.py", "127.0.0.1", "0"], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            port = server.stdout.readline().rpartition(":")[2].strip()
            device = [sys.executable, EXAMPLES / "device.py", "127.0.0.1", port, "--count", "3", "--period", "0"]
            out = subprocess.run(device, capture_output=True, text=True, timeout=30, check=True).stdout
            assert len(out.splitlines()) == 3 and "2 stored" in out
            assert server.stdout.readline().startswith("sensor-01: temperature = ")
        finally:
            server.terminate()
