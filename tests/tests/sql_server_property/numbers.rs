//! Numbers of every type.

use proptest::prelude::*;
use proptest::sample::select;
use tds_server::answer::SqlValue;

use super::sample::{Kind, Shown, kind, point};

pub fn numbers() -> Vec<Kind> {
    let whole = |range: std::ops::RangeInclusive<i64>| {
        let (least, most) = (*range.start(), *range.end());
        let numbers = prop_oneof![1 => select(vec![least, most, 0, 1]), 3 => least..=most];
        numbers.prop_map(|n| (SqlValue::Int(n), n.to_string())).boxed()
    };
    let bits = any::<bool>().prop_map(|bit| (SqlValue::Bit(bit), if bit { "t" } else { "f" }.to_owned()));
    let mut kinds = vec![
        kind("bit", bits.boxed()),
        kind("tinyint", whole(0..=255)),
        kind("smallint", whole(i16::MIN.into()..=i16::MAX.into())),
        kind("int", whole(i32::MIN.into()..=i32::MAX.into())),
        kind("bigint", whole(i64::MIN..=i64::MAX)),
        kind("money", money(i64::MIN..=i64::MAX)),
        kind("smallmoney", money(i32::MIN.into()..=i32::MAX.into())),
    ];
    let shapes = [
        (1, 0),
        (5, 5),
        (9, 2),
        (10, 9),
        (18, 0),
        (18, 4),
        (18, 18),
        (19, 0),
        (19, 19),
        (28, 10),
        (38, 0),
        (38, 10),
        (38, 38),
    ];
    for (at, (precision, scale)) in shapes.into_iter().enumerate() {
        let name = if at % 2 == 0 { "decimal" } else { "numeric" };
        kinds.push(kind(format!("{name}({precision},{scale})"), decimals(precision, scale)));
    }
    // Every bit must come back, also the sign of zero.
    let all = prop::num::f64::POSITIVE
        | prop::num::f64::NEGATIVE
        | prop::num::f64::NORMAL
        | prop::num::f64::SUBNORMAL
        | prop::num::f64::ZERO;
    let edges = select(vec![
        0.0,
        -0.0,
        5e-324,
        -5e-324,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        0.1,
        1e15,
        1e16,
        9_007_199_254_740_993.0,
        1.0,
        -3.0,
    ]);
    let doubles =
        prop_oneof![1 => edges, 3 => all].prop_map(|n| (SqlValue::Float(n), format!("{:016x}", n.to_bits())));
    kinds.push(Kind { read: "encode(float8send({}), 'hex')", ..kind("float", doubles.boxed()) });
    let all = prop::num::f32::POSITIVE
        | prop::num::f32::NEGATIVE
        | prop::num::f32::NORMAL
        | prop::num::f32::SUBNORMAL
        | prop::num::f32::ZERO;
    let edges = select(vec![
        0.0,
        -0.0,
        1e-45,
        -1e-45,
        f32::MIN_POSITIVE,
        f32::MAX,
        f32::MIN,
        0.1,
        1e6,
        16_777_217.0,
        1.0,
    ]);
    let singles =
        prop_oneof![1 => edges, 3 => all].prop_map(|n| (SqlValue::Real(n), format!("{:08x}", n.to_bits())));
    kinds.push(Kind { read: "encode(float4send({}), 'hex')", ..kind("real", singles.boxed()) });
    kinds
}

pub fn money(range: std::ops::RangeInclusive<i64>) -> Shown {
    let edges = select(vec![*range.start(), *range.end(), 0, 1, -1, 9_999, -10_000]);
    prop_oneof![1 => edges, 3 => range].prop_map(|n| (SqlValue::Money(n), point(n.into(), 4))).boxed()
}

fn decimals(precision: u32, scale: usize) -> Shown {
    let most = 10i128.pow(precision) - 1;
    let edges = select(vec![most, -most, 0, 1, -1, most / 10, -(most / 10 + 1)]);
    let shorter = (0..=precision, any::<i128>()).prop_map(|(digits, n)| n % 10i128.pow(digits));
    prop_oneof![1 => edges, 2 => -most..=most, 2 => shorter]
        .prop_map(move |n| (SqlValue::Decimal(n), point(n, scale)))
        .boxed()
}
