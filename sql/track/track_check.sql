-- What the verbs phase_on and freshness_on ask of a table and its columns, in one place so that all refuse alike.
CREATE FUNCTION rsl.track_check_target(target regclass) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relation pg_class;
    root regclass;
BEGIN
    IF target IS NULL THEN
        RAISE EXCEPTION 'no table is named' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO relation FROM pg_class WHERE oid = target;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no table %', target USING ERRCODE = 'undefined_table';
    END IF;
    IF rsl.is_system_table(target) THEN
        RAISE EXCEPTION '% cannot be tracked', target
            USING ERRCODE = 'insufficient_privilege', HINT = 'It belongs to the system.';
    END IF;
    IF relation.relkind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION '% is not a table', target
            USING ERRCODE = 'wrong_object_type', HINT = 'Name an ordinary or a partitioned table.';
    END IF;
    IF relation.relpersistence = 't' THEN
        RAISE EXCEPTION '% cannot be tracked', target
            USING ERRCODE = 'wrong_object_type', HINT = 'A temporary table is only there for one session.';
    END IF;
    IF relation.relispartition THEN
        SELECT a.relid INTO root FROM pg_partition_ancestors(target) WITH ORDINALITY AS a (relid, n) ORDER BY a.n DESC LIMIT 1;
        RAISE EXCEPTION '% is a partition', target
            USING ERRCODE = 'wrong_object_type', HINT = format('Name %s: its partitions follow it.', root);
    END IF;
    IF NOT pg_has_role(relation.relowner, 'USAGE') THEN
        RAISE EXCEPTION 'role "%" does not own %', current_user, target
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('Only %I, its members and a superuser may do this.', relation.relowner::regrole);
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.track_check_target(regclass) IS 'Refuses a table that cannot be tracked, or not by the current role';

-- How the key of a row is written in SQL, as jsonb; a table without a primary key is refused.
CREATE FUNCTION rsl.track_key(target regclass, alias text) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key_columns text[] := rsl.primary_key(target);
BEGIN
    IF key_columns IS NULL THEN
        RAISE EXCEPTION '% has no primary key', target
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = format('Rows are named by their key: ALTER TABLE %s ADD PRIMARY KEY (…).', target);
    END IF;
    RETURN rsl.key_sql(target, alias, key_columns);
END
$$;
COMMENT ON FUNCTION rsl.track_key(regclass, text) IS 'The SQL expression that gives the primary key of a row as jsonb';

-- kind: text (a text or an enumeration), time (a timestamp with or without time zone) or any.
CREATE FUNCTION rsl.track_check_column(target regclass, column_name name, kind text) RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    base regtype;
BEGIN
    SELECT rsl.base_type(a.atttypid) INTO base FROM pg_attribute AS a
    WHERE a.attrelid = target AND a.attname = column_name AND a.attnum > 0 AND NOT a.attisdropped;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'column "%" of % does not exist', column_name, target USING ERRCODE = 'undefined_column';
    END IF;
    IF kind = 'text' AND base NOT IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
            AND NOT EXISTS (SELECT FROM pg_type AS y WHERE y.oid = base AND y.typtype = 'e')
        OR kind = 'time' AND base NOT IN ('timestamp'::regtype, 'timestamptz'::regtype) THEN
        RAISE EXCEPTION 'column "%" of % is of type %', column_name, target, base
            USING ERRCODE = 'datatype_mismatch',
                  HINT = CASE kind WHEN 'text' THEN 'It must be a text or an enumeration.' ELSE 'It must be a timestamp, with or without time zone.' END;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.track_check_column(regclass, name, text) IS 'Refuses a column that is not there or not of the kind: text, time or any';

-- Numbers of the columns that the settings name, to find them by when they have been renamed.
CREATE FUNCTION rsl.track_attnums(target regclass, settings jsonb) RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN count(*) = 0 THEN '{}'
        ELSE jsonb_build_object('table', target::oid, 'attnums', jsonb_object_agg(s.role, a.attnum)) END
    FROM jsonb_each_text(settings) AS s (role, name)
    JOIN pg_attribute AS a ON a.attrelid = target AND a.attname = s.name AND a.attnum > 0 AND NOT a.attisdropped
    WHERE s.role IN ('changed_at', 'changed_by', 'reason', 'synced_at', 'status')
$$;
COMMENT ON FUNCTION rsl.track_attnums(regclass, jsonb) IS 'Part of rsl.phase_on and rsl.freshness_on: the numbers of the columns that settings name';
