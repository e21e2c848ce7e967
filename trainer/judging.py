"""The five judgements of a model, gathered: what is foreseen, told apart, faulty, copied, and late.

The rules kept here: all models are asked the same, and real music is asked it too, so that each
figure stands beside what it would be for a composer. Every figure has its bounds. What took long
(continuations, and what a judge that listens had to learn) is kept and not done twice.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from performer import descriptors
from performer.improviser import Improviser
from performer.model import Model
from performer.refusal import Refusal
from performer.taste import Taste
from performer.touch import DURATION, PITCH, STEP
from trainer import copying, ear, faults, foreseen, judges
from trainer.baselines import LONGEST
from trainer.confidence import Measured, mean, weighted
from trainer.continuations import Continuation, Kept, Manner
from trainer.ear import Schooling
from trainer.foreseen import Baseline, Questions
from trainer.judges import Trial, Verdict
from trainer.splits import TEST, TRAIN, VALID
from trainer.works import ANSWER_NOTES, Excerpt, Heard, Work, excerpts, played, read_works

PLAYED, ALL = "played", "all"
REAL = "as composed"
HUNDRED = 100
LONG = 1_000  # notes of a long continuation
SEED = 1
KEPT = "continuations.sqlite"
DESCRIPTORS, LISTENING = "by descriptors", "by listening"
OTHERS = "between composers"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is asked."""

    excerpts: int = 600  # a side, by which judges are tried
    school: int = 3_000  # excerpts a side of train works, that teach the ear; 0: there is none
    long: int = 40  # long continuations
    notes: int = 3_000  # of each work, at most, that are to be foreseen
    of_all: int = 1_000  # the same, of works of all kinds, where played ones are judged by


THOROUGH = Extent()
QUICK = Extent(excerpts=150, school=0, long=8, notes=300, of_all=0)
JUDGEMENTS = ("foreseen", "told apart", "faults", "copying", "long form", "descriptors")


