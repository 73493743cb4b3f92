\i sql/include/audit.psql
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
-- Images of every type: the log's jsonb is to_jsonb of the row, and as_of gives the row again.
CREATE TYPE mood AS ENUM ('sad', 'a "quoted" one', '');
CREATE TYPE pair AS (x int, y text);
CREATE TYPE nested AS (p pair, ps pair[], at timestamptz);
CREATE DOMAIN short AS varchar(5) CHECK (value <> 'no');
CREATE DOMAIN shorts AS short[];
CREATE TYPE texts AS RANGE (subtype = text);
CREATE TABLE samples (n int GENERATED ALWAYS AS IDENTITY, type text, value text);
INSERT INTO samples (type, value) SELECT t, unnest(string_to_array(v, '|')) FROM (VALUES
    ('bool', 'true|false'),
    ('int2', '-32768|0|32767'), ('int4', '-2147483648|2147483647'), ('int8', '-9223372036854775808|9223372036854775807'),
    ('numeric', '0|0.00|-0|1.10|-1.1|NaN|Infinity|-Infinity|1e-20|123456789012345678901234567890.123456789|1e1000|0.0000000000000001'),
    ('numeric(10,2)', '1.10|-99999999.99'),
    ('float4', '0|-0|1.1|NaN|Infinity|-Infinity|3.4028235e38|1e-45|16777216'),
    ('float8', '0|-0|1.1|0.1|NaN|Infinity|-Infinity|1.7976931348623157e308|5e-324|1e15|1e16|123456789.123456789'),
    ('money', '1.10|-12.34'),
    ('text', '|a|한글 🎉|"quoted" \ back/slash' || '|' || e'tab\tline\nreturn\r\x01' || '|null|{}'),
    ('varchar(10)', 'a  |abcdefghij'), ('bpchar(5)', 'a|abcde'), ('"char"', 'a|é'), ('name', 'a|a name'),
    ('bytea', '|\x00|\xdeadbeef00ff'),
    ('date', '2000-01-01|1999-12-31|infinity|-infinity|0044-03-15 BC|5874897-12-31'),
    ('time', '00:00|23:59:59.999999|24:00:00'), ('timetz', '12:00:00+09|12:00:00.5-15:59:59'),
    ('timestamp', '2000-01-01|1999-12-31 23:59:59.999999|infinity|-infinity|0044-03-15 12:00 BC|294276-12-31 23:59:59.999999'),
    ('timestamp(0)', '2026-11-21 12:34:56'),
    ('timestamptz', '2000-01-01 00:00+00|1999-12-31 23:59:59.999999+09|infinity|-infinity|0044-03-15 12:00+00 BC'),
    ('interval', '0|1 year -2 mons +3 days -04:05:06.000007|-178000000 years|00:00:00.000001|1 day|24:00'),
    ('uuid', '00000000-0000-0000-0000-000000000000|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
    ('json', '{"a":1, "a": 2, "b":[1.0,1e2,null]}|"x"|null|  {  "spaces" : 1 }  |"\\u0000"|"\u00e9"'),
    ('jsonb', '{"a":1.10,"b":[null,true,{"c":"\\u0000 no escape"}]}|"x"|null|1e100|{}|[]'),
    ('xml', '<a b="c">d</a>|text'),
    ('inet', '10.1.2.3|10.1.2.3/8|::1|fe80::/10'), ('cidr', '10.0.0.0/8'), ('macaddr', '08:00:2b:01:02:03'), ('macaddr8', '08:00:2b:01:02:03:04:05'),
    ('bit(3)', '101'), ('varbit', '|10101'),
    ('oid', '0|4294967295'), ('regclass', 'pg_class'), ('pg_lsn', '16/B374D848'), ('txid_snapshot', '10:20:10,14,15'), ('tid', '(1,2)'), ('xid8', '18446744073709551615'),
    ('point', '(1.1,-2)|(NaN,Infinity)'), ('line', '{1,-1,0}'), ('lseg', '[(0,0),(1,1)]'), ('box', '(1,1),(0,0)'), ('path', '[(0,0),(1,1)]|((0,0),(1,1))'), ('polygon', '((0,0),(1,1),(2,0))'), ('circle', '<(0,0),1.5>'),
    ('tsvector', '''a'':1A ''fat'':2B,4C ''it''''s'':3'), ('tsquery', '''fat'' & !''cat'':AB'),
    ('int4range', 'empty|[1,10)|(,5)|(,)'), ('numrange', '[1.10,2.2]'), ('tstzrange', '["2026-01-01 00:00+00",infinity)'), ('daterange', '[2026-01-01,2026-02-01)'), ('int4multirange', '{}|{[1,3),[5,9)}'), ('texts', '[a,"b,c")'),
    ('int4[]', '{}|{1,NULL,3}|{{1,2},{3,4}}|[0:1]={5,6}'), ('text[]', '{}|{NULL,"NULL","a,b","","\"q\""}'), ('numeric[]', '{1.10,NaN}'), ('timestamptz[]', '{"2026-01-01 00:00+00",infinity}'), ('interval[]', '{"1 mon","-1 days"}'), ('json[]', '{"{\"a\": 1}",NULL}'), ('bytea[]', '{"\\x00ff"}'), ('float8[]', '{0.1,NaN,-0}'), ('bool[]', '{t,f}'),
    ('mood', 'sad|a "quoted" one|'), ('mood[]', '{sad,"a \"quoted\" one",""}'), ('short', '|abc'), ('shorts', '{a,NULL}'),
    ('pair', '(1,a)|(,)|(2,"x,""y""")'), ('pair[]', '{"(1,a)",NULL,"(,)"}'), ('nested', '("(1,a)","{""(2,b)""}","2026-01-01 00:00:00+00")'),
    ('citext', 'MiXed'), ('hstore', '"a"=>"1", "b"=>NULL'), ('jsonpath', '$."a"[*] ? (@ > 1)')
) v (t, v);
SELECT count(*), count(DISTINCT type) FROM samples;
-- Each type in a table of its own: inserted, updated to NULL and back, deleted; each image compared.
DO $$
DECLARE
    s record;
    tables int := 0;
BEGIN
    FOR s IN SELECT type, array_agg(value ORDER BY n) AS list FROM samples GROUP BY type ORDER BY min(n) LOOP
        tables := tables + 1;
        EXECUTE format('CREATE TABLE v%s (id int PRIMARY KEY, v %s)', tables, s.type);
        PERFORM rsl.audit_on(('v' || tables)::regclass);
        FOR i IN 1 .. cardinality(s.list) LOOP
            EXECUTE format('INSERT INTO v%s VALUES (%s, %L)', tables, i, s.list[i]);
        END LOOP;
        EXECUTE format('INSERT INTO v%s VALUES (0, NULL)', tables);
    END LOOP;
END $$;
-- A moment that is after all of it and before what follows.
SELECT set_config('test.then', clock_timestamp()::text, false) IS NULL AS unset;
CREATE TABLE was (rel text, id int, j jsonb, t text);
DO $$
DECLARE
    rel text;
BEGIN
    FOR rel IN SELECT c.relname FROM pg_class c WHERE c.relname ~ '^v[0-9]+$' LOOP
        EXECUTE format('INSERT INTO was SELECT %L, id, to_jsonb(t), t::text FROM %1$I t', rel);
        EXECUTE format('UPDATE %I SET v = NULL WHERE id > 1', rel);
        EXECUTE format('DELETE FROM %I WHERE id IN (0, 1)', rel);
    END LOOP;
END $$;
SELECT w.* , l.new FROM was w LEFT JOIN rsl.audit_log l ON l.table_name = w.rel AND l.operation = 'insert' AND l.key ->> 'id' = w.id::text
WHERE l.new IS DISTINCT FROM w.j OR l.new::text <> w.j::text;
SELECT w.rel, w.id, w.j, l.operation, l.old FROM was w LEFT JOIN rsl.audit_log l ON l.table_name = w.rel AND l.operation <> 'insert' AND l.key ->> 'id' = w.id::text
WHERE CASE w.id WHEN 0 THEN l.old WHEN 1 THEN l.old ELSE jsonb_build_object('id', w.id) || l.old END IS DISTINCT FROM w.j;
CREATE TABLE again (rel text, id int, t text);
DO $$
DECLARE
    rel text;
BEGIN
    FOR rel IN SELECT c.relname FROM pg_class c WHERE c.relname ~ '^v[0-9]+$' LOOP
        EXECUTE format('INSERT INTO again SELECT %L, t.id, t::text FROM rsl.as_of(NULL::%1$I, current_setting(''test.then'')::timestamptz) t', rel);
    END LOOP;
END $$;
SELECT w.rel, w.id, w.t, a.t FROM was w FULL JOIN again a ON a.rel = w.rel AND a.id = w.id WHERE w.t IS DISTINCT FROM a.t;
-- Whatever the settings of the session that writes and of the one that reads.
CREATE TABLE styled (id int PRIMARY KEY, r tstzrange, i interval[], f float8[], b bytea[], d date[], p pair);
SELECT rsl.audit_on('styled');
SET datestyle = 'German'; SET timezone = 'Asia/Seoul'; SET intervalstyle = 'sql_standard'; SET extra_float_digits = 0; SET bytea_output = 'escape';
INSERT INTO styled VALUES (1, '[2026-01-31 00:00+00,2026-02-01 00:00+00)', '{"1 year 2 mons -3 days"}', '{0.1,1.0000000000000002}', '{"\\x00ff"}', '{31.12.2026}', '(1,x)');
RESET datestyle; RESET timezone; RESET intervalstyle; RESET extra_float_digits; RESET bytea_output;
SELECT new = to_jsonb(s), new FROM styled s, rsl.audit_log l WHERE l.table_name = 'styled';
-- What is stored out of line, compressed or not: written once, compared without being fetched, and whole in the log.
CREATE TABLE big (id int PRIMARY KEY, n int, t text, e text, j jsonb);
ALTER TABLE big ALTER e SET STORAGE EXTERNAL;
SELECT rsl.audit_on('big');
INSERT INTO big SELECT 1, 1, repeat('compress ', 20000), string_agg(md5(i::text), ''), jsonb_agg(md5(i::text)) FROM generate_series(1, 5000) i;
CALL remember('big');
UPDATE big SET n = 2;
UPDATE big SET t = t || '';
UPDATE big SET e = e || '!';
UPDATE big SET t = upper(t), j = j || '1';
CALL remember('big');
DELETE FROM big;
SELECT operation, (SELECT string_agg(key || ' ' || length(value), ', ' ORDER BY key) FROM jsonb_each_text(old)) AS old,
    (SELECT string_agg(key || ' ' || length(value), ', ' ORDER BY key) FROM jsonb_each_text(new)) AS new FROM rsl.history('big', '{"id": 1}');
SELECT rel, n FROM misremembered();
SELECT rsl.audit_seal() > 0, count(*) FROM rsl.audit_check();
-- Names of columns that are also those of the queries.
CREATE TABLE names (t int, k text, r text, n text, c text, row text, "key" text, f text, key_hash text, now text, target text, number int, at text, PRIMARY KEY (t, k));
SELECT rsl.audit_on('names');
INSERT INTO names VALUES (1, 'k', 'r'), (2, 'k', 'r');
CALL remember('names');
UPDATE names SET f = 'f' WHERE t = 1;
UPDATE names SET k = 'K' WHERE t = 2;
SELECT rel, n FROM misremembered('names');
SELECT operation, old, new FROM rsl.history('names', '{"t": 2, "k": "K"}');
-- A json that no jsonb can be does not make the log unreadable.
CREATE TABLE odd (id int PRIMARY KEY, j json);
SELECT rsl.audit_on('odd');
INSERT INTO odd VALUES (1, '"\ud800"'), (2, '"\u0000"'), (3, '1e1000000'), (4, ('"' || repeat('x', 200000) || '"')::json), (5, repeat('9', 200000)::json), (6, '"\\u0000"');
SELECT key, left(new ->> 'j', 20) AS j, jsonb_typeof(new -> 'j') FROM rsl.audit_log WHERE table_name = 'odd' ORDER BY id;
-- Of a type with functions of its owner, nothing runs as whoever reads the log.
CREATE ROLE audit_typed;
GRANT CREATE ON SCHEMA public TO audit_typed;
SET ROLE audit_typed;
CREATE FUNCTION public.look(v text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF current_user <> 'audit_typed' THEN RAISE EXCEPTION 'seen as %', current_user; END IF; RETURN true; END $$;
CREATE DOMAIN looked AS text CHECK (public.look(value));
CREATE TABLE typed (id int PRIMARY KEY, v looked[]);
INSERT INTO typed VALUES (1, '{a}');
RESET ROLE;
SELECT rsl.audit_on('typed');
SET ROLE audit_typed;
UPDATE typed SET v = '{b}';
RESET ROLE;
SELECT old, new FROM rsl.audit_log WHERE table_name = 'typed';
DROP OWNED BY audit_typed;
DROP ROLE audit_typed;
