-- A chunk cut between two rows, a table that is none, a witness that tells little.
\i sql/include/load.psql
CREATE TABLE public.t (id int);
SELECT rsl.load_begin('public.t') AS load \gset
SELECT rsl.load_push(:load, 1, substr(p, 1, length(p) - 2)) FROM payload('VALUES (1), (2)') p;
-- Without a table the error is one of SQL made of nothing.
SELECT rsl.table_digest(NULL);
SELECT rsl.table_witness(NULL);
-- A table without columns has a NULL digest, although it has rows.
CREATE TABLE public.bare ();
SELECT rsl.table_digest('public.bare');
-- Less than nothing came in: a wrapped number.
CREATE FUNCTION del() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN DELETE FROM public.w WHERE v < 10; RETURN NULL; END$$;
CREATE TABLE public.w (v int);
INSERT INTO public.w VALUES (1), (2), (3);
CREATE TRIGGER del AFTER INSERT ON public.w FOR EACH STATEMENT EXECUTE FUNCTION del();
SELECT reason FROM load('SELECT 20 AS v', 'public.w');
-- A witness without columns: "the values of every column agree, but not which of them stand in one row". Nobody knows whether they agree.
SELECT rsl.witness_differences(witness('SELECT 1 AS a') - 'columns', witness('SELECT 2 AS a'));