@dataclass(frozen=True, slots=True)
class Brief:
    """What is to be judged, and by which works."""

    models: tuple[Path, ...]
    data: Path
    kept: Path  # folder of what took long
    extent: Extent = THOROUGH
    split: str = TEST
    works: str = PLAYED
    taste: Taste = Taste()
    seed: int = SEED
    only: tuple[str, ...] = JUDGEMENTS


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one judgement."""

    judgement: str
    subject: str  # a model, a baseline, real music, or a control
    works: str
    name: str
    measured: Measured
    remark: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Player:
    """A model, and what it played."""

    name: str
    path: Path
    short: Sequence[Continuation]  # one for each excerpt asked
    long: Sequence[Continuation]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """All that was found, and what it was found by."""

    figures: Sequence[Figure]
    asked: Sequence[Excerpt]
    players: Sequence[Player]


def judge(brief: Brief, console: Console) -> Judged:
    """All five judgements. Raises Refusal where models or music are missing."""
    names = [path.stem for path in brief.models]
    if len(set(names)) < len(names):
        raise Refusal("Two of the models have the same name: give them different ones.")
    console.print("Reading the works")
    library = Shelves.of(brief)
    asked = excerpts(library.judged, brief.extent.excerpts)
    if len({ask.work.number for ask in asked}) < 2:
        raise Refusal(
            f"{brief.data} holds too few {brief.works} {brief.split} works of over "
            f"{ANSWER_NOTES} notes to judge by: prepare more, or judge by all works."
        )
    at_length = some_long(library.judged, brief)
    with _progress(console) as progress, closing(Kept(brief.kept / KEPT)) as kept:
        players = [_played(brief, path, asked, at_length, kept, progress) for path in brief.models]
        baselines = foreseen.baselines(library.learnt, library.valid)
        passed = {
            "foreseen": lambda: bits(brief, library, baselines, progress),
            "told apart": lambda: told_apart(brief, library, asked, players, kept, progress),
            "faults": lambda: faulty(brief, asked, players),
            "copying": lambda: copied(brief, library, asked, players),
            "long form": lambda: late(brief, at_length, asked, players, baselines),
            "descriptors": lambda: shown(brief, asked, players),
        }
        found = [figure for name in brief.only for figure in passed[name]()]
    return Judged(found, asked, players)


@dataclass(frozen=True, slots=True, eq=False)
class Shelves:
    """The works that are judged by, and those that were learnt from."""

    everything: Sequence[Work]  # of the split that is judged by
    judged: Sequence[Work]  # those of the kinds wanted
    train: Sequence[Work]
    learnt: Sequence[Work]  # of train, those of the same kinds
    valid: Sequence[Work]  # those of the same kinds

    @classmethod
    def of(cls, brief: Brief) -> "Shelves":
        """Read from prepared music. Raises Refusal where there is none."""
        everything, train, valid = (
            read_works(brief.data, split) for split in (brief.split, TRAIN, VALID)
        )
        wanted = played if brief.works == PLAYED else list
        return cls(everything, wanted(everything), train, wanted(train), wanted(valid))


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


# What they play


def some_long(works: Sequence[Work], brief: Brief) -> list[Excerpt]:
    """Prompts that the composer continued for long; none where long form is not asked for."""
    count = brief.extent.long if "long form" in brief.only else 0
    asked = excerpts(works, count, LONG) if count else []
    return asked[:: max(len(asked) // max(count, 1), 1)]


def _played(
    brief: Brief,
    path: Path,
    asked: Sequence[Excerpt],
    at_length: Sequence[Excerpt],
    kept: Kept,
    progress: Progress,
) -> Player:
    improviser = Improviser(Model.load(path))
    name = path.stem
    short = _continued(brief, improviser, asked, ANSWER_NOTES, kept, progress, name)
    long = _continued(brief, improviser, at_length, LONG, kept, progress, f"{name}, at length")
    return Player(name, path, short, long)


def _continued(
    brief: Brief,
    improviser: Improviser,
    asked: Sequence[Excerpt],
    notes: int,
    kept: Kept,
    progress: Progress,
    what: str,
) -> list[Continuation]:
    phrases = [ask.prompt for ask in asked]
    answers = kept.continued(improviser, phrases, Manner(brief.taste, brief.seed, notes))
    return list(progress.track(answers, total=len(phrases), description=f"{what} plays"))


def numbers(asked: Iterable[Excerpt]) -> list[int]:
    """The works of some excerpts."""
    return [ask.work.number for ask in asked]


# 1. What is foreseen


def bits(
    brief: Brief, library: Shelves, baselines: Sequence[Baseline], progress: Progress
) -> Iterator[Figure]:
    """Bits by part, of models and baselines, on the works judged by and on all."""
    rounds = {brief.works: (library.judged, baselines, brief.extent.notes)}
    if brief.works == PLAYED and brief.extent.of_all:
        everyone = foreseen.baselines(library.train, read_works(brief.data, VALID))
        rounds[ALL] = (library.everything, everyone, brief.extent.of_all)
    for works, (judged, heard, most) in rounds.items():
        questions = Questions(judged, most)
        before, true, owner = questions.before, questions.true, questions.owner
        for path in progress.track(brief.models, description=f"Foreseen, {works} works"):
            said = foreseen.asked(path, questions)
            for name, measured in foreseen.figures(said, owner).items():
                yield Figure("foreseen", path.stem, works, name, measured, f"{len(true):,} notes")
        for baseline in heard:
            said = baseline.foresees(before, true)
            for name, measured in foreseen.figures(said, owner).items():
                yield Figure("foreseen", baseline.name, works, name, measured, baseline.remark)


# 2. Can a judge tell?


Change = Callable[[Heard, np.random.Generator], Heard]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Something that a judge is to tell from real music: in test works, and to learn from."""

    subject: str
    trial: Trial
    school: Callable[[], Trial]  # of train works


def told_apart(
    brief: Brief,
    library: Shelves,
    asked: Sequence[Excerpt],
    players: Sequence[Player],
    kept: Kept,
    progress: Progress,
) -> Iterator[Figure]:
    """How well judges tell each model from real music; and the controls."""
    cases = [
        *controls(brief, library, asked),
        *(_case(brief, library, asked, player, kept, progress) for player in players),
    ]
    touches = [True, False] if brief.works == PLAYED else [False]
    for case in progress.track(cases, description="The judge by descriptors"):
        verdicts = judges.judged(case.trial, touches)
        for with_touch, verdict in zip(touches, verdicts, strict=True):
            yield _told(brief, DESCRIPTORS, case.subject, with_touch, verdict)
        yield from _telltales(brief, case.subject, verdicts[0])
    if not brief.extent.school:
        return
    rounds = [(case, with_touch) for case in cases for with_touch in touches]
    for case, with_touch in progress.track(rounds, description="The judge that listens"):
        verdict = _listened(brief, case, with_touch, progress)
        yield _told(brief, LISTENING, case.subject, with_touch, verdict)


def _told(brief: Brief, judge: str, subject: str, with_touch: bool, verdict: Verdict) -> Figure:
    name = f"AUC {judge}, {'with' if with_touch else 'without'} velocity"
    remark = f"{verdict.excerpts:,} excerpts a side"
    return Figure("told apart", subject, brief.works, name, verdict.auc, remark)


