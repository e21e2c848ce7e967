"""How long the window takes to paint a long take, an hour of playing, and to be playable at all.

usage: python -m gui.bench

The rule kept here: what is timed is the real roll, sounding keys and present moment included, as it
moves along, from the first frame on; the median and the worst of many, for several sizes of the
window. An hour is played into it message by message, as the engine tells them. And what is started
is the real program, in a process of its own, until a key on it would sound.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from gui.piano_roll import PianoRoll
from gui.state import Begun, Played, Scene, Sounding
from performer.engine import Sent
from performer.messages import Player, Send
from performer.midi import note_off, note_on
from performer.notes import Note

NOTES, FRAMES, RATE = 10_000, 300, 60
SIZES = ((720, 420), (1500, 800), (3300, 1600))  # of the roll, in pixels
ZOOMS = (110.0, 20.0)  # pixels a second
MINUTE, HOUR = 60.0, 3600.0  # seconds
NOTES_A_SECOND = 8
STARTS = 5
PLAYABLE = "playable"
START = "from gui.bench import open_until_playable; open_until_playable()"


def long_take(notes: int = NOTES) -> Scene:
    """A take of so many notes, some eight a second, by both players in turn; two keys are down."""
    dice = np.random.default_rng(1)
    onsets = np.cumsum(dice.exponential(0.12, notes))
    pitches = np.clip(np.round(dice.normal(64, 12, notes)), 21, 108)
    lengths, touch = dice.exponential(0.4, notes), dice.integers(20, 120, notes)
    players = tuple(Player)
    played = tuple(
        Played(players[n // 40 % 2], Note(int(pitch), int(velocity), at, at + length))
        for n, (pitch, velocity, at, length) in enumerate(
            zip(pitches, touch, onsets, lengths, strict=True)
        )
    )
    end = float(onsets[-1])
    down = tuple(Sounding(Player.MODEL, 0, pitch, 80, end - 0.2) for pitch in (60, 67))
    return Scene(True, take=1, notes=played, sounding=down, began_at=0.0, last_at=end)


def frame_times(roll: PianoRoll, scene: Scene, frames: int = FRAMES) -> list[float]:
    """Seconds that each frame took while the take moved on, a note ending with every tenth."""
    now = [scene.last_at]
    picture = QPixmap(roll.size())
    times = []
    for frame in range(frames):
        now[0] += 1 / RATE
        if frame % 10 == 0:
            note = Note(60 + frame // 10 % 12, 80, now[0] - 0.2, now[0])
            scene = replace(scene, notes=(*scene.notes, Played(Player.MODEL, note)))
        begun = perf_counter()
        roll.show_scene(scene, lambda: now[0])
        roll.render(picture)
        times.append(perf_counter() - begun)
    return times


def messages(seconds: float) -> Iterator[Sent]:
    """What two players tell who play evenly, phrase by phrase in turn, for so long."""
    players = tuple(Player)
    for number in range(round(seconds * NOTES_A_SECOND)):
        at, pitch = number / NOTES_A_SECOND, 48 + 7 * number % 36
        by, length = players[number // 40 % 2], 0.75 / NOTES_A_SECOND
        yield Sent(Send(note_on(0, pitch, 40 + number % 60), at, by), 0.0)
        yield Sent(Send(note_off(0, pitch), at + length, by), 0.0)


@dataclass
class Session:
    """A roll that is played to, as far as `now`."""

    roll: PianoRoll
    to_tell: Iterator[Sent]
    scene: Scene = field(default_factory=lambda: Scene().after(Begun("", (), "")))
    now: float = 0.0
    told: Sent | None = None  # that was not yet due

    def frame(self, seconds: float, picture: QPixmap) -> float:
        """Play on for a while, and paint once; how long that took, in seconds."""
        self.now += seconds
        begun = perf_counter()
        self.hear()
        self.roll.show_scene(self.scene, lambda: self.now)
        self.roll.render(picture)
        return perf_counter() - begun

    def hear(self) -> None:
        """Take in what is due by now."""
        told = self.told or next(self.to_tell, None)
        while told is not None and told.message.due <= self.now:
            self.scene = self.scene.after(told)
            told = next(self.to_tell, None)
        self.told = told


def minutes(roll: PianoRoll) -> tuple[float, float]:
    """Seconds that a frame takes in the first and in the last minute of an hour: the medians."""
    session, picture = Session(roll, messages(HOUR)), QPixmap(roll.size())
    frames = round(MINUTE * RATE)
    first = [session.frame(1 / RATE, picture) for _ in range(frames)]
    while session.now < HOUR - MINUTE:
        session.frame(1.0, picture)
    last = [session.frame(1 / RATE, picture) for _ in range(frames)]
    return median(first), median(last)


def open_until_playable() -> None:
    """Open the window as `antiphon window` does, and leave as soon as one can play."""
    from gui.display import why_there_is_none
    from gui.stagehand import Stagehand

    why_there_is_none()
    stagehand = Stagehand()
    from gui.choices import NOBODY, Choices, Memory
    from gui.evening import Evening
    from gui.window import Window
    from performer.process import NONE

    app = QApplication([])
    app.setStyle("Fusion")
    with tempfile.TemporaryDirectory() as folder:
        memory = Memory(Choices(keyboard=NOBODY, output=NONE), takes=folder)
        evening = Evening(memory, stagehand, settings_file=Path(folder) / "settings.toml")
        window = Window(evening, lambda _: None, lambda: None)
        window.show()
        window.open()
        while not evening.scene.is_ready and window.bar.isHidden():
            app.processEvents()
            sleep(0.001)
        print(PLAYABLE if evening.scene.is_ready else window.bar.sentence.text(), flush=True)
        window.close()


def start_times(starts: int = STARTS) -> list[float]:
    """Seconds from the command to a window on which a key would sound."""
    times = []
    for _ in range(starts):
        begun = perf_counter()
        with subprocess.Popen(
            [sys.executable, "-c", START], stdout=subprocess.PIPE, text=True
        ) as opened:
            assert opened.stdout is not None
            said = opened.stdout.readline().strip()
            if said != PLAYABLE:
                raise SystemExit(said)
            times.append(perf_counter() - begun)
    return times


def main() -> None:
    """Print what was measured."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    _app = QApplication.instance() or QApplication([])
    times = start_times()
    print(f"start to playable: median {median(times):.2f} s, worst {max(times):.2f} s")
    scene = long_take()
    for size in SIZES:
        for zoom in (*ZOOMS, None):
            roll = PianoRoll()
            roll.resize(QSize(*size))
            roll.show_scene(scene, lambda: scene.last_at)
            if zoom is None:
                roll.show_whole()
            else:
                roll.set_zoom(zoom)
            times = [1000 * seconds for seconds in frame_times(roll, scene)]
            seen = "whole take" if zoom is None else f"{zoom:.0f} pixels a second"
            print(
                f"{size[0]} x {size[1]}, {seen}: median {median(times):.2f} ms, "
                f"p95 {quantiles(times, n=20)[-1]:.2f} ms, worst {max(times):.1f} ms"
            )
    for size in SIZES:
        roll = PianoRoll()
        roll.resize(QSize(*size))
        first, last = minutes(roll)
        print(
            f"{size[0]} x {size[1]}, an hour of playing: median {1000 * first:.2f} ms in the first "
            f"minute, {1000 * last:.2f} ms in the last, ratio {last / first:.2f}"
        )


if __name__ == "__main__":
    main()
