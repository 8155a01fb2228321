"""Seeded dice: numpy's generator, drawn in blocks so that single throws cost little."""

from collections.abc import Mapping, Sequence
from math import exp, log
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_BLOCK = 4096


class Dice:
    """Random choices that a seed repeats exactly.

    Args:
        seed: Any non-negative integers; the same ones give the same throws.
    """

    def __init__(self, *seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self._uniform: list[float] = []
        self._normal: list[float] = []

    def unit(self) -> float:
        """Return a float in [0, 1)."""
        if not self._uniform:
            self._uniform = self.rng.random(_BLOCK).tolist()
        return self._uniform.pop()

    def normal(self) -> float:
        """Return a standard normal float."""
        if not self._normal:
            self._normal = self.rng.standard_normal(_BLOCK).tolist()
        return self._normal.pop()

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.unit() < probability

    def between(self, low: float, high: float) -> float:
        """Return a float in [low, high)."""
        return low + (high - low) * self.unit()

    def log_between(self, low: float, high: float) -> float:
        """Return a float in [low, high) whose logarithm is uniform: every order of magnitude as likely."""
        return exp(self.between(log(low), log(high)))

    def whole(self, low: int, high: int) -> int:
        """Return an integer in [low, high], both included."""
        return low + int(self.unit() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        """Return one of the items, each as likely."""
        return items[int(self.unit() * len(items))]

    def favourite(self, items: Sequence[T]) -> T:
        """Return one of the items, the first ones far likelier: popularity falls as in a power law."""
        return items[int(self.unit() ** 3 * len(items))]

    def weighted(self, items: Mapping[T, float]) -> T:
        """Return one of the keys, as likely as its weight says."""
        mark = self.unit() * sum(items.values())
        for item, weight in items.items():
            mark -= weight
            if mark < 0:
                return item
        return next(iter(items))

    def around(self, median: float, sigma: float) -> float:
        """Return a log-normal float with the given median; `sigma` is the deviation of its logarithm."""
        return median * exp(sigma * self.normal())

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in a random order."""
        return [items[index] for index in self.rng.permutation(len(items)).tolist()]

    def child(self) -> "Dice":
        """Return dice of their own for one visit, so that what others throw does not change it."""
        return Dice(int(self.unit() * 2**48))