def _telltales(brief: Brief, subject: str, verdict: Verdict) -> Iterator[Figure]:
    for tell in verdict.telltales:
        alone = Measured(tell.auc, tell.auc, tell.auc)
        remark = f"real {tell.real:.3f}, here {tell.generated:.3f}"
        yield Figure("telltales", subject, brief.works, tell.name, alone, remark)


def _case(
    brief: Brief,
    library: Shelves,
    asked: Sequence[Excerpt],
    player: Player,
    kept: Kept,
    progress: Progress,
) -> Case:
    def school() -> Trial:
        lessons = excerpts(library.learnt, brief.extent.school)
        improviser = Improviser(Model.load(player.path))
        what = f"{player.name}, for the listener,"
        answers = _continued(brief, improviser, lessons, ANSWER_NOTES, kept, progress, what)
        return _trial(lessons, [answer.notes for answer in answers])

    return Case(player.name, _trial(asked, [answer.notes for answer in player.short]), school)


def _trial(asked: Sequence[Excerpt], generated: Sequence[Heard]) -> Trial:
    return Trial.of([ask.real for ask in asked], generated, numbers(asked))


def controls(brief: Brief, library: Shelves, asked: Sequence[Excerpt]) -> list[Case]:
    """What a judge must not tell (0.5), and what it must (1.0)."""
    makers: dict[str, Change] = {
        "control: shuffled pitches": judges.shuffled_pitches,
        "control: shuffled times": judges.shuffled_times,
    }
    cases = [
        Case(
            "control: other real",
            _halves(library.judged, 2 * len(asked)),
            lambda: _halves(library.learnt, 2 * brief.extent.school),
        )
    ]
    for subject, change in makers.items():

        def spoilt(some: Sequence[Excerpt], change: Change = change) -> Trial:
            dice = np.random.default_rng(brief.seed)
            return _trial(some, [change(ask.real, dice) for ask in some])

        def school(spoilt: Callable[[Sequence[Excerpt]], Trial] = spoilt) -> Trial:
            return spoilt(excerpts(library.learnt, brief.extent.school))

        cases.append(Case(subject, spoilt(asked), school))
    return cases


def _halves(works: Sequence[Work], count: int) -> Trial:
    """Real music against real music of the same works."""
    real = excerpts(works, count)
    one, other = real[::2], real[1::2]
    return Trial.of(
        [ask.real for ask in one],
        [ask.real for ask in other],
        numbers(one),
        numbers(other),
    )


def _listened(brief: Brief, case: Case, with_touch: bool, progress: Progress) -> Verdict:
    """What the judge that listens says, from the folder where it was asked the same before."""
    school, schooling = case.school(), Schooling()
    told = (schooling, with_touch, fingerprint(school), fingerprint(case.trial))
    path = brief.kept / "verdicts" / f"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}.json"
    if path.exists():
        said = json.loads(path.read_text())
        return Verdict(Measured(**said["auc"]), said["excerpts"])
    what = f"Teaching it {case.subject}, {'with' if with_touch else 'without'} velocity"
    lesson = progress.add_task(what, total=schooling.epochs)
    verdict = ear.judged(
        school,
        case.trial,
        with_touch,
        schooling,
        lambda epoch: progress.update(lesson, completed=epoch),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".part").write_text(json.dumps(asdict(verdict)))
    path.with_suffix(".part").replace(path)
    return verdict


def fingerprint(trial: Trial) -> str:
    """The same for the same music on the same sides."""
    whole = hashlib.sha256(trial.is_generated.tobytes() + trial.works.tobytes())
    for heard in trial.music:
        whole.update(heard.tobytes())
    return whole.hexdigest()


# 3. Faults


def faulty(brief: Brief, asked: Sequence[Excerpt], players: Sequence[Player]) -> Iterator[Figure]:
    """Faults in a thousand notes, of models and of real music."""
    for subject, music in everyone(asked, players).items():
        for name, measured in faults.per_thousand(music, numbers(asked)).items():
            remark = f"{len(music) * ANSWER_NOTES:,} notes"
            yield Figure("faults", subject, brief.works, name, measured, remark)


def everyone(asked: Sequence[Excerpt], players: Sequence[Player]) -> dict[str, list[Heard]]:
    """How the composers went on, and how the models did."""
    return {
        REAL: [ask.real for ask in asked],
        **{player.name: [answer.notes for answer in player.short] for player in players},
    }


# 4. Copying


