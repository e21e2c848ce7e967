"""What a model must beat: how often each value comes, and what came after the last few.

The rule kept here: the baselines answer the same question as the models, on the same notes and in
the same bins. The Markov chain is the Continuator's idea (Pachet, 2003): what followed the last k
values, and where that was seldom heard, what followed the last k - 1, down to none (Witten and
Bell's interpolation, 1991, which has nothing to set).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

LONGEST = 5  # values remembered at most

Symbols = NDArray[np.int64]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Every run of k values that was heard with the one after it, and how often."""

    codes: Symbols  # (runs,) ascending: the run and the value as one number
    counts: Symbols  # (runs,)


@dataclass(frozen=True, slots=True, eq=False)
class Markov:
    """Chains of every order up to some, over values 0 to `size` - 1."""

    size: int
    orders: tuple[Heard, ...]  # by how many values are remembered, from none

    @classmethod
    def of(cls, values: Symbols, firsts: Symbols, size: int, longest: int = LONGEST) -> Self:
        """Listen to pieces that stand one after the other, each beginning at one of `firsts`."""
        places = np.arange(len(values))
        before = places - firsts[np.searchsorted(firsts, places, side="right") - 1]
        code, orders = values.copy(), []
        for order in range(longest + 1):
            if order:
                code = code + np.roll(values, order) * size**order
            orders.append(Heard(*np.unique(code[before >= order], return_counts=True)))
        return cls(size, tuple(orders))

    def odds(self, last: Symbols, order: int) -> Doubles:
        """The (n, size) odds of the value after each of n runs of values (n, `order` or more)."""
        odds = np.full((len(last), self.size), 1.0 / self.size)
        for k in range(order + 1):
            odds = self._sharper(odds, last, k)
        return odds

    def _sharper(self, odds: Doubles, last: Symbols, order: int) -> Doubles:
        heard = self.orders[order]
        run = np.zeros(len(last), dtype=np.int64)
        for age in range(1, order + 1):
            run += last[:, -age] * self.size**age
        low = np.searchsorted(heard.codes, run)
        many = np.searchsorted(heard.codes, run + self.size) - low  # different values that followed
        counts = np.zeros_like(odds)
        asked = np.repeat(np.arange(len(last)), many)
        place = np.arange(len(asked)) - np.repeat(np.cumsum(many) - many, many) + low[asked]
        counts[asked, heard.codes[place] - run[asked]] = heard.counts[place]
        total = counts.sum(axis=1) + many
        known = many > 0
        blended = (counts + many[:, None] * odds) / np.maximum(total, 1)[:, None]
        sharper: Doubles = np.where(known[:, None], blended, odds)
        return sharper


def best_order(chain: Markov, last: Symbols, true: Symbols) -> int:
    """The order that takes the fewest bits to say what came."""
    costs = [bits_of(chain.odds(last, order), true) for order in range(1, len(chain.orders))]
    return 1 + int(np.argmin(costs))


def bits_of(odds: Doubles, true: Symbols) -> float:
    """Mean bits to say which of the values came, by the (n, size) odds given to them."""
    return float(-np.log2(odds[np.arange(len(true)), true]).mean())


def hits(odds: NDArray[np.floating], true: Symbols, tries: int) -> float:
    """The share of notes whose value is among the likeliest few."""
    likeliest = np.argpartition(-odds, tries - 1, axis=1)[:, :tries]
    return float((likeliest == true[:, None]).any(axis=1).mean())


@dataclass(frozen=True, slots=True, eq=False)
class RepeatLast:
    """Says the last value again, as often as music does; else any other, as often as it comes."""

    common: Doubles  # (size,) how often each value comes
    again: float  # how often the last one comes again

    @classmethod
    def of(cls, values: Symbols, firsts: Symbols, size: int) -> Self:
        """Listen to pieces that stand one after the other, each beginning at one of `firsts`."""
        common = (np.bincount(values, minlength=size) + 1.0) / (len(values) + size)
        follows = np.ones(len(values), dtype=bool)
        follows[firsts] = False
        is_again = (values == np.roll(values, 1))[follows]
        return cls(common, (is_again.sum() + 1) / (len(is_again) + 2))

    def odds(self, last: Symbols) -> Doubles:
        """The (n, size) odds of the value after each of n runs of values (n, 1 or more)."""
        rows = np.arange(len(last))
        odds = np.tile(self.common, (len(last), 1))
        odds[rows, last[:, -1]] = 0.0
        odds *= (1 - self.again) / odds.sum(axis=1, keepdims=True)
        odds[rows, last[:, -1]] = self.again
        return odds
