"""Several clients on the embedded engine: each has a PostgreSQL session of its own, though there is only one."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import psycopg2
import psycopg2.errors
import pytest

import embedded
from tests.support.embedded_fixture import Connect, run


def test_uncommitted_rows_are_seen_by_nobody_and_a_waiting_client_gets_its_turn(connect: Connect) -> None:
    run(connect(), "create table isolated(a int)")
    writer = connect(autocommit=False)
    run(writer, "insert into isolated values (1)")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: run(connect(), "select count(*) from isolated"))
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        writer.rollback()
        assert waiting.result(timeout=20) == [(0,)]


def test_an_aborted_transaction_stays_with_its_client(connect: Connect) -> None:
    broken = connect(autocommit=False)
    with pytest.raises(psycopg2.errors.DivisionByZero):
        run(broken, "select 1 / 0")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        run(broken, "select 1")
    broken.rollback()
    assert run(connect(), "select 1") == [(1,)]


def test_settings_stay_with_their_client(connect: Connect) -> None:
    first = connect(options="-c search_path=elsewhere -c work_mem=7MB", application_name="first")
    second = connect()
    run(second, "set datestyle to german")
    run(second, "set search_path to pg_catalog")
    assert run(first, "show search_path") == [("elsewhere",)]
    assert run(first, "show datestyle") == [("ISO, MDY",)]
    assert run(second, "show search_path") == [("pg_catalog",)]
    assert run(second, "select current_date::text ~ '^[0-9]{2}[.]'") == [(True,)]
    assert run(first, "select current_setting('work_mem'), current_setting('application_name')") == [("7MB", "first")]
    assert run(connect(), "select current_setting('search_path'), current_setting('application_name')") == [
        ('"$user", public', "")
    ]


def test_an_encoding_that_the_engine_does_not_have_is_refused_and_harms_nobody(connect: Connect) -> None:
    bystander, other = connect(), connect()
    run(bystander, "create temp table untouched(a int)")
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        run(other, "set client_encoding to 'latin1'")
    assert run(other, "select 'ä'") == [("ä",)]
    assert run(bystander, "select count(*) from untouched") == [(0,)]


def test_prepared_statements_of_one_name_do_not_collide(connect: Connect) -> None:
    clients = [connect() for _ in range(3)]
    for number, client in enumerate(clients):
        run(client, f"prepare answer as select {number}")
    assert [run(client, "execute answer") for client in clients] == [[(0,)], [(1,)], [(2,)]]
    run(clients[0], "deallocate answer")
    with pytest.raises(psycopg2.errors.InvalidSqlStatementName):
        run(clients[0], "execute answer")
    assert run(clients[1], "execute answer") == [(1,)]


def test_a_statement_prepared_over_the_protocol_survives_the_turn_of_another_client(
    connect: Connect, own_engine_folder: Path
) -> None:
    endpoint = embedded.ensure_running(own_engine_folder)
    uri = f"postgresql://{endpoint.user}:{endpoint.password}@{endpoint.host}:{endpoint.port}/{endpoint.database}"
    with adbc.connect(uri, autocommit=True) as made, made.cursor() as cursor:
        cursor.adbc_prepare("select $1::bigint + 1")
        assert run(connect(), "select 'between'") == [("between",)]
        cursor.execute("select $1::bigint + 1", parameters=(41,))
        assert cursor.fetchone() == (42,)


def test_temporary_tables_are_seen_by_their_client_only(connect: Connect) -> None:
    first, second = connect(), connect()
    run(first, "create temp table notes(id serial, text text, constraint notes_key primary key (id))")
    run(first, "create index notes_text on notes(text)")
    run(first, "insert into notes(text) values ('first')")
    with pytest.raises(psycopg2.errors.UndefinedTable):
        run(second, "select * from notes")
    run(second, "create temp table notes(n int, id serial, constraint notes_key unique (n))")
    run(second, "create index notes_text on notes(n)")
    run(second, "insert into notes values (2)")
    run(second, "insert into notes values (3)")
    assert run(first, "insert into notes(text) values ('second') returning id") == [(2,)]
    assert run(first, "select nextval('notes_id_seq'), min(text) from notes") == [(3, "first")]
    assert run(second, "select n, id from notes where n = 2") == [(2, 1)]
    first.close()
    second.close()
    assert run(
        connect(), "select count(*) from pg_class where relnamespace = pg_my_temp_schema() and relkind <> 't'"
    ) == [(0,)]


@pytest.mark.parametrize("key", ["7", "-7", "7, 8", "-7, -8"])
def test_an_advisory_lock_keeps_two_clients_apart(connect: Connect, key: str) -> None:
    holder, other = connect(), connect()
    assert run(holder, f"select pg_try_advisory_lock({key})") == [(True,)]
    assert run(holder, f"select pg_try_advisory_lock({key})") == [(True,)], "its own lock is no hindrance to the holder"
    assert run(other, f"select pg_try_advisory_lock({key})") == [(False,)]
    assert run(other, f"select pg_try_advisory_xact_lock({key})") == [(False,)]
    assert run(other, f"select pg_advisory_unlock({key})") == [(False,)]
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        run(other, f"select pg_advisory_lock({key})")
    run(other, "reset all")
    run(other, "select pg_advisory_unlock_all()")
    assert run(other, f"select pg_try_advisory_lock({key})") == [(False,)]
    holder.close()
    for _ in range(100):  # as with any server, that the client is gone is noticed a moment later
        if run(other, f"select pg_try_advisory_lock({key})") == [(True,)]:
            return
        time.sleep(0.05)
    raise AssertionError("the lock of a client that went away is still held")


@pytest.mark.parametrize("kind", ["lock", "lock_shared", "xact_lock", "xact_lock_shared"])
def test_a_lock_that_would_wait_is_taken_like_one_that_would_not(connect: Connect, kind: str) -> None:
    holder, other = connect(autocommit=False), connect()
    run(holder, f"select pg_advisory_{kind}(13)")
    assert run(holder, "select count(*) from pg_locks where locktype = 'advisory' and objid = 13") == [(1,)]
    holder.commit()
    assert run(other, "select pg_try_advisory_lock(13)") == [("xact" in kind,)]


def test_a_client_that_resets_its_settings_and_goes_takes_no_lock_of_another_along(connect: Connect) -> None:
    holder, other = connect(), connect()
    assert run(holder, "select pg_try_advisory_lock(9)") == [(True,)]
    run(other, "reset all")
    other.close()
    assert run(connect(), "select pg_try_advisory_lock(9)") == [(False,)]
    assert run(holder, "select pg_advisory_unlock(9)") == [(True,)]


def test_locks_after_a_reset_in_the_same_transaction_are_refused_in_a_sentence(connect: Connect) -> None:
    one = connect(autocommit=False)
    run(one, "reset all")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState, match=r"after RESET ALL.*next transaction"):
        run(one, "select pg_try_advisory_lock(10)")
    one.rollback()
    assert run(one, "select pg_try_advisory_lock(10)") == [(True,)]


def test_a_lock_taken_twice_ends_with_its_client(connect: Connect) -> None:
    holder, second, third = connect(), connect(), connect()
    run(holder, "select pg_try_advisory_lock(14), pg_try_advisory_lock(14)")
    run(second, "select 1")
    holder.close()
    time.sleep(0.2)
    run(second, "select 1")
    assert run(third, "select pg_try_advisory_lock(14)") == [(True,)]


def test_two_locks_are_not_one(connect: Connect) -> None:
    assert run(connect(), "select pg_try_advisory_lock(1)") == [(True,)]
    assert run(connect(), "select pg_try_advisory_lock(2), pg_try_advisory_lock(0, 1), pg_try_advisory_lock(11)") == [
        (True,) * 3
    ]


def test_a_client_that_vanishes_in_a_transaction_is_rolled_back(connect: Connect) -> None:
    run(connect(), "create table vanished(a int)")
    gone = connect(autocommit=False)
    run(gone, "insert into vanished values (1)")
    with socket.socket(fileno=gone.fileno()) as line:
        line.shutdown(socket.SHUT_RDWR)
    assert run(connect(), "select count(*) from vanished") == [(0,)]


def test_thirty_clients_at_once_each_get_their_own_answers(connect: Connect) -> None:
    run(connect(), "create table counted(client int, n int)")

    def work(client: int) -> int:
        made = connect(autocommit=False)
        for n in range(10):
            run(made, "insert into counted values (%s, %s)", client, n)
            made.commit()
        (seen,) = run(made, "select count(*), sum(n) from counted where client = %s", client)
        made.rollback()
        return int(seen[0] == 10 and seen[1] == 45)

    with ThreadPoolExecutor(30) as pool:
        assert sum(pool.map(work, range(30))) == 30


def test_a_client_that_only_reads_holds_nobody_up_and_its_transaction_goes_on(connect: Connect) -> None:
    run(connect(), "create table read(a int); insert into read values (1)")
    reader, writer = connect(autocommit=False), connect()
    reader.set_session(readonly=True)
    assert run(reader, "select count(*) from read") == [(1,)]
    run(writer, "insert into read values (2)")
    assert run(reader, "select count(*) from read") == [(2,)]
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        run(reader, "insert into read values (3)")
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        run(reader, "select 1")


@pytest.mark.parametrize(
    ("first", "then", "answer"),
    [
        ("insert into worked values (1)", "select count(*) from worked", 1),
        ("set local work_mem = '9MB'", "show work_mem", "9MB"),
        ("select set_config('work_mem', '9MB', true)", "show work_mem", "9MB"),
        ("execute set_locally", "show work_mem", "9MB"),
        ("savepoint here", "release savepoint here; select 1", 1),
        ("declare c cursor for select 7", "fetch c", 7),
        ("set transaction isolation level repeatable read", "show transaction_isolation", "repeatable read"),
        ("lock table worked in exclusive mode", "select 1", 1),
        ("create temp table t on commit drop as select 5 as a", "select a from t", 5),
    ],
)
def test_a_transaction_that_holds_anything_is_never_interrupted(
    connect: Connect, first: str, then: str, answer: object
) -> None:
    run(connect(), "create table if not exists worked(a int); truncate worked")
    holder = connect(autocommit=False)
    run(holder, "prepare set_locally as select set_config('work_mem', '9MB', true)")
    holder.commit()
    run(holder, first)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: run(connect(), "select 1"))
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1)
        assert run(holder, then) == [(answer,)]
        holder.rollback()
        assert waiting.result(timeout=20) == [(1,)]


@pytest.mark.parametrize(
    "endless",
    [
        "select count(*) from generate_series(1, 100000000000)",
        "copy (select generate_series(1, 100000000000)) to stdout",
    ],
)
def test_a_running_statement_can_be_cancelled(connect: Connect, endless: str) -> None:
    client = connect()
    timer = threading.Timer(1, client.cancel)
    timer.start()
    with open("/dev/null", "wb") as nowhere, pytest.raises(psycopg2.errors.QueryCanceled):
        client.cursor().copy_expert(endless, nowhere)
    assert run(client, "select 1") == [(1,)]


def test_a_statement_that_does_not_listen_to_a_cancel_ends_with_its_connection_only(connect: Connect) -> None:
    deaf, other = connect(), connect()
    run(other, "set application_name to 'bystander'")
    threading.Timer(1, deaf.cancel).start()
    with pytest.raises(psycopg2.OperationalError):
        run(deaf, "do $$ begin loop end loop; end $$")
    assert run(other, "show application_name") == [("bystander",)]


def test_a_waiting_client_can_be_cancelled(connect: Connect) -> None:
    holder, waiting = connect(autocommit=False), connect()
    run(holder, "create temp table held(a int) on commit drop")
    threading.Timer(0.5, waiting.cancel).start()
    with pytest.raises(psycopg2.errors.QueryCanceled):
        run(waiting, "select 1")
    holder.rollback()
    assert run(waiting, "select 2") == [(2,)]


def test_timescaledb_works_to_the_end(connect: Connect) -> None:
    client = connect()
    run(client, "create table prices(ticker text, day date not null, close double precision)")
    run(client, "select create_hypertable('prices', by_range('day', interval '1 year'))")
    run(client, "insert into prices select 'A', '2020-01-01'::date + n, n from generate_series(0, 999) as n")
    run(
        client,
        "create materialized view monthly with (timescaledb.continuous) as "
        "select time_bucket('1 month', day) as month, ticker, max(close) as top from prices group by 1, 2 with no data",
    )
    run(client, "call refresh_continuous_aggregate('monthly', null, null)")
    assert run(client, "select count(*), max(top) from monthly") == [(33, 999.0)]
    run(client, "alter table prices set (timescaledb.compress, timescaledb.compress_segmentby = 'ticker')")
    chunks = run(client, "select compress_chunk(c) from show_chunks('prices') as c")
    assert len(chunks) == 4
    assert run(client, "select count(*), sum(close) from prices") == [(1000, 499500.0)]