def copied(
    brief: Brief, library: Shelves, asked: Sequence[Excerpt], players: Sequence[Player]
) -> Iterator[Figure]:
    """The longest run of intervals shared with a train work, in excerpts of a hundred notes.

    And in real excerpts; and between these and works by other composers, which nobody copied.
    """
    all_train = copying.Library.of(library.train)
    sides = everyone(asked, players)
    composers = [ask.work.composer for ask in asked]
    music = [heard for side in sides.values() for heard in side] + sides[REAL]
    without = [None] * len(sides) * len(asked) + composers
    longest = copying.longest_shared(music, all_train, without).reshape(-1, len(asked))
    for subject, runs in zip([*sides, OTHERS], longest.astype(np.float64), strict=True):
        for name, share in (("median", 50), ("99th percentile", 99), ("longest", 100)):
            measured = percentile(runs, share, numbers(asked))
            yield Figure("copying", subject, brief.works, name, measured, "intervals in a row")


def percentile(values: np.ndarray, share: float, works: Sequence[int]) -> Measured:
    """The value below which so many of a hundred lie, with bounds."""
    order = np.argsort(values)

    def at(weights: np.ndarray) -> float:
        heights = np.cumsum(weights[order])
        return float(values[order][np.searchsorted(heights, heights[-1] * share / 100)])

    return weighted(at, works)


# 5. Long form


def late(
    brief: Brief,
    at_length: Sequence[Excerpt],
    asked: Sequence[Excerpt],
    players: Sequence[Player],
    baselines: Sequence[Baseline],
) -> Iterator[Figure]:
    """By hundreds of a long continuation: bits for the Markov chain, how it is told, faults.

    The chain is the same for all: what it finds too easy has stiffened, what it finds too hard has
    fallen apart. The judge is the one that knows the first hundred of the same model.
    """
    if not at_length:
        return
    works = numbers(at_length)
    real = [_hundreds(ask.real) for ask in at_length]
    yield from _by_hundreds(brief, REAL, real, works, baselines)
    for player in players:
        music = [_hundreds(answer.notes) for answer in player.long]
        yield from _by_hundreds(brief, player.name, music, works, baselines)
        trial = _trial(asked, [answer.notes for answer in player.short])
        judge = judges.Judge.taught(trial, brief.works == PLAYED)
        for number in range(LONG // HUNDRED):
            here = Trial.of([one[number] for one in real], [one[number] for one in music], works)
            scores = judge.scores(descriptors.table(here.music)[1], here.works)
            auc = judges.auc_of(here.is_generated, scores, here.works)
            yield _late(brief, player.name, "AUC descriptors", number, auc)


def _hundreds(heard: Heard) -> list[Heard]:
    return [heard[first : first + HUNDRED] for first in range(0, LONG, HUNDRED)]


def _by_hundreds(
    brief: Brief,
    subject: str,
    music: Sequence[Sequence[Heard]],
    works: Sequence[int],
    baselines: Sequence[Baseline],
) -> Iterator[Figure]:
    (chain,) = (baseline for baseline in baselines if baseline.name == "Markov")
    for number in range(LONG // HUNDRED):
        here = [one[number] for one in music]
        for name, measured in faults.per_thousand(here, works).items():
            yield _late(brief, subject, name, number, measured)
        surprises = np.array([surprise(chain, heard) for heard in here])
        yield _late(brief, subject, "bits for a chain", number, mean(surprises, works))
        again = [descriptors.described(heard)["returns triples"] for heard in here]
        yield _late(brief, subject, "returns triples", number, mean(np.array(again), works))


def _late(brief: Brief, subject: str, name: str, number: int, measured: Measured) -> Figure:
    return Figure(
        "long form",
        subject,
        brief.works,
        name,
        measured,
        f"notes {number * HUNDRED + 1} to {(number + 1) * HUNDRED}",
    )


def surprise(chain: Baseline, heard: Heard) -> float:
    """Bits that a chain needs for a note: its step, pitch and duration."""
    tokens = foreseen.as_tokens(heard)
    runs = np.lib.stride_tricks.sliding_window_view(tokens[:-1], LONGEST, axis=0)
    said = chain.foresees(runs.transpose(0, 2, 1), tokens[LONGEST:])
    return float(said.bits[:, [STEP, PITCH, DURATION]].sum(axis=1).mean())


# Descriptors: shown, never ranked by


def shown(brief: Brief, asked: Sequence[Excerpt], players: Sequence[Player]) -> Iterator[Figure]:
    """The means of all descriptors."""
    for subject, music in everyone(asked, players).items():
        names, rows = descriptors.table(music)
        for name, column in zip(names, rows.T, strict=True):
            measured = mean(column, numbers(asked))
            yield Figure("descriptors", subject, brief.works, name, measured)
