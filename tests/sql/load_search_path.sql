-- What a loader's search_path holds cannot run in the name of the loader while a load is merged.
CREATE TABLE public.item (id int);
INSERT INTO public.item VALUES (1);
-- pg_catalog.format takes VARIADIC "any", so an exact match wins wherever it is.
CREATE FUNCTION public.format(text, text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'hijacked, running as %', current_user;
    RETURN pg_catalog.format($1, VARIADIC ARRAY[$2]);
END $$;
SELECT rsl.load_begin('public.item', mode => 'replace') AS load \gset
SELECT rsl.load_finish(:load, '{"rows": 0, "digest": "0:000000000000000000000000000000000000000000000000", "columns": {}}') -> 'exact' AS exact;
-- With a schema before pg_catalog, mode = 'append' is false and an append takes the way of a replace (the witness refuses it).
CREATE SCHEMA evil;
CREATE FUNCTION evil.equal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR evil.= (FUNCTION = evil.equal, LEFTARG = text, RIGHTARG = text);
INSERT INTO public.item VALUES (1);
SELECT rsl.load_begin('public.item', key => NULL) AS load \gset
SET search_path = evil, pg_catalog, public;
SELECT rsl.load_finish(:load, '{"rows": 0, "digest": "0:000000000000000000000000000000000000000000000000", "columns": {}}') -> 'exact' AS exact;
