-- A digest does not depend on the encoding of the client that asks for it.
CREATE TYPE state AS ENUM ('닫힘');
CREATE TABLE t (e state, a text[], x xml, n name);
INSERT INTO t VALUES ('닫힘', '{닫힘}', '<a>닫힘</a>', '닫힘');
SELECT rsl.table_digest('t') AS digest \gset
SET client_encoding = 'UHC';
SELECT rsl.table_digest('t') = :'digest' AS same;
SET client_encoding = 'LATIN1';
SELECT rsl.table_digest('t') = :'digest' AS same;
