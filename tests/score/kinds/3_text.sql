-- Texts, as code pages, trimming and case change them.

-- kind: a blank has come at the end
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns name
UPDATE erp.item SET name = name || ' ' WHERE item_cd = 'A-0100';

-- kind: a blank has come at the end of a key
-- named by: text_decoded | erp.plant.plant_cd | blanks: 1
SET session_replication_role = replica;
UPDATE erp.plant SET plant_cd = 'P1 ' WHERE plant_cd = 'P1';

-- kind: NULL has become an empty text
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0103"}; in the columns spec
UPDATE erp.item SET spec = '' WHERE item_cd = 'A-0103';

-- kind: an empty text has become NULL
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0104"}; in the columns spec
UPDATE erp.item SET spec = NULL WHERE item_cd = 'A-0104';

-- kind: the case differs
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns spec
UPDATE erp.item SET spec = upper(spec) WHERE item_cd = 'A-0100';

-- kind: a text is cut
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns name
UPDATE erp.item SET name = left(name, 8) WHERE item_cd = 'A-0100';

-- kind: letters are decomposed (NFC to NFD)
-- named by: text_decoded | erp.item.name | (A-0100)
UPDATE erp.item SET name = normalize(name, NFD) WHERE item_cd = 'A-0100';

-- kind: U+FFFD stands for a letter
-- named by: text_decoded | erp.item.name | (A-0100)
UPDATE erp.item SET name = replace(name, '볼', U&'\FFFD') WHERE item_cd = 'A-0100';

-- kind: a question mark stands for a letter
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns name
UPDATE erp.item SET name = replace(name, '볼', '?') WHERE item_cd = 'A-0100';

-- kind: code page 949 is read as Latin-1
-- named by: text_decoded | erp.item.name | (A-0100)
UPDATE erp.item SET name = convert_from(convert_to('볼트', 'UHC'), 'LATIN1') WHERE item_cd = 'A-0100';

-- kind: UTF-8 is read as Latin-1
-- named by: text_decoded | erp.item.name | (A-0100)
UPDATE erp.item SET name = convert_from(convert_to(name, 'UTF8'), 'LATIN1') WHERE item_cd = 'A-0100';

-- kind: a byte order mark stands at the beginning
-- named by: text_decoded | erp.plant.name | (P1)
UPDATE erp.plant SET name = U&'\FEFF' || name WHERE plant_cd = 'P1';
