//! Bytes, what is made of them, and what may be anything.

use proptest::prelude::*;
use proptest::sample::select;
use tds_server::answer::{SqlType, SqlValue};

use super::sample::{
    DAY, DAY_1900, Kind, LAST_DAY, SECOND, Shown, clock, dashed, date, days, hex, kind, offsets, point,
};

pub fn binaries() -> Vec<Kind> {
    let some = |length: std::ops::RangeInclusive<usize>| {
        let bytes = prop::collection::vec(any::<u8>(), length);
        bytes.prop_map(|bytes| (SqlValue::Binary(bytes.clone()), format!("\\x{}", hex(&bytes)))).boxed()
    };
    let guids = prop_oneof![1 => select(vec![[0; 16], [255; 16]]), 6 => any::<[u8; 16]>()];
    let guids = guids.prop_map(|guid| (SqlValue::Guid(guid), dashed(&hex(&guid))));
    vec![
        kind("binary(1)", some(1..=1)),
        kind("binary(30)", some(30..=30)),
        kind("varbinary(30)", some(0..=30)),
        kind("varbinary(max)", prop_oneof![3 => some(0..=30), 1 => some(5_000..=20_000)].boxed()),
        kind("image", some(0..=30)),
        kind("uniqueidentifier", guids.boxed()),
        kind("sql_variant", variants()),
    ]
}

/// A place in a hierarchy: labels of one number or, between two neighbours, of several.
pub fn path() -> impl Strategy<Value = String> {
    let number = prop_oneof![3 => -10..100i64, 2 => -5_000..6_000i64, 1 => -4_294_000_000..4_294_000_000i64];
    let label = prop::collection::vec(number, 1..=3)
        .prop_map(|numbers| numbers.iter().map(i64::to_string).collect::<Vec<_>>().join("."));
    prop::collection::vec(label, 0..=5)
        .prop_map(|labels| labels.iter().fold("/".to_owned(), |path, label| path + label + "/"))
}

/// A variant of each type that may be in one, and the text that says all of it.
fn variants() -> Shown {
    let of = |ty: SqlType, value: SqlValue, text: String| (SqlValue::Variant(Box::new((ty, value))), text);
    let decimal = |precision: u8, scale: u8| {
        let most = 10i128.pow(precision.into()) - 1;
        (-most..=most).prop_map(move |n| {
            of(SqlType::Decimal { precision, scale }, SqlValue::Decimal(n), point(n, scale.into()))
        })
    };
    // With all digits of the second: how many zeros are shown at the end is the server's own affair.
    let fraction = |digits: u32| {
        (0..86_400u64, 1..10u64.pow(digits) / 10)
            .prop_map(move |(seconds, n)| seconds * SECOND + (n * 10 + 7) * 10u64.pow(7 - digits))
    };
    let text = "[a-zA-Z가-힣 ]{0,20}";
    let scientific = |digits: String| {
        let (mantissa, exponent) = digits.split_once('e').unwrap_or_default();
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        format!("{mantissa}e{sign}{exponent:0>3}")
    };
    prop_oneof![
        any::<bool>().prop_map(move |bit| of(SqlType::Bit, SqlValue::Bit(bit), u8::from(bit).to_string())),
        any::<u8>().prop_map(move |n| of(SqlType::TinyInt, SqlValue::Int(n.into()), n.to_string())),
        any::<i16>().prop_map(move |n| of(SqlType::SmallInt, SqlValue::Int(n.into()), n.to_string())),
        any::<i32>().prop_map(move |n| of(SqlType::Int, SqlValue::Int(n.into()), n.to_string())),
        any::<i64>().prop_map(move |n| of(SqlType::BigInt, SqlValue::Int(n), n.to_string())),
        any::<i64>().prop_map(move |n| of(SqlType::Money, SqlValue::Money(n), point(n.into(), 4))),
        any::<i32>().prop_map(move |n| of(
            SqlType::SmallMoney,
            SqlValue::Money(n.into()),
            point(n.into(), 4)
        )),
        decimal(9, 2),
        decimal(38, 20),
        prop::num::f64::NORMAL.prop_map(move |n| of(
            SqlType::Float,
            SqlValue::Float(n),
            scientific(format!("{n:.16e}"))
        )),
        prop::num::f32::NORMAL.prop_map(move |n| of(
            SqlType::Real,
            SqlValue::Real(n),
            scientific(format!("{:.16e}", f64::from(n)))
        )),
        days().prop_map(move |day| of(SqlType::Date, SqlValue::Date(day), date(day))),
        fraction(7).prop_map(move |time| of(SqlType::Time(7), SqlValue::Time(time), clock(time))),
        (days(), fraction(7)).prop_map(move |(day, time)| of(
            SqlType::DateTime2(7),
            SqlValue::DateTime2(day, time),
            format!("{}T{}", date(day), clock(time))
        )),
        (0..2_000_000i32, 1..86_400u32).prop_map(move |(day, second)| {
            let text = format!(
                "{}T{}",
                date((DAY_1900 as i32 + day) as u32),
                clock(u64::from(second) * SECOND + 7 * SECOND / 1000)
            );
            of(SqlType::DateTime, SqlValue::DateTime(day, second * 300 + 2), text)
        }),
        (any::<u16>(), 0..1_440u16).prop_map(move |(day, minute)| {
            let text =
                format!("{}T{:02}:{:02}:00", date(DAY_1900 + u32::from(day)), minute / 60, minute % 60);
            of(SqlType::SmallDateTime, SqlValue::SmallDateTime(day, minute), text)
        }),
        (1..LAST_DAY, fraction(7), offsets()).prop_map(move |(day, time, offset)| {
            let local = i128::from(day) * i128::from(DAY)
                + i128::from(time)
                + i128::from(offset) * 60 * i128::from(SECOND);
            let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs());
            let moment = format!(
                "{}T{}",
                date((local / i128::from(DAY)) as u32),
                clock((local % i128::from(DAY)) as u64)
            );
            let text = format!("{moment}{sign}{:02}:{:02}", minutes / 60, minutes % 60);
            of(SqlType::DateTimeOffset(7), SqlValue::DateTimeOffset(day, time, offset), text)
        }),
        any::<[u8; 16]>().prop_map(move |guid| of(
            SqlType::UniqueIdentifier,
            SqlValue::Guid(guid),
            dashed(&hex(&guid)).to_uppercase()
        )),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(move |bytes| {
            let text = format!("0x{}", hex(&bytes).to_uppercase());
            of(SqlType::VarBinary(Some(20)), SqlValue::Binary(bytes), text)
        }),
        text.prop_map(move |text| {
            let ty = SqlType::NVarChar(Some(40), "Korean_Wansung_CI_AS".to_owned());
            of(ty, SqlValue::Wide(text.encode_utf16().collect()), text)
        }),
        "[ -~]{0,20}".prop_map(move |text| {
            let ty = SqlType::VarChar(Some(40), "Korean_Wansung_CI_AS".to_owned());
            of(ty, SqlValue::Bytes(text.clone().into_bytes()), text)
        }),
    ]
    .boxed()
}
