//! Tables with keys of many types.

use proptest::prelude::*;
use tds_server::answer::SqlValue;

use super::numbers::money;
use super::sample::{
    DAY, DAY_1900, Kind, LAST_DAY, SECOND, Sample, clock, dashed, date, hex, kind, moment, point,
};

/// A table with a key of many columns, each of which has few values, so that all of them matter.
pub struct Keyed {
    pub name: &'static str,
    /// The columns of the key with their values. One more makes the key unique: a number, or a uniqueidentifier made of one.
    pub key: Vec<(&'static str, Vec<Sample>)>,
    pub by_guid: bool,
}

pub fn keyed() -> [Keyed; 2] {
    let of = |(value, text): (SqlValue, String)| (value, Some(text));
    let codes = ["a", "A1", "a-1", "a1", "B", "b 2", "b_2", "Ab", "aB3", "0", "00", "it's", "x%y]"];
    let korean: [(&[u8], &str); 3] = [(b"\xb0\xa1", "가"), (b"\xb0\xa1A", "가A"), (b"\xc8\xfe", "힝")];
    let codes = codes.map(|code| of((SqlValue::Bytes(code.as_bytes().to_vec()), code.to_owned())));
    let korean = korean.map(|(bytes, text)| of((SqlValue::Bytes(bytes.to_vec()), text.to_owned())));
    let instants = [
        (0, 0),
        (LAST_DAY, DAY - SECOND / 1000),
        (738_944, 12 * 3600 * SECOND + SECOND / 1000 * 7),
        (738_944, 0),
    ];
    let amounts = [-999_999_999, -1, 0, 1, 999_999_999];
    let zoned = [(730_119, 0, 540), (730_119, 0, -540), (730_118, SECOND * 3600, 840)];
    let first = vec![
        ("varchar(12) COLLATE Korean_Wansung_CI_AS", codes.into_iter().chain(korean).collect()),
        (
            "datetime2(3)",
            instants.map(|(day, time)| of((SqlValue::DateTime2(day, time), moment(day, time)))).to_vec(),
        ),
        ("decimal(9,2)", amounts.map(|n| of((SqlValue::Decimal(n.into()), point(n.into(), 2)))).to_vec()),
        (
            "datetimeoffset(0)",
            zoned
                .map(|(day, time, offset)| {
                    of((SqlValue::DateTimeOffset(day, time, offset), moment(day, time) + "+00"))
                })
                .to_vec(),
        ),
    ];
    let names = ["", "가", "가나", "🔧", "Straße", "z'"];
    let name = |text: &str| of((SqlValue::Wide(text.encode_utf16().collect()), text.to_owned()));
    let bytes: [&[u8]; 4] = [b"", b"\0", b"\0\xff", b"\xff"];
    let ticks = [(0, 0, 0), (45_000, 1, 3), (45_000, 2, 7), (-53_690, 25_919_999, 86_399_997)];
    let datetime = |(day, tick, milliseconds): (i32, u32, u64)| {
        let text = moment((DAY_1900 as i32 + day) as u32, milliseconds * (SECOND / 1000));
        of((SqlValue::DateTime(day, tick), text))
    };
    let second = vec![
        ("nvarchar(10)", names.map(name).to_vec()),
        (
            "varbinary(4)",
            bytes.map(|b| of((SqlValue::Binary(b.to_vec()), format!("\\x{}", hex(b))))).to_vec(),
        ),
        ("datetime", ticks.map(datetime).to_vec()),
        (
            "smalldatetime",
            [0, 1_439]
                .map(|m| {
                    of((
                        SqlValue::SmallDateTime(65_535, m),
                        moment(DAY_1900 + 65_535, u64::from(m) * 60 * SECOND),
                    ))
                })
                .to_vec(),
        ),
        ("money", [i64::MIN, -1, i64::MAX].map(|n| of((SqlValue::Money(n), point(n.into(), 4)))).to_vec()),
        (
            "bit",
            [(true, "t"), (false, "f")].map(|(bit, text)| of((SqlValue::Bit(bit), text.to_owned()))).to_vec(),
        ),
        ("date", [0, LAST_DAY].map(|day| of((SqlValue::Date(day), date(day)))).to_vec()),
        ("time(6)", [0, DAY - 10].map(|time| of((SqlValue::Time(time), clock(time)))).to_vec()),
    ];
    [Keyed { name: "CODED", key: first, by_guid: true }, Keyed { name: "NAMED", key: second, by_guid: false }]
}

impl Keyed {
    /// The type of the last column of the key.
    pub fn last(&self) -> &'static str {
        if self.by_guid { "uniqueidentifier" } else { "int" }
    }

    /// Its value in a row.
    pub fn last_of(&self, number: usize) -> Sample {
        if !self.by_guid {
            return (SqlValue::Int(number as i64), Some(number.to_string()));
        }
        let guid = (number as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes();
        (SqlValue::Guid(guid), Some(dashed(&hex(&guid))))
    }
}

/// Columns beside a key.
pub fn rest() -> Vec<Kind> {
    let name = any::<u64>().prop_map(|n| {
        let text = format!("{n:x} 가 🔧");
        (SqlValue::Wide(text.encode_utf16().collect()), text)
    });
    let rate = any::<i32>().prop_map(|n| f64::from(n) / 7.0);
    let rate = rate.prop_map(|n| (SqlValue::Float(n), format!("{:016x}", n.to_bits())));
    vec![
        kind("nvarchar(60)", name.boxed()),
        Kind { read: "encode(float8send({}), 'hex')", ..kind("float", rate.boxed()) },
        kind("money", money(i64::MIN..=i64::MAX)),
    ]
}
