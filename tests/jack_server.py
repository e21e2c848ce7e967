"""A JACK server of the tests' own, with no sound card behind it: real MIDI ports on any machine."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

SERVER = "antiphon-test"
COMMAND = ("jackd", "-n", SERVER, "--no-realtime", "-d", "dummy", "-r", "48000", "-p", "64")
STARTING = 5.0  # seconds


def started() -> "subprocess.Popen[bytes]":
    """The server, once it takes clients."""
    server = subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    give_up_at = time.monotonic() + STARTING
    while subprocess.run(["jack_lsp"], capture_output=True, check=False).returncode != 0:
        assert server.poll() is None, "jackd did not start"
        assert time.monotonic() < give_up_at, "jackd takes no clients"
        time.sleep(0.05)
    return server


def stopped(server: "subprocess.Popen[bytes]") -> None:
    """Ends it, whatever state it is in."""
    server.terminate()
    try:
        server.wait(STARTING)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@pytest.fixture
def jack() -> Iterator["subprocess.Popen[bytes]"]:
    """A running server that all of this process and its children find; skips where it cannot be."""
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed (Debian: apt install jackd2)")
    before = {
        name: os.environ.get(name) for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER")
    }
    os.environ |= {"JACK_DEFAULT_SERVER": SERVER, "JACK_NO_START_SERVER": "1"}
    server = started()
    yield server
    stopped(server)
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
