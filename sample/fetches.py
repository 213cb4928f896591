"""When the application fetched the prices: ticker by ticker, a whole history at first, later the days it lacked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample.calendars import Days
from sample.options import Options

_RUNS = 10
# Some tickers fail in every run; the next run that reaches one brings all that it lacks.
_REACHED = 0.8
# In UTC: the American day has ended and the Korean one has not begun.
_START = np.timedelta64(21 * 60 + 30, "m")
_SEOUL = np.timedelta64(9, "h")


@dataclass(frozen=True)
class Fetches:
    """The collector's runs. A fetch is a series and a run, numbered `series * runs + run`.

    Attributes:
        days: days of the runs, ascending.
        reaching: series × run: the first run from this one on that reaches the series.
        moments: series × run, in UTC.
    """

    days: Days
    reaching: NDArray[np.int64]
    moments: NDArray[np.datetime64]

    def run_of(self, series_of: NDArray[np.int32], days: Days) -> NDArray[np.int64]:
        """The run that brought each row."""
        runs: NDArray[np.int64] = self.reaching[series_of, np.searchsorted(self.days, days)]
        return runs

    def stamps(self, utc: NDArray[np.bool_]) -> list[str]:
        """created_at of every fetch: CURRENT_TIMESTAMP for the series that are `utc`, else naive Seoul time."""
        current = np.char.replace(np.datetime_as_string(self.moments, unit="s"), "T", " ")
        texts: list[str] = (
            np.where(utc[:, None], current, np.datetime_as_string(self.moments + _SEOUL)).ravel().tolist()
        )
        return texts


def draw_fetches(options: Options, rank: NDArray[np.int32]) -> Fetches:
    """Draw the runs for series whose turn in each of them is `rank`."""
    rng = options.rng("fetches")
    last = np.busday_offset(np.datetime64(options.end_date, "D"), 0, roll="backward")
    days: Days = np.busday_offset(last, np.arange(1 - _RUNS, 1))
    reached = rng.random((len(rank), _RUNS)) < _REACHED
    reached[:, -1] = True
    reaching = np.where(reached, np.arange(_RUNS), _RUNS)
    reaching = np.minimum.accumulate(reaching[:, ::-1], axis=1)[:, ::-1]
    # In microseconds: a request every half a second or so, from half past nine or a little later.
    waited = np.cumsum(rng.integers(100_000, 900_000, (len(rank), _RUNS)), axis=0)
    late = rng.integers(0, 1_800_000_000, _RUNS)
    return Fetches(days, reaching, days + _START + (waited + late)[rank].astype("timedelta64[us]"))
