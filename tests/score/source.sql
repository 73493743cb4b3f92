-- The source, an SQLite file: small tables that have every kind of value.
CREATE TABLE PLANT (PLANT_CD nvarchar(4) NOT NULL PRIMARY KEY, NAME nvarchar(40) NOT NULL);
INSERT INTO PLANT VALUES ('P1', '수원 공장'), ('P2', '부산 공장'), ('P3', 'Łódź');

CREATE TABLE ITEM (
    ITEM_CD nvarchar(10) NOT NULL PRIMARY KEY, NAME nvarchar(60) NOT NULL, SPEC nvarchar(60), LOT varchar(10) NOT NULL, SIZE_TEXT varchar(20) NOT NULL,
    PRICE decimal(18,4) NOT NULL, WEIGHT float NOT NULL, QTY int NOT NULL, BOXES int NOT NULL, ACTIVE boolean NOT NULL, MADE date NOT NULL,
    SEEN datetime NOT NULL, SENT timestamptz NOT NULL, UID uuid NOT NULL, RAW varbinary(16) NOT NULL, EXTRA json NOT NULL);
WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 300)
INSERT INTO ITEM SELECT printf('A-%04d', n), printf('볼트 %d mm, acier trempé', n),
    CASE n % 10 WHEN 3 THEN NULL WHEN 4 THEN '' ELSE printf('Sus304 %dx%d', n, n + 1) END, printf('%05d', n), printf('%d.5', 1000 + n),
    printf('%d.%04d', n, n * 37 % 10000), n / 3.0, n * 2, n * 3 + 1, n % 2, date('2024-01-01', printf('+%d days', n)),
    printf('2024-03-04 %02d:06:07.%06d', n % 24, 123456 + n), printf('2024-03-04 %02d:06:07+09:00', n % 24),
    printf('6f9619ff-8b86-d011-b42d-00c04fc9%04x', n), CAST(printf('raw-%d', n) AS blob), printf('{"n": %d, "tags": ["a", "b"]}', n) FROM row;

CREATE TABLE ROUTING (ROUTING_ID bigint NOT NULL PRIMARY KEY, ITEM_CD nvarchar(10) NOT NULL, PLANT_CD nvarchar(4), SEQ int NOT NULL, MINUTES decimal(10,3) NOT NULL);
WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 600)
INSERT INTO ROUTING SELECT n, printf('A-%04d', 1 + n % 300), printf('P%d', 1 + n % 3), 10 * n, n / 8.0 FROM row;

-- Nothing tells its rows apart.
CREATE TABLE MOVEMENT (ITEM_CD nvarchar(10), QTY int, MOVED_AT datetime);
WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 200)
INSERT INTO MOVEMENT SELECT printf('A-%04d', 1 + n % 50), n % 20, printf('2024-01-%02d 08:00:00', 1 + n % 28) FROM row;

CREATE TABLE RESULT (RESULT_ID bigint NOT NULL, MADE_ON date NOT NULL, GOOD decimal(12,3) NOT NULL, PRIMARY KEY (RESULT_ID, MADE_ON));
WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 400)
INSERT INTO RESULT SELECT n, date('2023-11-15', printf('+%d days', n % 90)), n / 4.0 FROM row;

CREATE TABLE STOCK (STOCK_CD nvarchar(10) NOT NULL PRIMARY KEY, QTY decimal(18,4) NOT NULL, NOTE nvarchar(40));
WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 200)
INSERT INTO STOCK SELECT printf('S-%03d', n), n * 1.5, printf('창고 %d', n) FROM row;
