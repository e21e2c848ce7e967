"""The top of the window: whose turn it is, so large that it is read from the piano bench.

The rule kept here: the sign says what is, never what might be; the red light is on while a take is
being kept, which is whenever something was played.
"""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QWidget,
)

from gui.look import DAY, Look, mixed
from gui.state import Scene
from gui.words import clock, say
from performer.messages import Mode, State

LARGE = 2.4  # times the size of the usual font
HIGH = 4.6  # times its height
ROOM = 0.88  # of the sign's height: before the words, for the light
AIR = 10  # pixels after the words
BAR = 7  # pixels: how thick the countdown is
SECONDS = "0.0"  # as wide as the countdown is


class Sign(QWidget):
    """Whose turn it is, and how much of the silence is left that ends the phrase."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """A sign that says nothing yet."""
        super().__init__(parent)
        self.look: Look = DAY
        self.word, self.remark = "", ""
        self._state: State | None = None
        self._left: tuple[float, float] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Large letters, a remark, and air around them."""
        return QSize(320, round(HIGH * self.fontMetrics().height()))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Room for the longest word, and the seconds."""
        words = (
            *(say("Listening"), say("Thinking"), say("Answering")),
            *(say("Playing along"), say("One moment"), say("Not playing")),
        )
        metrics = QFontMetrics(self._large())
        longest = max(metrics.horizontalAdvance(word) for word in words)
        height, seconds = self.sizeHint().height(), metrics.horizontalAdvance(SECONDS)
        return QSize(round(longest + ROOM * height) + seconds + 3 * AIR, height)

    def show_scene(
        self, scene: Scene, now: float, mode: Mode = Mode.ANSWER, is_halted: bool = False
    ) -> None:
        """Say whose turn it is; repaint only what changed."""
        left = None if mode is Mode.DUET else scene.silence_left(now)
        if is_halted and not scene.is_ready:
            word, remark = say("Not playing"), say("Help, Check this machine says what is wrong.")
        else:
            word, remark = self._said(scene, left, mode)
        state = scene.turn if scene.is_ready else None
        if (word, remark, state, left) == (self.word, self.remark, self._state, self._left):
            return
        if word != self.word:
            self.setAccessibleName(word)
        self.word, self.remark, self._state, self._left = word, remark, state, left
        self.update()

    def _said(self, scene: Scene, left: tuple[float, float] | None, mode: Mode) -> tuple[str, str]:
        if not scene.is_ready:
            return say("One moment"), say("The instrument is getting ready.")
        match scene.turn, mode:
            case State.ANSWERING | State.THINKING, Mode.DUET:
                return say("Playing along"), say("Play on; Esc ends it.")
            case State.THINKING, _:
                return say("Thinking"), say("{model} has heard you.", model=scene.begun.model)
            case State.ANSWERING, Mode.ENDLESS:
                return say("Answering"), say("It goes on until you strike a key.")
            case State.ANSWERING, _:
                return say("Answering"), say("Strike any key to take the turn back.")
            case _, Mode.DUET:
                return say("Listening"), say("Play: it joins in after a few notes.")
        if left is not None:
            return say("Listening"), say(
                "The answer comes in {seconds} s", seconds=f"{left[0]:.1f}"
            )
        if scene.hearing.notes:
            count = scene.hearing.notes
            return say("Listening"), say("Heard so far: {count}", count=count)
        return say("Listening"), say("Play a few notes, then pause.")

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """A coloured plate, the word, the remark, and the countdown along its foot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self.look.quiet if self._state is None else self.look.turn(self._state)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mixed(self.look.panel, colour, 0.16))
        plate = QRectF(self.rect())
        painter.drawRoundedRect(plate, 8, 8)
        self._paint_light(painter, colour)
        self._paint_words(painter, colour)
        if self._left is not None:
            self._paint_countdown(painter, colour, *self._left)

    def _paint_countdown(
        self, painter: QPainter, colour: str, seconds: float, share: float
    ) -> None:
        """The seconds that are left, and a bar that gets shorter along the foot."""
        plate = QRectF(self.rect())
        foot = QRectF(0, plate.bottom() - BAR, plate.width() * share, BAR)
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            foot.moveRight(plate.right())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(foot, BAR / 2, BAR / 2)
        painter.setFont(self._large())
        painter.setPen(QColor(colour))
        room = plate.adjusted(AIR, 0, -AIR, -BAR)
        aligned = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignRight)
        painter.drawText(room, aligned | Qt.AlignmentFlag.AlignVCenter, f"{seconds:.1f}")

    def _paint_light(self, painter: QPainter, colour: str) -> None:
        size = self.height() * 0.36
        left = self.height() * 0.3
        is_mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        x = self.width() - left - size if is_mirrored else left
        painter.setBrush(QColor(colour))
        painter.drawEllipse(QRectF(x, (self.height() - size) / 2, size, size))

    def _paint_words(self, painter: QPainter, colour: str) -> None:
        start, end = round(self.height() * ROOM), AIR
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            start, end = end, start
        room = QRectF(self.rect()).adjusted(start, self.height() * 0.1, -end, -self.height() * 0.14)
        aligned = Qt.AlignmentFlag.AlignLeading
        painter.setFont(self._large())
        painter.setPen(QColor(self.look.text))
        painter.drawText(room, aligned | Qt.AlignmentFlag.AlignTop, self.word)
        seconds = painter.fontMetrics().horizontalAdvance(SECONDS) + AIR
        painter.setFont(self.font())
        painter.setPen(mixed(self.look.quiet, self.look.text, 0.4))
        remark = painter.fontMetrics().elidedText(
            self.remark, Qt.TextElideMode.ElideRight, round(room.width()) - seconds
        )
        painter.drawText(room, aligned | Qt.AlignmentFlag.AlignBottom, remark)

    def _large(self) -> QFont:
        large = QFont(self.font())
        large.setPointSizeF(large.pointSizeF() * LARGE)
        large.setWeight(QFont.Weight.DemiBold)
        return large


