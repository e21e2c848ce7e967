"""The one who improvises: takes up a phrase and continues it, one note at a time.

The rule kept here: a thought goes in, a note and the next thought come out, and nothing that could
change them is kept between. Times run from the answer's first note. What must not be is masked
before it is drawn: a silence of over two seconds, a key held for over four, a pitch off the piano's
88 keys, a key struck twice in one chord, more keys at once than fingers.
"""

from collections.abc import Iterator, Sequence

from performer import codec, touch
from performer.length import Limit
from performer.model import Model
from performer.notes import Note, Phrase
from performer.thought import Struck, Thought
from performer.touch_player import TouchPlayer
from performer.window_player import WindowPlayer

PLAYERS: dict[str, type[WindowPlayer] | type[TouchPlayer]] = {
    codec.CODEC: WindowPlayer,
    touch.CODEC: TouchPlayer,
}


class Improviser:
    """Continues phrases with one model."""

    def __init__(self, model: Model) -> None:
        """An improviser that plays `model`. Raises Refusal where it cannot say a single note."""
        self.model = model
        self.player = PLAYERS[model.card.codec](model)
        self.player.warm_up()

    def overhear(self, phrase: Phrase) -> bool:
        """Listen while the player plays, so that the answer comes at once. Raises Refusal.

        It is a few notes at a time; says whether that was all.
        """
        return self.player.overhear(phrase)

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        """The thought that has heard what the player struck while it played. Raises Refusal."""
        return self.player.hear(thought, struck)

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        """The next note of the answer, and the thought after it. Raises Refusal, ValueError."""
        return self.player.next(thought)

    def next_of_each(self, thoughts: Sequence[Thought]) -> Sequence[tuple[Note, Thought]]:
        """The next note of each of some answers, and the thought after it.

        Raises Refusal, ValueError.
        """
        return self.player.next_of_each(thoughts)

    def thoughts(self, thought: Thought, limit: Limit) -> Iterator[tuple[Note, Thought]]:
        """The notes of an answer, each with the thought after it, as far as the limit allows."""
        while True:
            note, after = self.next(thought)
            if not limit.allows(note, thought.index):
                return
            yield note, after
            thought = after

    def answer(self, thought: Thought, limit: Limit) -> Iterator[Note]:
        """All the notes of an answer, one by one, as far as the limit allows."""
        return (note for note, _ in self.thoughts(thought, limit))
