"""Draws a take: the player's notes and the answer's on one piano roll.

The rule kept here: what is seen is what was played, to scale: onset, length, pitch, and velocity as
shade. The two colours are told apart by colour-blind eyes too (Okabe and Ito, 2008).
"""

import math

from performer.messages import Player
from performer.notes import Note
from performer.take import Take

COLOURS = {Player.HUMAN: "#0072b2", Player.MODEL: "#d55e00"}
WIDTH, ROW, MARGIN = 1200, 8, 40  # pixels
BLACK_KEYS = {1, 3, 6, 8, 10}
OCTAVE = 12
MOST_LINES = 250  # that mark the time


def drawn(take: Take) -> str:
    """The take as an SVG picture."""
    notes = {player: take.notes(player) for player in Player}
    all_notes = [note for played in notes.values() for note in played] or [Note(60, 1, 0, 1)]
    low = min(note.pitch for note in all_notes) - 2
    high = max(note.pitch for note in all_notes) + 2
    seconds = max(note.end for note in all_notes) or 1.0
    apart = math.ceil(seconds / MOST_LINES)
    scale = (WIDTH - 2 * MARGIN) / seconds
    height = (high - low + 1) * ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height + 2 * MARGIN}" '
        'font-family="sans-serif" font-size="14">',
        f'<rect width="{WIDTH}" height="{height + 2 * MARGIN}" fill="#ffffff"/>',
        *(_key(pitch, MARGIN + (high - pitch) * ROW) for pitch in range(low, high + 1)),
        *(
            _second(second, scale, height, is_named=second % (5 * apart) == 0)
            for second in range(0, int(seconds) + 1, apart)
        ),
    ]
    for player, played in notes.items():
        parts += [_bar(note, COLOURS[player], scale, high) for note in played]
    parts += [_name(player, place) for place, player in enumerate(Player)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _key(pitch: int, top: int) -> str:
    shade = "#eeeeee" if pitch % OCTAVE in BLACK_KEYS else "#f8f8f8"
    row = f'<rect x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{ROW}" '
    name = ""
    if pitch % OCTAVE == 0:
        octave = pitch // OCTAVE - 1
        name = f'<text x="8" y="{top + ROW}" fill="#666666">C{octave}</text>'
    return f'{row}fill="{shade}"/>{name}'


def _second(second: int, scale: float, height: int, is_named: bool) -> str:
    x = MARGIN + second * scale
    label = f'<text x="{x:.1f}" y="{height + MARGIN + 18}" fill="#666666">{second} s</text>'
    line = f'<path d="M{x:.1f} {MARGIN}v{height}" stroke="#cccccc"/>'
    return line + (label if is_named else "")


def _bar(note: Note, colour: str, scale: float, high: int) -> str:
    x, y = MARGIN + note.start * scale, MARGIN + (high - note.pitch) * ROW
    width = max(note.duration * scale, 1.5)
    shade = 0.35 + 0.65 * note.velocity / 127
    return (
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" rx="1.5" '
        f'fill="{colour}" fill-opacity="{shade:.2f}"/>'
    )


def _name(player: Player, place: int) -> str:
    x = MARGIN + place * 140
    box = f'<rect x="{x}" y="12" width="14" height="14" fill="{COLOURS[player]}"/>'
    return f'{box}<text x="{x + 20}" y="24" fill="#333333">{player.value}</text>'
