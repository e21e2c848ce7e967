"""A JACK server of the tests' own, with no sound card behind it: real MIDI ports on any machine.

It waits for its clients (-S) and takes 2.7 ms a period: on a busy machine and without real-time
rights a JACK that does not wait loses a message now and then, or delivers one twice.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

OPTIONS = ("-S", "--no-realtime", "-d", "dummy", "-r", "48000", "-p", "128")
DIES_WITH_US = ("setpriv", "--pdeathsig", "TERM")  # should a crash end the tests
STARTING = 5.0  # seconds, and stopping


@pytest.fixture(scope="module")
def jack() -> Iterator[str]:
    """The name of a server that this process and its children find; skips where it cannot be."""
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed (Debian: apt install jackd2)")
    with led_to(f"antiphon-test-{os.getpid()}") as name:
        server = started(name)
        try:
            yield name
        finally:
            stopped(server)


@contextmanager
def led_to(server: str) -> Iterator[str]:
    """While it lasts, clients of JACK in this process and its children look for this server."""
    ours = {"JACK_DEFAULT_SERVER": server, "JACK_NO_START_SERVER": "1"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    yield server
    for name, value in before.items():
        os.environ.pop(name)
        if value is not None:
            os.environ[name] = value


def started(name: str) -> "subprocess.Popen[bytes]":
    """A server of that name, once it takes clients."""
    server = subprocess.Popen(
        [*DIES_WITH_US, "jackd", "-n", name, *OPTIONS],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    give_up_at = time.monotonic() + STARTING
    while subprocess.run(["jack_lsp", "-s", name], capture_output=True, check=False).returncode:
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
