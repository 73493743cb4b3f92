//! Values that real systems hold and that careless copying changes.
//!
//! Every one of them can be stored exactly in PostgreSQL. Values that cannot (NUL bytes, lone surrogates) are for tests
//! of refusals and have no place in a database that must load without a single finding.

/// Texts of at most 30 UTF-16 units, so that they fit into every free-text column of the sample.
pub const TEXTS: &[&str] = &[
    "",
    " ",
    "끝에 빈칸   ",
    "  앞에 빈칸",
    "메카니컬 씰 🔧",
    "가족 👨‍👩‍👧 결합 문자",
    "O'Ring \"A\" `B`",
    "역슬래시 \\N \\t \\",
    "탭\t과 줄\n바꿈\r\n",
    "NULL",
    "\\N",
    "쉼표, 세미콜론; 세로줄|",
    "각각 = 각각",
    "뷁 똠방각하 펲시콜라",
    "㈜씰텍 Ø25 ±0.05 ㎜ ℃",
    "Ａ１　전각",
    "漢字 벨로우즈 ベローズ",
    "é ≠ e\u{301}",
    "\u{feff}BOM",
    "폭 없는\u{200b}빈칸",
    "줄바꿈 없는\u{a0}빈칸",
    "مضخة (오른쪽에서)",
    "𠮷野 𝒳",
    "0x1F; --; /* */ $1 %s {}",
    "001.50",
    "1e5",
    "-0",
    "true",
    "\u{1}\u{7f}\u{85}제어",
    "깨진 글자 \u{fffd}",
];

/// Days before 1900 and after 2038, leap days, and the ends of what SQL Server's `date` holds.
pub const DATES: &[&str] = &[
    "0001-01-01",
    "1582-10-10",
    "1752-12-31",
    "1899-12-30",
    "1899-12-31",
    "1900-01-01",
    "1900-02-28",
    "1970-01-01",
    "2000-02-29",
    "2038-01-19",
    "2038-01-20",
    "2079-06-07",
    "2999-12-31",
    "9999-12-31",
];

/// Points in time within SQL Server's `datetime`: from 1753, in ticks of 1/300 second, shown as .000, .003 and .007.
pub const DATETIMES: &[&str] = &[
    "1753-01-01 00:00:00.000",
    "1895-04-01 08:00:00.003",
    "1899-12-30 00:00:00.000",
    "1899-12-31 23:59:59.997",
    "1900-01-01 00:00:00.000",
    "1969-12-31 23:59:59.997",
    "2000-02-29 12:00:00.007",
    "2038-01-19 03:14:07.000",
    "2038-01-19 03:14:08.003",
    "2106-02-07 06:28:16.000",
    "2262-04-11 23:47:16.857",
    "9999-12-31 23:59:59.997",
];

/// Ten-thousandths: small, negative, zero, and up to the fifteen significant digits that SQLite keeps of a number.
pub const DECIMALS: &[i64] = &[
    0,
    1,
    -1,
    10_000,
    -10_000,
    1_000,
    12_345,
    -99_999,
    1_001,
    999_999_999_999_999,
    -999_999_999_999_999,
    100_000_000_000_000,
    333_333_333_333_333,
    -123_456_789_012_345,
];

/// Decimals beyond those fifteen digits, for columns that are declared as text.
pub const LARGE_DECIMALS: &[&str] = &[
    "922337203685477.5807",
    "-922337203685477.5808",
    "12345678901234567890123456789012345678",
    "99999999999999999999999999999999999999",
    "-0.00000000000000000000000000000000000001",
    "9007199254740993.0001",
    "100000000000000000.0000",
    "0.1000000000000000055511151231257827",
];

/// Binary floating-point numbers whose decimal notation is easily cut short.
pub const FLOATS: &[f64] = &[
    0.0,
    0.1,
    -0.1,
    1.0 / 3.0,
    5e-324,
    2.225_073_858_507_201_4e-308,
    1.797_693_134_862_315_7e308,
    -1.797_693_134_862_315_7e308,
    9_007_199_254_740_993.0,
    1e23,
    123_456.789,
];
