"""Silence for libraries that talk to themselves.

The rule kept here: where there is no sound card and no JACK, ALSA and JACK complain by the page,
from C straight to the terminal; what a player has to know is said by us, in one sentence.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD_ERROR = 2  # the file descriptor: C does not know of Python's sys.stderr


@contextmanager
def quiet() -> Iterator[None]:
    """Drops what anyone in this process prints to standard error; keep it to some milliseconds.

    Not for two threads at a time: the second would end with the first one's silence.
    """
    try:
        kept = os.dup(STANDARD_ERROR)
    except OSError:  # a program without a terminal has nothing to silence
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STANDARD_ERROR)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, STANDARD_ERROR)
        os.close(kept)
