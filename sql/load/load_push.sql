CREATE FUNCTION rsl.load_push(load bigint, chunk bigint, payload bytea, part int DEFAULT NULL, "position" jsonb DEFAULT NULL,
    account jsonb DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_push_wrapper';
COMMENT ON FUNCTION rsl.load_push(bigint, bigint, bytea, int, jsonb, jsonb) IS
    'takes one chunk in binary COPY format into staging and returns its rows, exactly once: a chunk pushed again is recognised by its number and digest and skipped; 22023 if the number came with other bytes before. With a part the chunks of the part are numbered from 0 without a hole, and position is the key of the last row; account is the witness of the rows, {rows, digest, columns}, of every chunk of a load or of none. Null for a null load, chunk or payload';
