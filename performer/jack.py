"""Whether the JACK server runs, asked without a word to it.

The rule kept here: JACK's own library is not asked. Where the server has died it goes on listing
ports, prints to the terminal, and frees what rtmidi still holds, which ends the whole program.
Linux lists the server's socket, and a number that no other run of the server shares.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from performer.refusal import Refusal

SOCKETS = Path("/proc/net/unix")  # a line each: ... flags type state inode path
LISTENING = "00010000"  # flags
RATE, PERIOD = 48_000, 128  # frames a second, and at a time, of a server of our own
DUMMY = ("-d", "dummy", "-r", str(RATE), "-p", str(PERIOD))
STARTING = 10.0  # seconds
DIES_WITH_US = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()


def running_server(sockets: Path = SOCKETS) -> str | None:
    """A mark of this run of the JACK server that clients would be led to; None where none runs."""
    name = re.escape(os.environ.get("JACK_DEFAULT_SERVER", "default"))
    line = re.compile(
        rf"{LISTENING} \d+ \d+ +(?P<inode>\d+) \S*/jack_{name}_(\d+_)?0$", re.MULTILINE
    )
    try:
        found = line.search(sockets.read_text(errors="replace"))
    except OSError:
        return None
    return found["inode"] if found else None


@contextmanager
def own_server() -> Iterator[None]:
    """While it lasts, a JACK server with no sound card behind it runs, which we are led to.

    With real-time priority where that is granted. Raises Refusal where there can be none.
    """
    jackd = shutil.which("jackd")
    if jackd is None:
        raise Refusal("JACK is not installed: type apt install jackd2 (or start your own).")
    ours = {"JACK_DEFAULT_SERVER": f"antiphon-bench-{os.getpid()}", "JACK_NO_START_SERVER": "1"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    server = _started(jackd, ours["JACK_DEFAULT_SERVER"])
    try:
        yield
    finally:
        server.terminate()
        server.wait(STARTING)
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _started(jackd: str, name: str) -> "subprocess.Popen[bytes]":
    for realtime in ("--realtime", "--no-realtime"):
        command = [*DIES_WITH_US, jackd, "-n", name, realtime, *DUMMY]
        server = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        give_up_at = monotonic() + STARTING
        while monotonic() < give_up_at and server.poll() is None:
            if running_server() is not None:
                sleep(0.5)  # until it takes clients
                return server
            sleep(0.05)
        server.kill()
        server.wait()
    raise Refusal("JACK does not start on this machine: start your own, and try again.")
