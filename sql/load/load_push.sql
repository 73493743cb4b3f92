CREATE FUNCTION rsl.load_push(load bigint, chunk bigint, payload bytea) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_push_wrapper';
COMMENT ON FUNCTION rsl.load_push(bigint, bigint, bytea) IS
    'takes one chunk in binary COPY format into staging and returns its rows, exactly once: a chunk pushed again is recognised by its number and digest and skipped; 22023 if the number came with other bytes before';
