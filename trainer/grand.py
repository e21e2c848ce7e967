"""The flagship's network: an LSTM that plays, with a memory of all that it played before.

The rules kept here: what is said of a note is said link by link, each knowing the ones before:
step, then pitch, velocity, duration and pedal, so a chord's notes agree and a temperature, a mask
or a forced value can act on each link. And nothing in a network depends on notes to come.

An LSTM forgets figures note by note and so never repeats itself. Beside it therefore stands a
memory: at every note it looks for moments like this one (the query is the present hidden state and
the last few notes, the key is those before an earlier note) and gathers what came next then: that
note's embedding, and shares for its pitch and its interval, with which the pitch is mixed (after
Merity et al., Pointer Sentinel Mixture Models, 2017). By the interval it finds a figure again that
returns elsewhere on the keyboard.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, log_softmax

from performer.codec import PITCHES
from performer.touch import (
    KINDS,
    PARTS,
    PEDAL,
    PITCH,
    SIZES,
    UNKNOWN_PEDAL,
    UNKNOWN_VELOCITY,
    VELOCITY,
)

UNKNOWNS = {VELOCITY: UNKNOWN_VELOCITY, PEDAL: UNKNOWN_PEDAL}  # read but never said
TAIL = 3  # notes that a moment is known by, besides the hidden state
HEADS = 2  # of the memory:
EXACT, MOVED = range(HEADS)  # the shares of one are for pitches, of the other for intervals
FADING = 0.5  # a moment n notes ago counts as if its odds were (1 + n) ** -FADING
NEVER = -1e4  # a score that leaves nothing
LEAST = 1e-6  # of a mixed probability


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a network, and which of its parts it has."""

    layers: int = 2
    width: int = 512  # cells a layer
    embedding: int = 256
    head: int = 256  # units of each link's hidden layer
    memory: int = 512  # earlier notes that are remembered; 0: no memory
    depth: int = 64  # of a head's keys
    gathered: int = 128  # of a head's values
    dropout: float = 0.1
    is_chained: bool = True
    skips: bool = True  # the last note's embedding goes to the links too


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What is carried from note to note, for each lane."""

    hidden: Tensor  # (layers, lanes, width)
    cell: Tensor  # (layers, lanes, width)
    tail: Tensor  # (lanes, TAIL - 1, embedding) the notes before
    key: Tensor  # (lanes, HEADS, depth) the moment now
    keys: Tensor  # (lanes, HEADS, memory, depth) the moments before earlier notes
    values: Tensor  # (lanes, HEADS, memory, gathered) those notes
    pitches: Tensor  # (lanes, memory) their pitches; -1 where there is none yet
    intervals: Tensor  # (lanes, memory) from the note before each
    last: Tensor  # (lanes,) the last pitch; -1 where there is none yet

    def map(self, change: "nn.Module | object") -> Self:
        """The state with every tensor changed."""
        return type(self)(*(change(getattr(self, name)) for name in self.__slots__))  # type: ignore[operator]

    def begun(self, begins: Tensor, fresh: Self) -> Self:
        """The state in which the lanes that begin a piece (lanes,) know nothing."""

        def kept(name: str) -> Tensor:
            old, new = getattr(self, name), getattr(fresh, name)
            axis = 1 if name in ("hidden", "cell") else 0
            shape = [1] * old.dim()
            shape[axis] = -1
            return torch.where(begins.view(shape), new, old)

        return type(self)(*(kept(name) for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What is known before the next note is said; lanes by notes."""

    context: Tensor  # (lanes, notes, context)
    shares: Tensor | None  # (lanes, 2, notes, remembered) of EXACT and MOVED
    pitches: Tensor  # (lanes, remembered)
    intervals: Tensor  # (lanes, remembered)
    last: Tensor  # (lanes, notes) the pitch that was last struck


