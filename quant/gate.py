"""First come, first served: at most so many at a time, the others wait in line."""

from __future__ import annotations

from collections import deque
from threading import Lock
from time import monotonic

from quant.errors import PoolTimeout


class Gate:
    """Lets `places` callers in at a time, in the order in which they came.

    A semaphore wakes whoever is quickest: among 200 threads the unlucky ones starve. Here whoever leaves hands its
    place to the one that has waited longest.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self.waits = 0
        self.longest_wait = 0.0
        self._lock = Lock()
        self._in_use = 0
        self._line: deque[Lock] = deque()

    @property
    def in_use(self) -> int:
        return self._in_use

    @property
    def waiting(self) -> int:
        return len(self._line)

    def enter(self, timeout: float) -> float:
        """Take a place.

        Returns:
            The seconds that it took.

        Raises:
            PoolTimeout: when none came free in that many seconds.
        """
        with self._lock:
            if self._in_use < self.places:
                self._in_use += 1
                return 0.0
            turn = Lock()
            turn.acquire()
            self._line.append(turn)
            self.waits += 1
        begun = monotonic()
        try:
            came = turn.acquire(timeout=timeout)
        except BaseException:  # an interrupt: somebody else shall have the place
            self._give_up(turn)
            raise
        waited = monotonic() - begun
        if not came and not self._left_line(turn):
            came = True  # the place was handed over at the last moment
        self.longest_wait = max(self.longest_wait, waited)
        if not came:
            raise PoolTimeout(
                f"None of the {self.places} connections came free within {timeout:g} s: {self.waiting} callers wait. "
                "Give connections back sooner, or take a larger pool_max_conn or pool_timeout."
            )
        return waited

    def leave(self) -> None:
        """Give the place to the first in line."""
        with self._lock:
            if self._line:
                self._line.popleft().release()
            else:
                self._in_use -= 1

    def _left_line(self, turn: Lock) -> bool:
        with self._lock:
            if turn in self._line:
                self._line.remove(turn)
                return True
            return False

    def _give_up(self, turn: Lock) -> None:
        if not self._left_line(turn):
            self.leave()
