-- Advisory locks between clients. All clients are one PostgreSQL session here, to which its own locks are no hindrance;
-- so PostgreSQL's functions get a wrapper each, which knows the keys that other clients hold: the bridge lists them in the
-- setting quant_engine.elsewhere, as ",classid:objid:objsubid,", whenever the session changes hands. The functions
-- themselves stay, under names that begin with engine_. A lock that another client holds in shared mode counts as held.
create schema quant_engine;
grant usage on schema quant_engine to public;

create function quant_engine.elsewhere(classid bigint, objid bigint, objsubid int) returns boolean
language plpgsql stable as $$
declare
    listed text := current_setting('quant_engine.elsewhere', true);
begin
    if coalesce(listed, '') = '' then
        raise exception using errcode = '55000', message = 'after RESET ALL, advisory locks can be used from the next transaction on',
            hint = 'End the transaction first.';
    end if;
    return position(format(',%s:%s:%s,', $1 & 4294967295, $2 & 4294967295, $3) in listed) > 0;
end
$$;

do $make$
declare
    original record;
    key text;
begin
    for original in
        select
            p.proname::text as name,
            p.prorettype::regtype::text as result,
            p.pronargs as pieces
        from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and p.proname ~ '^pg_(try_)?advisory_(xact_)?(un)?lock(_shared)?$'
    loop
        key := case original.pieces when 1 then '$1 >> 32, $1, 1' else '$1, $2, 2' end;
        execute format(
            'alter function pg_catalog.%I(%s) rename to %I',
            original.name, case original.pieces when 1 then 'bigint' else 'int, int' end, 'engine_' || original.name
        );
        execute format(
            $wrap$
            create function pg_catalog.%1$I(%2$s) returns %3$s language plpgsql volatile strict as $body$
            begin
                if quant_engine.elsewhere(%4$s) then
                    %5$s
                end if;
                %6$s pg_catalog.%7$I(%8$s);
            end
            $body$
            $wrap$,
            original.name,
            case original.pieces when 1 then 'bigint' else 'int, int' end,
            original.result,
            key,
            case
                when original.name like '%unlock%' then
                    'raise warning ''you don''''t own this advisory lock, another client does''; return false;'
                when original.name like 'pg_try%' then 'return false;'
                else
                    'raise exception using errcode = ''55P03'', message = ''another client holds this advisory lock, '
                    'and the embedded engine cannot wait for it'', hint = ''Use pg_try_advisory_lock and try again.'';'
            end,
            case original.result when 'void' then 'perform' else 'return' end,
            'engine_' || original.name,
            case original.pieces when 1 then '$1' else '$1, $2' end
        );
    end loop;
end
$make$;

alter function pg_catalog.pg_advisory_unlock_all() rename to engine_pg_advisory_unlock_all;

create function pg_catalog.pg_advisory_unlock_all() returns void
language plpgsql volatile as $$
declare
    own record;
begin
    loop
        select classid::bigint as classid, objid::bigint as objid, objsubid, mode into own
        from pg_catalog.pg_locks
        where locktype = 'advisory' and not quant_engine.elsewhere(classid::bigint, objid::bigint, objsubid)
        limit 1;
        exit when not found;
        exit when not quant_engine.unlock(own.classid, own.objid, own.objsubid, own.mode);
    end loop;
end
$$;

create function quant_engine.unlock(classid bigint, objid bigint, objsubid int, mode text) returns boolean
language sql volatile as $$
    select case
        when objsubid = 1 and mode = 'ExclusiveLock' then pg_catalog.engine_pg_advisory_unlock((classid << 32) | objid)
        when objsubid = 1 then pg_catalog.engine_pg_advisory_unlock_shared((classid << 32) | objid)
        when mode = 'ExclusiveLock' then
            pg_catalog.engine_pg_advisory_unlock(classid::bit(32)::int, objid::bit(32)::int)
        else pg_catalog.engine_pg_advisory_unlock_shared(classid::bit(32)::int, objid::bit(32)::int)
    end
$$;
