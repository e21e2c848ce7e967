"""A machine with other things to do: what the instrument is measured beside.

The rule kept here: the load is real processes that end with whoever measures.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter, sleep

FRAMES = 60  # a second
PAINTING = 0.006  # seconds that a frame takes: a window on a large screen, with a long take in it


@contextmanager
def busy(cores: int | None = None) -> Iterator[None]:
    """While it lasts, so many cores of the machine, or all, have something else to do."""
    with _beside(_work, cores or os.cpu_count() or 1):
        yield


@contextmanager
def repainting() -> Iterator[None]:
    """While it lasts, somebody repaints a window, or does as much work, sixty times a second."""
    with _beside(_paint, 1):
        yield


@contextmanager
def _beside(work: Callable[[], None], count: int) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    neighbours = [context.Process(target=work, daemon=True) for _ in range(count)]
    for neighbour in neighbours:
        neighbour.start()
    try:
        yield
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.join()


def _work() -> None:
    while True:
        sum(range(10_000))


def _paint() -> None:
    due = perf_counter()
    while True:
        while perf_counter() < due + PAINTING:
            sum(range(1_000))
        due = max(due + 1 / FRAMES, perf_counter())
        sleep(due - perf_counter() if due > perf_counter() else 0.0)