class RedLight(QWidget):
    """On while there is a take that is being kept."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """A light that is off."""
        super().__init__(parent)
        self.look: Look = DAY
        self.is_on = False
        size = round(0.9 * self.fontMetrics().height())
        self.setFixedSize(size, size)
        self._name()

    def turn(self, is_on: bool) -> None:
        """On or off."""
        if is_on != self.is_on:
            self.is_on = is_on
            self._name()
            self.update()

    def _name(self) -> None:
        self.setAccessibleName(say("Recording") if self.is_on else say("Nothing recorded yet"))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """A disc, full or hollow."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(self.look.recording if self.is_on else self.look.quiet))
        if self.is_on:
            painter.setBrush(QColor(self.look.recording))
        painter.drawEllipse(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5))


class Banner(QFrame):
    """The sign, the recording and what a player needs at once."""

    asked_for_answer = Signal()
    asked_for_another = Signal()
    asked_to_stop = Signal()
    panicked = Signal()
    asked_to_keep = Signal()
    asked_to_discard = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """A banner with nothing recorded."""
        super().__init__(parent)
        self.sign, self.light = Sign(), RedLight()
        self.time = QLabel(clock(0))
        self.keep, self.discard = QPushButton(say("Keep")), QPushButton(say("Discard"))
        self.answer, self.stop = QPushButton(say("Answer now")), QPushButton(say("Stop"))
        self.again, self.panic = QPushButton(say("Another")), QPushButton(say("Panic"))
        self._give_tips()
        self._place()
        self._connect()

    def show_scene(
        self, scene: Scene, now: float, mode: Mode = Mode.ANSWER, is_halted: bool = False
    ) -> None:
        """Follow the scene."""
        self.sign.show_scene(scene, now, mode, is_halted)
        is_recording = scene.is_ready and scene.has_notes
        self.light.turn(is_recording)
        running = clock(scene.running(now) if is_recording else 0.0)
        if running != self.time.text():
            self.time.setText(running)
        _enable(self.keep, is_recording)
        _enable(self.discard, is_recording)
        _enable(self.answer, scene.is_ready and scene.hearing.notes > 0)
        _enable(self.again, scene.can_answer_again)
        _enable(self.stop, scene.is_ready and scene.turn is not State.LISTENING)

    def _place(self) -> None:
        self.buttons = QWidget()
        row = QHBoxLayout(self.buttons)
        row.setContentsMargins(0, 0, 0, 0)
        for button in (self.answer, self.again, self.stop, self.panic):
            row.addWidget(button)
        row.addSpacing(10)
        row.addStretch(1)
        for each in (self.light, self.time, self.keep, self.discard):
            row.addWidget(each)
        for button in self.buttons.findChildren(QPushButton):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._whole = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.addWidget(self.sign, 1)
        self._whole.addWidget(self.buttons)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As wide as its wider part: where they do not fit side by side, one stands below."""
        sign, buttons = self.sign.minimumSizeHint(), self.buttons.minimumSizeHint()
        below = self._whole.spacing() + buttons.height() if self._is_stacked else 0
        return QSize(max(sign.width(), buttons.width()), sign.height() + below)

    @property
    def _is_stacked(self) -> bool:
        return self._whole.direction() is QBoxLayout.Direction.TopToBottom

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Side by side where there is room, one below the other where there is not."""
        super().resizeEvent(event)
        wanted = self.sign.minimumSizeHint().width() + self.buttons.sizeHint().width()
        is_narrow = event.size().width() < wanted + self._whole.spacing()
        if is_narrow != self._is_stacked:
            directions = QBoxLayout.Direction
            self._whole.setDirection(
                directions.TopToBottom if is_narrow else directions.LeftToRight
            )
            self.updateGeometry()

    def show_look(self, look: Look) -> None:
        """By day or by night."""
        self.sign.look = self.light.look = look
        self.update()

    def _give_tips(self) -> None:
        font = QFont(self.time.font())
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self.time.setFont(font)
        self.time.setMinimumWidth(self.time.fontMetrics().horizontalAdvance("0:00:00"))
        self.time.setAccessibleDescription(say("Running time of the take"))
        self.time.setToolTip(say("All that is played is recorded, always."))
        self.keep.setToolTip(say("Keep this take now, and begin a new one."))
        self.discard.setToolTip(say("Throw this take away, and begin a new one. It can be undone."))
        self.answer.setToolTip(say("Do not wait for the silence (Enter)."))
        self.again.setAccessibleName(say("Another answer"))
        self.again.setToolTip(say("Another answer to the same phrase (Ctrl+R)."))
        self.stop.setToolTip(say("End the answer (Esc)."))
        self.panic.setToolTip(say("Silence everything, at once (Ctrl+Esc)."))

    def _connect(self) -> None:
        self.answer.clicked.connect(self.asked_for_answer)
        self.again.clicked.connect(self.asked_for_another)
        self.stop.clicked.connect(self.asked_to_stop)
        self.panic.clicked.connect(self.panicked)
        self.keep.clicked.connect(self.asked_to_keep)
        self.discard.clicked.connect(self.asked_to_discard)


def _enable(button: QPushButton, is_enabled: bool) -> None:
    if button.isEnabled() != is_enabled:
        button.setEnabled(is_enabled)
