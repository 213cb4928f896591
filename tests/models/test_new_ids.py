"""A row that an application writes gets an id that no row of the source has."""

from __future__ import annotations

from pathlib import Path

from tests.support.dbt_ground import clean_source, price, step
from tests.support.places import Place


def test_new_ids_follow_those_that_were_written_and_none_of_the_quarantine(place: Place, tmp_path: Path) -> None:
    path = clean_source(tmp_path / "spock.db")
    step(place, path)
    following = "select nextval('public.ohlcv_data_id_seq')"
    assert place.query(following) == [(29,)]
    step(place, path, price(500, "005930", "2020-02-03", "KR"), price(9_000_000, "005930", "2020-13-45", "KR"))
    assert place.query(following) == [(501,)]
