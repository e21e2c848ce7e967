"""What a take is kept from, and where the next one begins."""

from performer.engine import Sent
from performer.length import Limit
from performer.messages import Answered, Maker, ModelChanged, Player, Send
from performer.midi import note_off, note_on
from performer.notes import Span
from performer.recorder import Recorder
from performer.taste import Taste

FIRST, SECOND = Maker("first", "1"), Maker("second", "2")
ANSWER = Answered(1, Span(0.0, 1.0), Taste(), 0, Limit(), 0, 1.0, 3, None)


def test_a_message_is_kept_with_when_it_was_due_however_late_it_went_out() -> None:
    recorder = Recorder(FIRST)
    for data, due, late in ((note_on(0, 60, 80), 5.0, 0.0), (note_off(0, 60), 5.5, 0.25)):
        recorder.hear(Sent(Send(data, due, Player.MODEL), late))
    assert [message.at for message in recorder.take.messages] == [0.0, 0.5]


def test_the_next_take_has_nothing_of_the_one_before_but_who_plays_now() -> None:
    recorder = Recorder(FIRST)
    recorder.hear(Sent(Send(note_on(0, 60, 80), 5.0, Player.MODEL), 0.0))
    recorder.hear(ANSWER)
    recorder.hear(ModelChanged(SECOND.model, SECOND.sha256))
    before = recorder.turn_over()
    assert (before.maker, len(before.messages), len(before.answers)) == (FIRST, 1, 1)
    after = recorder.take
    assert (after.maker, after.messages, after.answers) == (SECOND, (), ())
