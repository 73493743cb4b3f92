//! Collations: what their names mean, and the five bytes by which they are known on the wire.

/// A collation of SQL Server.
#[derive(Debug, PartialEq, Eq)]
pub struct Collation {
    /// As `sys.fn_helpcollations` lists it.
    pub name: &'static str,
    /// Of char, varchar and text: 65001 for UTF-8.
    pub code_page: u16,
    /// The locale, 20 bits: the language and, above it, how it sorts.
    pub lcid: u32,
    /// Not zero for the collations whose names begin with `SQL_`, which are older than locales.
    pub sort_id: u8,
    /// 0 for the collations of SQL Server 2000, 1 for `_90_`, 2 for `_100_`.
    pub version: u8,
    /// `a` and `A` differ.
    pub case_sensitive: bool,
    /// `e` and `é` differ.
    pub accent_sensitive: bool,
    /// `_BIN` or `_BIN2`: compared as code points.
    pub binary: bool,
    /// char, varchar and text hold UTF-8.
    pub utf8: bool,
}

const IGNORE_CASE: u8 = 0x10;
const IGNORE_ACCENT: u8 = 0x20;
const IGNORE_KANA: u8 = 0x40;
const IGNORE_WIDTH: u8 = 0x80;
const BINARY: u8 = 0x01;
const BINARY2: u8 = 0x02;
const UTF8: u8 = 0x04;

impl Collation {
    /// Locale, flags and version in four bytes, then the sort id.
    pub fn bytes(&self) -> [u8; 5] {
        let [low, middle, high, _] = self.lcid.to_le_bytes();
        let mut compare = high & 0x0F;
        let mut kind = self.version << 4;
        if self.name.ends_with("_BIN") {
            kind |= BINARY;
        } else if self.binary {
            kind |= BINARY2;
        } else {
            compare |= IGNORE_KANA | IGNORE_WIDTH;
            compare |= if self.case_sensitive { 0 } else { IGNORE_CASE };
            compare |= if self.accent_sensitive { 0 } else { IGNORE_ACCENT };
        }
        if self.utf8 {
            kind |= UTF8;
        }
        [low, middle, compare, kind, self.sort_id]
    }
}

/// Of a server, and of values whose column says nothing else.
pub const DEFAULT: &str = "SQL_Latin1_General_CP1_CI_AS";

/// The collation of that name, in any case.
pub fn find(name: &str) -> Option<&'static Collation> {
    COLLATIONS.iter().find(|collation| collation.name.eq_ignore_ascii_case(name))
}

/// The collation with these bytes on the wire.
pub fn find_bytes(bytes: [u8; 5]) -> Option<&'static Collation> {
    COLLATIONS.iter().find(|collation| collation.bytes() == bytes)
}

/// All that are known here: a small part of the thousands that SQL Server has.
pub fn all() -> &'static [Collation] {
    &COLLATIONS
}

/// The name's ending tells what it compares, so that the table need not.
const fn collation(name: &'static str, code_page: u16, lcid: u32, sort_id: u8) -> Collation {
    let binary = contains(name, "_BIN");
    Collation {
        name,
        code_page,
        lcid,
        sort_id,
        version: if contains(name, "_100_") {
            2
        } else if contains(name, "_90_") {
            1
        } else {
            0
        },
        case_sensitive: binary || contains(name, "_CS_"),
        accent_sensitive: binary || contains(name, "_AS"),
        binary,
        utf8: code_page == 65001,
    }
}

/// Whether `text` has `part` in it; `str::contains` is not yet const.
const fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    let mut start = 0;
    while start + part.len() <= text.len() {
        let mut same = 0;
        while same < part.len() && text[start + same] == part[same] {
            same += 1;
        }
        if same == part.len() {
            return true;
        }
        start += 1;
    }
    false
}

