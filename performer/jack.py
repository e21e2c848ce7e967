"""Whether the JACK server runs, asked without a word to it.

The rule kept here: JACK's own library is not asked. Where the server has died it goes on listing
ports, prints to the terminal, and frees what rtmidi still holds, which ends the whole program.
Linux lists the server's socket, and a number that no other run of the server shares.
"""

import os
import re
from pathlib import Path

SOCKETS = Path("/proc/net/unix")  # a line each: ... flags type state inode path
LISTENING = "00010000"  # flags


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
