-- What is looked for in a text, as SQL over the placeholder $v, a text in collation "C". One file for all of it, so that whoever asks why a
-- value was named finds the answer in one place.
CREATE FUNCTION rsl.text_faults()
RETURNS TABLE (place int, fault text, status text, keys_only boolean, condition text, description text, hint text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $$
    WITH class AS (
        -- What a byte from 80 to BF is in Latin-1 and in Windows-1252; narrow leaves out the quotes, dashes and dots that people write.
        SELECT E'\u0080-\u00BF\u20AC\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u017D\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u017E\u0178' AS wide,
               E'\u0080-\u009F\u00A1-\u00AA\u00AC\u00AE-\u00BA\u00BC-\u00BF\u20AC\u0192\u2020\u2021\u02C6\u2030\u0160\u0152\u017D\u2022\u02DC\u2122\u0161\u0153\u017E\u0178' AS narrow
    )
    SELECT row_number() OVER ()::int, f.fault, f.status, f.keys_only, f.condition, f.description, f.hint
    FROM class AS c
    CROSS JOIN LATERAL (VALUES
        ('replaced', 'warn', false, E'strpos($v, \'\uFFFD\') > 0', 'U+FFFD: a character that could not be decoded, and is lost',
         'load the rows again with the code page of the source; what is replaced cannot be recovered from here'),
        ('utf8_as_latin1', 'fail', false,
         format('$v ~ %L', format(E'[\u00C2\u00C3][%2$s]|[\u00E0-\u00EF][%2$s]{2}|[\u00F0-\u00F4][%2$s]{3}|([\u00C4-\u00DF][%1$s]){3}|([\u00E0-\u00EF][%1$s]{2}){2}', c.wide, c.narrow)),
         'UTF-8 that was read as Latin-1 or Windows-1252', 'load the rows again; what was decoded wrongly in the source has to be mended there'),
        ('korean_as_latin1', 'fail', false, E'$v ~ \'([\u00B0-\u00C8][\u00A1-\u00FE]){2}\' AND $v !~ \'[\uAC00-\uD7A3]|([\u00A1-\u00FE])\\1\\1\\1\'',
         'EUC-KR or CP949 that was read as Latin-1 or Windows-1252', 'load the rows again with code page 949; what was decoded wrongly in the source has to be mended there'),
        ('control', 'warn', false, E'$v ~ \'[\u0080-\u009F]\'', 'control characters U+0080 to U+009F, which no text needs: bytes of Windows-1252 that were read as Latin-1',
         'load the rows again with the code page of the source'),
        ('nul', 'warn', false, E'strpos($v, \'\\\') > 0 AND $v ~ \'\\\\(u0000|x00|0($|[^0-9]))\'', 'a NUL, written as an escape', 'correct the rows in the source and load them again'),
        ('zero_width', 'warn', false, E'left($v, 1) IN (\'\uFEFF\', \'\u200B\', \'\u200C\', \'\u200D\', \'\u2060\')', 'an invisible character at its beginning: a byte order mark or a zero-width space',
         'correct the rows in the source and load them again'),
        ('not_nfc', 'warn', false, '$v IS NOT NFC NORMALIZED', 'decomposed characters (not NFC), where other rows of the column have composed ones: equal to the eye, and not equal',
         'make them one in the source, or compare with normalize(…)'),
        ('blanks', 'warn', true, E'octet_length(btrim($v, E\' \\t\\r\\n\')) <> octet_length($v)', 'blanks at the beginning or end of a key: equal to the eye, and not equal',
         'correct the rows in the source and load them again')
    ) AS f (fault, status, keys_only, condition, description, hint)
$$;
COMMENT ON FUNCTION rsl.text_faults() IS 'What the check text_decoded looks for: name, status of a finding, whether only in keys, condition over $v, and words for it';

CREATE FUNCTION rsl.text_bits(value text, faults text[], wanted boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(format('CASE WHEN %s THEN %s ELSE 0 END', replace(f.condition, '$v', value), 1 << f.place), ' | ' ORDER BY f.place)
    FROM rsl.text_faults() AS f
    WHERE (f.fault = ANY (faults)) = wanted
$$;
COMMENT ON FUNCTION rsl.text_bits(text, text[], boolean) IS 'SQL text: the faults of a value as the bits of a number; only some of them, or all but some';
