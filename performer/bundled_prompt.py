"""A phrase to try the instrument with where there is no keyboard.

The first eight bars of the Minuet in G from the notebook for Anna Magdalena Bach (1725), by
Christian Petzold: in the public domain, and written down here note by note. The rule kept here: the
score is given in quarters, and a touch is added that is the same every time: the right hand leads a
little, the bass is held under it, and the phrase swells and settles.
"""

import math

from performer.notes import Note, Phrase

QUARTER = 0.52  # seconds
RIGHT_HAND = (  # pitch, quarters
    ((74, 1.0), (67, 0.5), (69, 0.5), (71, 0.5), (72, 0.5)),
    ((74, 1.0), (67, 1.0), (67, 1.0)),
    ((76, 1.0), (72, 0.5), (74, 0.5), (76, 0.5), (78, 0.5)),
    ((79, 1.0), (67, 1.0), (67, 1.0)),
    ((72, 1.0), (74, 0.5), (72, 0.5), (71, 0.5), (69, 0.5)),
    ((71, 1.0), (72, 0.5), (71, 0.5), (69, 0.5), (67, 0.5)),
    ((66, 1.0), (67, 0.5), (69, 0.5), (71, 0.5), (67, 0.5)),
    ((69, 3.0),),
)
LEFT_HAND = (  # one bar an entry
    ((55, 2.0), (57, 1.0)),
    ((59, 3.0),),
    ((60, 3.0),),
    ((59, 3.0),),
    ((57, 3.0),),
    ((55, 3.0),),
    ((62, 1.0), (59, 1.0), (55, 1.0)),
    ((62, 1.0), (50, 0.5), (60, 0.5), (59, 0.5), (57, 0.5)),
)
BARS = len(RIGHT_HAND)


def bundled_prompt() -> Phrase:
    """The minuet's first eight bars, some twelve seconds long."""
    right = _hand(RIGHT_HAND, lead=0.0, softer=0, held=0.86)
    left = _hand(LEFT_HAND, lead=0.012, softer=14, held=0.93)
    return Phrase.of([*right, *left])


def _hand(
    bars: tuple[tuple[tuple[int, float], ...], ...], lead: float, softer: int, held: float
) -> list[Note]:
    notes, beat = [], 0.0
    for pitch, quarters in (entry for bar in bars for entry in bar):
        start = _moment(beat) + lead + 0.006 * math.sin(2.3 * beat + pitch)
        end = start + held * (_moment(beat + quarters) - _moment(beat))
        notes.append(Note(pitch, _velocity(beat) - softer, max(start, 0.0), end))
        beat += quarters
    return notes


def _moment(beat: float) -> float:
    """Seconds at a beat: the tempo breathes by a few per cent, and broadens in the last bars."""
    breath = 0.05 * math.sin(2 * math.pi * beat / 12)
    late = max(0.0, beat - 18)
    broadening = 0.02 * late * math.sqrt(late)
    return QUARTER * (beat + breath + broadening)


def _velocity(beat: float) -> int:
    swell = 14 * math.sin(math.pi * beat / (3 * BARS))
    accent = 7 if beat % 3 == 0 else 0
    return round(62 + swell + accent + 3 * math.sin(1.7 * beat))