class Grand(nn.Module):
    """The network; `Shape` says what it has."""

    def __init__(self, shape: Shape) -> None:
        """Weights drawn by torch's global generator."""
        super().__init__()
        self.shape = shape
        sizes = [size + (part in UNKNOWNS) for part, size in enumerate(SIZES)]
        self.parts = nn.ModuleList(nn.Embedding(size, shape.embedding) for size in sizes)
        self.interval = nn.Embedding(2 * PITCHES, shape.embedding)
        self.kind = nn.Embedding(len(KINDS), shape.embedding)
        self.norm = nn.LayerNorm(shape.embedding)
        self.lstm = nn.LSTM(
            shape.embedding,
            shape.width,
            shape.layers,
            batch_first=True,
            dropout=shape.dropout if shape.layers > 1 else 0.0,
        )
        self.drop = nn.Dropout(shape.dropout)
        context = shape.width + shape.embedding * shape.skips
        if shape.memory:
            moment = 2 * HEADS * shape.depth  # a query and a key for each head
            self.felt = nn.Linear(shape.width, moment)
            self.heard = nn.Linear(shape.embedding, TAIL * moment)
            self.value = nn.Linear(shape.embedding, HEADS * shape.gathered)
            self.mixing = nn.Linear(shape.head, 3)
            nn.init.zeros_(self.mixing.weight)
            with torch.no_grad():
                self.mixing.bias.copy_(torch.tensor([3.0, 0.0, 0.0]))
            context += HEADS * shape.gathered
        self.before = nn.ModuleList(nn.Linear(context, shape.head) for _ in PARTS)
        self.links = nn.ModuleList(
            nn.ModuleList(nn.Embedding(sizes[earlier], shape.head) for earlier in range(part))
            for part in range(len(PARTS))
        )
        self.says = nn.ModuleList(nn.Linear(shape.head, size) for size in SIZES)
        for part in (*self.parts, self.interval, self.kind):
            nn.init.normal_(part.weight, std=0.4)
        for weight in self.links.parameters():
            nn.init.normal_(weight, std=0.2)

    def fresh(self, lanes: int) -> State:
        """The state before the first note."""
        shape, weight = self.shape, self.norm.weight
        real = weight.new_zeros
        whole = weight.new_full
        return State(
            real(shape.layers, lanes, shape.width),
            real(shape.layers, lanes, shape.width),
            real(lanes, TAIL - 1, shape.embedding),
            real(lanes, HEADS, shape.depth),
            real(lanes, HEADS, shape.memory, shape.depth),
            real(lanes, HEADS, shape.memory, shape.gathered),
            whole((lanes, shape.memory), -1, dtype=torch.long),
            whole((lanes, shape.memory), 0, dtype=torch.long),
            whole((lanes,), -1, dtype=torch.long),
        )

    def embedded(self, read: Tensor, kind: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """Notes (lanes, notes, 5) as embeddings, and the interval by which each was reached."""
        before = torch.cat([last[:, None], read[:, :-1, PITCH]], dim=1)  # (lanes, notes)
        interval = torch.where(before < 0, 0, read[..., PITCH] - before)
        whole = self.interval(interval + PITCHES) + self.kind(kind)[:, None]
        for part, embedding in enumerate(self.parts):
            whole = whole + embedding(read[..., part])
        return self.norm(whole), interval

    def forward(self, read: Tensor, kind: Tensor, state: State) -> tuple[Moment, State]:
        """Notes (lanes, notes, 5) are heard; what is known after each, and the state to carry."""
        notes, interval = self.embedded(read, kind, state.last)  # (lanes, notes, embedding)
        hidden, (last_hidden, last_cell) = self.lstm(self.drop(notes), (state.hidden, state.cell))
        context = [self.drop(hidden)]
        if self.shape.skips:
            context.append(notes)
        pitches, intervals = state.pitches, state.intervals
        shares = None
        if self.shape.memory:
            pitches = torch.cat([pitches, read[..., PITCH]], dim=1)
            intervals = torch.cat([intervals, interval], dim=1)
            line = torch.cat([state.tail, notes], dim=1)  # (lanes, TAIL - 1 + notes, embedding)
            query, key = self._moments(hidden, line)
            line_of_keys = torch.cat([state.key[:, :, None].to(key.dtype), key], dim=2)
            keys = torch.cat([state.keys.to(key.dtype), line_of_keys[:, :, :-1]], dim=2)
            value = self._by_head(self.value(notes))
            values = torch.cat([state.values.to(value.dtype), value], dim=2)
            gathered, shares = self._remembered(query, keys, values, pitches)
            context.append(self.drop(gathered))
            kept = slice(-self.shape.memory, None)
            memory = (
                line[:, 1 - TAIL :],
                line_of_keys[:, :, -1],
                keys[:, :, kept],
                values[:, :, kept],
                pitches[:, kept],
                intervals[:, kept],
            )
        else:
            memory = tuple(getattr(state, name) for name in State.__slots__[2:8])
        after = State(last_hidden, last_cell, *memory, read[:, -1, PITCH])
        return Moment(
            torch.cat(context, dim=-1), shares, pitches, intervals, read[..., PITCH]
        ), after

    def _moments(self, hidden: Tensor, line: Tensor) -> tuple[Tensor, Tensor]:
        """Each moment as a query and a key, (lanes, HEADS, notes, depth) each."""
        count = hidden.shape[1]
        moment = self.felt(hidden)
        for lag, heard in enumerate(self.heard(line).chunk(TAIL, dim=-1)):
            first = TAIL - 1 - lag
            moment = moment + heard[:, first : first + count]
        query, key = self._by_head(moment).chunk(2, dim=-1)
        return query, key

    def _by_head(self, wide: Tensor) -> Tensor:  # (lanes, notes, HEADS * depth)
        lanes, notes, _ = wide.shape
        return wide.view(lanes, notes, HEADS, -1).transpose(1, 2)

    def _remembered(
        self, query: Tensor, keys: Tensor, values: Tensor, pitches: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What the memory gathers, (lanes, notes, HEADS * gathered), and the shares it goes by."""
        notes, depth = query.shape[2:]
        remembered = keys.shape[2]
        now = torch.arange(notes, device=query.device)[:, None] + (remembered - notes)
        age = now - torch.arange(remembered, device=query.device)  # (notes, remembered)
        is_known = (age >= 0) & (age < self.shape.memory)
        fading = torch.where(is_known, -FADING * torch.log1p(age.clamp(min=0).float()), NEVER)
        there = torch.where(pitches >= 0, 0.0, NEVER)  # (lanes, remembered)
        scores = torch.matmul(query * depth**-0.5, keys.transpose(2, 3).to(query.dtype)).float()
        scores += (fading + there[:, None])[:, None]
        shares = torch.softmax(scores, dim=-1)
        gathered = torch.matmul(shares.to(query.dtype), values.to(query.dtype))
        return gathered.transpose(1, 2).flatten(2), shares

    def said(self, part: int, moment: Moment, known: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of one link, given the earlier parts in `known` (lanes, notes, 5).

        Also the link's hidden layer, (lanes, notes, head).
        """
        inner = self.before[part](moment.context)
        if self.shape.is_chained:
            for earlier, embedding in enumerate(self.links[part].children()):
                inner = inner + embedding(known[..., earlier])
        inner = gelu(inner)
        return self.says[part](inner), inner

    def losses(self, moment: Moment, target: Tensor, is_there: Tensor) -> tuple[Tensor, Tensor]:
        """Sums of nats (5,) over the notes that are there and known, and how many (5,)."""
        sums, counts = [], []
        for part, size in enumerate(SIZES):
            ours = is_there & (target[..., part] < size)
            wanted = torch.where(ours, target[..., part], 0)
            logits, inner = self.said(part, moment, target)
            if part == PITCH and self.shape.memory:
                nats = -self._log_mixed(logits.float(), inner, moment, wanted)
            else:
                nats = cross_entropy(
                    logits.float().flatten(0, 1), wanted.flatten(), reduction="none"
                )
            sums.append(torch.where(ours.flatten(), nats.flatten(), 0.0).sum())
            counts.append(ours.sum())
        return torch.stack(sums), torch.stack(counts)

    def _log_mixed(self, logits: Tensor, inner: Tensor, moment: Moment, pitch: Tensor) -> Tensor:
        """The logarithm of the mixed probability of a pitch (lanes, notes)."""
        assert moment.shares is not None
        own = log_softmax(logits, dim=-1).gather(-1, pitch[..., None]).squeeze(-1)
        weights = torch.softmax(self.mixing(inner).float(), dim=-1)  # (lanes, notes, 3)
        interval = pitch - moment.last  # (lanes, notes)
        exact = _share(moment.shares[:, EXACT], moment.pitches, pitch)
        moved = _share(moment.shares[:, MOVED], moment.intervals, interval)
        mixed = weights[..., 0] * own.exp() + weights[..., 1] * exact + weights[..., 2] * moved
        return torch.log(mixed + LEAST)

    @property
    def parameter_count(self) -> int:
        """Parameters that are trained."""
        return sum(weights.numel() for weights in self.parameters())


def _share(shares: Tensor, remembered: Tensor, wanted: Tensor) -> Tensor:
    """The shares (lanes, notes, remembered) of what is as wanted (lanes, notes), summed."""
    small = remembered.to(torch.int16)[:, None] == wanted.to(torch.int16)[..., None]
    return torch.where(small, shares, 0.0).sum(-1)
