"""A JACK server of the tests' own, with no sound card behind it: real MIDI ports on any machine.

It waits for its clients (-S) and takes 2.7 ms a period: on a busy machine and without real-time
rights a JACK that does not wait loses a message now and then, or delivers one twice.

The rule kept here: a server that falls ill fails no test, and excuses no other fault. It waits five
seconds of every period for a client that will never be through, and says so: that, and nothing that
the instrument does or leaves undone, is what a test is repeated or skipped for.

One way to make it ill is known. Where a client goes while another process opens one, libjack may
miss it: the next client of that process that is given the number of the one that went then waits
for a semaphore that nobody signals. So no test opens ports, or lists them, while the instrument is
opening its own.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import IO, ParamSpec

import pytest

OPTIONS = ("-S", "--no-realtime", "-d", "dummy", "-r", "48000", "-p", "128")
DIES_WITH_US = ("setpriv", "--pdeathsig", "TERM")  # should a crash end the tests
STARTING = 5.0  # seconds, and stopping
STALLED = b"SuspendRefNum error"  # said once a period by a server that waits in vain
COMPLAINING = 6.0  # seconds until a server that stalls has said so
TRIES = 3

Arguments = ParamSpec("Arguments")


@dataclass(frozen=True)
class JackServer:
    """One run of jackd."""

    name: str
    process: "subprocess.Popen[bytes]"
    complaints: IO[bytes]

    def is_ill(self, still: bool = False) -> bool:
        """True where it has died, or waited in vain for some client; `still`: where it does now."""
        heard = len(self._said()) if still else 0
        give_up_at = time.monotonic() + COMPLAINING
        while time.monotonic() < give_up_at:
            if self.process.poll() is not None or STALLED in self._said()[heard:]:
                return True
            time.sleep(0.1)
        return False

    def _said(self) -> bytes:
        return os.pread(self.complaints.fileno(), 1 << 20, 0)


@pytest.fixture
def jack() -> Iterator[JackServer]:
    """A server that this process and its children find; skips where there can be none."""
    with running() as server:
        yield server


@contextmanager
def running(*options: str) -> Iterator[JackServer]:
    """A server that this process and its children find while it lasts."""
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed (Debian: apt install jackd2)")
    with led_to(f"antiphon-test-{os.getpid()}") as name:
        server = started(name, *options)
        try:
            yield server
        finally:
            stopped(server)


def on_jack(test: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """The test, each time with a server of its own, until one of them stays well."""

    @wraps(test)
    def on_a_sound_server(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        for _ in range(TRIES):
            with running() as server:
                try:
                    return test(*args, **kwargs)
                except Exception:
                    if not server.is_ill():
                        raise
        pytest.skip(f"{TRIES} JACK servers one after the other fell ill on this machine")

    return on_a_sound_server


@contextmanager
def led_to(server: str) -> Iterator[str]:
    """While it lasts, clients of JACK in this process and its children look for this server."""
    ours = {"JACK_DEFAULT_SERVER": server, "JACK_NO_START_SERVER": "1"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield server
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def started(name: str, *options: str) -> JackServer:
    """A server of that name, once it takes clients."""
    complaints = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed where the server ends)
    process = subprocess.Popen(
        [*DIES_WITH_US, "jackd", "-n", name, *options, *OPTIONS],
        stdout=subprocess.DEVNULL,
        stderr=complaints,
    )
    give_up_at = time.monotonic() + STARTING
    while subprocess.run(["jack_lsp", "-s", name], capture_output=True, check=False).returncode:
        if process.poll() is not None or time.monotonic() > give_up_at:
            stopped(JackServer(name, process, complaints))
            pytest.skip("jackd does not start on this machine, or takes no clients")
        time.sleep(0.05)
    return JackServer(name, process, complaints)


def stopped(server: JackServer) -> None:
    """Ends it, whatever state it is in."""
    server.process.terminate()
    try:
        server.process.wait(STARTING)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
    server.complaints.close()