static COLLATIONS: [Collation; 75] = [
    collation("SQL_Latin1_General_CP1_CI_AS", 1252, 0x0409, 52),
    collation("SQL_Latin1_General_CP1_CS_AS", 1252, 0x0409, 51),
    collation("SQL_Latin1_General_CP1_CI_AI", 1252, 0x0409, 54),
    collation("SQL_Latin1_General_CP437_CI_AS", 437, 0x0409, 32),
    collation("SQL_Latin1_General_CP437_CS_AS", 437, 0x0409, 31),
    collation("SQL_Latin1_General_CP437_BIN", 437, 0x0409, 30),
    collation("SQL_Latin1_General_CP437_BIN2", 437, 0x0409, 30),
    collation("SQL_Latin1_General_CP850_CI_AS", 850, 0x0409, 42),
    collation("SQL_Latin1_General_CP850_CS_AS", 850, 0x0409, 41),
    collation("SQL_Latin1_General_CP850_BIN", 850, 0x0409, 40),
    collation("SQL_Latin1_General_CP850_BIN2", 850, 0x0409, 40),
    collation("SQL_1xCompat_CP850_CI_AS", 850, 0x0409, 49),
    collation("SQL_Latin1_General_CP1250_CI_AS", 1250, 0x0409, 82),
    collation("SQL_Latin1_General_CP1251_CI_AS", 1251, 0x0409, 106),
    collation("SQL_Latin1_General_CP1253_CI_AS", 1253, 0x0409, 114),
    collation("SQL_Latin1_General_CP1254_CI_AS", 1254, 0x0409, 130),
    collation("SQL_Latin1_General_CP1255_CI_AS", 1255, 0x0409, 138),
    collation("SQL_Latin1_General_CP1256_CI_AS", 1256, 0x0409, 146),
    collation("SQL_Latin1_General_CP1257_CI_AS", 1257, 0x0409, 154),
    // No server offers these by name: they stand for columns carried along since SQL Server 7, which had code page sort orders.
    collation("SQL_Korean_CP949_BIN", 949, 0x0412, 194),
    collation("SQL_Korean_CP949_CI_AS", 949, 0x0412, 195),
    collation("SQL_Korean_CP949_CS_AS", 949, 0x0412, 201),
    collation("Latin1_General_CI_AS", 1252, 0x0409, 0),
    collation("Latin1_General_CS_AS", 1252, 0x0409, 0),
    collation("Latin1_General_CI_AI", 1252, 0x0409, 0),
    collation("Latin1_General_BIN", 1252, 0x0409, 0),
    collation("Latin1_General_BIN2", 1252, 0x0409, 0),
    collation("Latin1_General_100_CI_AS", 1252, 0x0409, 0),
    collation("Latin1_General_100_CS_AS", 1252, 0x0409, 0),
    collation("Latin1_General_100_BIN2", 1252, 0x0409, 0),
    collation("Latin1_General_100_CI_AS_SC_UTF8", 65001, 0x0409, 0),
    collation("Latin1_General_100_CS_AS_SC_UTF8", 65001, 0x0409, 0),
    collation("Latin1_General_100_BIN2_UTF8", 65001, 0x0409, 0),
    collation("Korean_Wansung_CI_AS", 949, 0x0412, 0),
    collation("Korean_Wansung_CS_AS", 949, 0x0412, 0),
    collation("Korean_Wansung_CI_AI", 949, 0x0412, 0),
    collation("Korean_Wansung_BIN", 949, 0x0412, 0),
    collation("Korean_Wansung_BIN2", 949, 0x0412, 0),
    collation("Korean_90_CI_AS", 949, 0x0412, 0),
    collation("Korean_90_BIN2", 949, 0x0412, 0),
    collation("Korean_100_CI_AS", 949, 0x0412, 0),
    collation("Korean_100_CS_AS", 949, 0x0412, 0),
    collation("Korean_100_BIN2", 949, 0x0412, 0),
    collation("Korean_100_CI_AS_SC_UTF8", 65001, 0x0412, 0),
    collation("Japanese_CI_AS", 932, 0x0411, 0),
    collation("Japanese_CS_AS", 932, 0x0411, 0),
    collation("Japanese_BIN2", 932, 0x0411, 0),
    collation("Japanese_XJIS_100_CI_AS", 932, 0x0411, 0),
    collation("Chinese_PRC_CI_AS", 936, 0x0804, 0),
    collation("Chinese_PRC_CS_AS", 936, 0x0804, 0),
    collation("Chinese_PRC_BIN2", 936, 0x0804, 0),
    collation("Chinese_Taiwan_Stroke_CI_AS", 950, 0x0404, 0),
    collation("Chinese_Taiwan_Stroke_CS_AS", 950, 0x0404, 0),
    collation("Chinese_Taiwan_Stroke_BIN2", 950, 0x0404, 0),
    collation("Cyrillic_General_CI_AS", 1251, 0x0419, 0),
    collation("Cyrillic_General_CS_AS", 1251, 0x0419, 0),
    collation("Cyrillic_General_BIN2", 1251, 0x0419, 0),
    collation("Turkish_CI_AS", 1254, 0x041F, 0),
    collation("Turkish_CS_AS", 1254, 0x041F, 0),
    collation("Turkish_BIN2", 1254, 0x041F, 0),
    collation("Arabic_CI_AS", 1256, 0x0401, 0),
    collation("Croatian_CI_AS", 1250, 0x041A, 0),
    collation("Czech_CI_AS", 1250, 0x0405, 0),
    collation("Danish_Norwegian_CI_AS", 1252, 0x0406, 0),
    collation("Estonian_CI_AS", 1257, 0x0425, 0),
    collation("Finnish_Swedish_CI_AS", 1252, 0x040B, 0),
    collation("French_CI_AS", 1252, 0x040C, 0),
    collation("German_PhoneBook_CI_AS", 1252, 0x1_0407, 0),
    collation("Greek_CI_AS", 1253, 0x0408, 0),
    collation("Hebrew_CI_AS", 1255, 0x040D, 0),
    collation("Hungarian_CI_AS", 1250, 0x040E, 0),
    collation("Lithuanian_CI_AS", 1257, 0x0427, 0),
    collation("Polish_CI_AS", 1250, 0x0415, 0),
    collation("Thai_CI_AS", 874, 0x041E, 0),
    collation("Vietnamese_CI_AS", 1258, 0x042A, 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_as_sql_server_sends_them() {
        for (name, bytes) in [
            ("SQL_Latin1_General_CP1_CI_AS", [0x09, 0x04, 0xD0, 0x00, 0x34]),
            ("Latin1_General_CI_AS", [0x09, 0x04, 0xD0, 0x00, 0x00]),
            ("Latin1_General_100_CI_AS_SC_UTF8", [0x09, 0x04, 0xD0, 0x24, 0x00]),
            ("Korean_Wansung_CI_AS", [0x12, 0x04, 0xD0, 0x00, 0x00]),
            ("Korean_Wansung_BIN", [0x12, 0x04, 0x00, 0x01, 0x00]),
            ("Korean_Wansung_BIN2", [0x12, 0x04, 0x00, 0x02, 0x00]),
            ("German_PhoneBook_CI_AS", [0x07, 0x04, 0xD1, 0x00, 0x00]),
        ] {
            let found = find(name).unwrap();
            assert_eq!(found.bytes(), bytes, "{name}");
            assert_eq!(find_bytes(bytes), Some(found));
        }
        assert_eq!(find("korean_wansung_ci_as").unwrap().code_page, 949);
        assert_eq!(find("Klingon_CI_AS"), None);
    }

    #[test]
    fn bytes_name_one_collation() {
        for (n, one) in COLLATIONS.iter().enumerate() {
            for other in &COLLATIONS[n + 1..] {
                assert_ne!(one.name, other.name);
                assert_ne!(one.bytes(), other.bytes(), "{} and {}", one.name, other.name);
            }
        }
    }
}
