{#- A default of SQLite's as PostgreSQL writes it for a column of that type, or none where nobody here can say it. Constants are
    read as staging reads the source's values: 'D' is 1d, 0 is false. Times of SQLite are UTC. -#}
{% macro postgres_default(default, type, canonical='text') %}
    {%- set match = modules.re.match -%}
    {%- set told = default | trim -%}
    {%- set bare = modules.re.sub("\\s", "", told) | lower -%}
    {%- set quoted = match("^(?:'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\")$", told) -%}
    {%- set text = (quoted.group(1) or quoted.group(2) or '').replace("''", "'").replace('""', '"') if quoted else told -%}
    {%- set literal = "'" ~ text.replace("'", "''") ~ "'" -%}
    {%- set number = match("^[-+]?([0-9]{1,18})([.]0*)?$", text) -%}
    {%- set moment = bare in ('current_timestamp', "datetime()") or match("^datetime\\('now'(,'(utc|localtime)')?\\)$", bare)
        or bare == "strftime('%y-%m-%d%h:%m:%s','now')" -%}
    {%- set day = bare in ('current_date', "date()") or match("^date\\('now'(,'(utc|localtime)')?\\)$", bare) -%}
    {%- set zone = "'Asia/Seoul'" if 'localtime' in bare else "'UTC'" -%}
    {%- if moment or day -%}
        {{ return({
            'timestamp with time zone': 'now()' if moment,
            'date': "(now() at time zone " ~ zone ~ ")::date",
            'text': "to_char(now() at time zone " ~ zone ~ ", 'YYYY-MM-DD" ~ (" HH24:MI:SS" if moment) ~ "')",
        }.get(type) or none) }}
    {%- elif type == 'bigint' and number -%}
        {{ return(text | replace('+', '') | replace(number.group(2) or '', '')) }}
    {%- elif type == 'double precision' and match("^[-+]?([0-9]{1,250}([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]{1,2})?$", text) -%}
        {{ return(text) }}
    {%- elif type == 'boolean' and text | lower in ('true', 'false', '0', '1') -%}
        {{ return('true' if text | lower in ('true', '1') else 'false') }}
    {%- elif type in ('bigint', 'double precision') and bare in ('true', 'false') -%}
        {{ return('1' if bare == 'true' else '0') }}
    {%- elif type not in ('text', 'date', 'timestamp with time zone') or not quoted and not (type == 'text' and match("^[0-9]{1,18}$", text)) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set reading = {
        'date': 'canonical.date_of(' ~ literal ~ ')', 'timestamp with time zone': 'canonical.instant_of(' ~ literal ~ ')'
    }.get(type) or {
        'region': canonical_region(literal), 'ticker': canonical_ticker(literal), 'timeframe': canonical_timeframe(literal)
    }.get(canonical, literal) -%}
    {%- set read = run_query("select (" ~ reading ~ ")::text").rows[0][0] -%}
    {{ return(none if read in (none, '-infinity') else "'" ~ read.replace("'", "''") ~ "'::" ~ type) }}
{% endmacro %}
