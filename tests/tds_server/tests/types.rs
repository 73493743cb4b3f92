//! Every type, NULL and not, as tiberius reads it, and as parameters there and back.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic, and so may the functions that it calls"
)]

mod client;

use std::borrow::Cow;

use client::{cell, config, connect, open, options, rows, server};
use tds_server::{
    Chunks, NullBitmap, Options,
    answer::{SqlType, SqlValue},
    collation, every_type,
};
use tiberius::{ColumnData, Query};

fn encoding(ty: &SqlType) -> &'static encoding_rs::Encoding {
    let name = match ty {
        SqlType::Char(_, name) | SqlType::VarChar(_, name) | SqlType::Text(name) => name,
        other => panic!("{other:?} has no code page"),
    };
    match collation::find(name).unwrap().code_page {
        949 => encoding_rs::EUC_KR,
        // tiberius takes UTF-8 for the code page of the locale.
        _ => encoding_rs::WINDOWS_1252,
    }
}

fn units(digits: u8) -> u64 {
    10_u64.pow(7 - u32::from(digits))
}

/// Whether tiberius read what the engine had.
fn same(ty: &SqlType, value: &SqlValue, read: &ColumnData<'_>) -> bool {
    if *value == SqlValue::Null {
        return is_null(read);
    }
    match (ty, value, read) {
        (_, SqlValue::Bit(bit), ColumnData::Bit(read)) => *read == Some(*bit),
        (_, SqlValue::Int(number), ColumnData::U8(Some(read))) => *number == i64::from(*read),
        (_, SqlValue::Int(number), ColumnData::I16(Some(read))) => *number == i64::from(*read),
        (_, SqlValue::Int(number), ColumnData::I32(Some(read))) => *number == i64::from(*read),
        (_, SqlValue::Int(number), ColumnData::I64(Some(read))) => number == read,
        (SqlType::Decimal { scale, .. }, SqlValue::Decimal(mantissa), ColumnData::Numeric(Some(read))) => {
            read.value() == *mantissa && read.scale() == *scale
        }
        // tiberius reads money as f64.
        (_, SqlValue::Money(amount), ColumnData::F64(Some(read))) => {
            (*amount as f64 / 1e4 - read).abs() <= 1e-3 * (1.0 + read.abs() * 1e-9)
        }
        (_, SqlValue::Money(amount), ColumnData::F32(Some(read))) => {
            (*amount as f32 / 1e4 - read).abs() <= 1e-4 * (1.0 + read.abs())
        }
        (_, SqlValue::Real(number), ColumnData::F32(Some(read))) => number.to_bits() == read.to_bits(),
        (_, SqlValue::Float(number), ColumnData::F64(Some(read))) => number.to_bits() == read.to_bits(),
        (_, SqlValue::Date(day), ColumnData::Date(Some(read))) => read.days() == *day,
        (SqlType::Time(digits), SqlValue::Time(time), ColumnData::Time(Some(read))) => {
            read.increments() * units(*digits) == *time
        }
        (_, SqlValue::SmallDateTime(day, minute), ColumnData::SmallDateTime(Some(read))) => {
            (read.days(), read.seconds_fragments()) == (*day, *minute)
        }
        (_, SqlValue::DateTime(day, part), ColumnData::DateTime(Some(read))) => {
            (read.days(), read.seconds_fragments()) == (*day, *part)
        }
        (SqlType::DateTime2(digits), SqlValue::DateTime2(day, time), ColumnData::DateTime2(Some(read))) => {
            read.date().days() == *day && read.time().increments() * units(*digits) == *time
        }
        (
            SqlType::DateTimeOffset(digits),
            SqlValue::DateTimeOffset(day, time, offset),
            ColumnData::DateTimeOffset(Some(read)),
        ) => {
            let utc = read.datetime2();
            utc.date().days() == *day
                && utc.time().increments() * units(*digits) == *time
                && read.offset() == *offset
        }
        (_, SqlValue::Bytes(bytes), ColumnData::String(Some(read))) => {
            encoding(ty).decode_without_bom_handling(bytes).0 == *read
        }
        (SqlType::Xml, SqlValue::Wide(units), ColumnData::Xml(Some(read))) => {
            read.to_string() == String::from_utf16(units).unwrap()
        }
        (_, SqlValue::Wide(units), ColumnData::String(Some(read))) => {
            *read == String::from_utf16(units).unwrap()
        }
        (_, SqlValue::Binary(bytes), ColumnData::Binary(Some(read))) => read.as_ref() == bytes,
        (_, SqlValue::Guid(bytes), ColumnData::Guid(Some(read))) => read.as_bytes() == bytes,
        (_, SqlValue::Variant(inner), read) => same(&inner.0, &inner.1, read),
        _ => false,
    }
}

fn is_null(read: &ColumnData<'_>) -> bool {
    matches!(
        read,
        ColumnData::U8(None)
            | ColumnData::I16(None)
            | ColumnData::I32(None)
            | ColumnData::I64(None)
            | ColumnData::F32(None)
            | ColumnData::F64(None)
            | ColumnData::Bit(None)
            | ColumnData::String(None)
            | ColumnData::Guid(None)
            | ColumnData::Binary(None)
            | ColumnData::Numeric(None)
            | ColumnData::Xml(None)
            | ColumnData::DateTime(None)
            | ColumnData::SmallDateTime(None)
            | ColumnData::Time(None)
            | ColumnData::Date(None)
            | ColumnData::DateTime2(None)
            | ColumnData::DateTimeOffset(None)
    )
}

#[tokio::test]
async fn every_type_in_every_form_of_row() {
    let (columns, expected) = every_type::table();
    assert!(columns.len() > 80);
    for null_bitmap in [NullBitmap::Never, NullBitmap::Always, NullBitmap::Auto] {
        for chunks in [
            Chunks::default(),
            Chunks { size: 3, known_length: false },
            Chunks { size: 1 << 30, known_length: true },
        ] {
            for packet_size in [512, 4096, 32_767] {
                let server = server(Options { null_bitmap, chunks, ..options() });
                let mut config = config(&server);
                config.packet_size(packet_size);
                let mut client = open(config).await.unwrap();
                let read = rows(&mut client, "SELECT * FROM every_type").await.unwrap();
                assert_eq!(read.len(), expected.len());
                for (row, expected) in read.iter().zip(&expected) {
                    for (n, column) in columns.iter().enumerate() {
                        assert_eq!(row.columns()[n].name(), column.name);
                        assert!(
                            same(&column.ty, &expected[n], cell(row, n)),
                            "{}: {:?} read as {:?} ({null_bitmap:?}, {chunks:?}, {packet_size})",
                            column.name,
                            expected[n],
                            cell(row, n)
                        );
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn every_column_by_itself() {
    let (columns, expected) = every_type::table();
    let server = server(options());
    let mut client = connect(&server).await;
    for (n, column) in columns.iter().enumerate() {
        let statement = format!("SELECT [{}], id FROM dbo.every_type", column.name);
        let read = rows(&mut client, &statement).await.unwrap();
        for (row, expected) in read.iter().zip(&expected) {
            assert!(same(&column.ty, &expected[n], cell(row, 0)), "{}", column.name);
            assert_eq!(SqlValue::Int(row.get::<i32, _>(1).unwrap().into()), expected[0]);
        }
    }
    assert_eq!(server.statements().len(), columns.len());
}

/// What of the table tiberius reads, it can also send.
#[tokio::test]
async fn parameters_there_and_back() {
    let server = server(options());
    let mut client = connect(&server).await;
    let read = rows(&mut client, "SELECT * FROM every_type").await.unwrap();
    server.clear_statements();
    let mut sent = 0;
    for row in &read {
        for (column, value) in row.cells() {
            // tiberius announces these decimals as decimal(39,38), and ends the chunks of an empty xml twice.
            let empty_xml = matches!(value, ColumnData::Xml(Some(xml)) if xml.to_string().is_empty());
            if empty_xml || column.name().ends_with("decimal_38_38") {
                continue;
            }
            let mut query = Query::new("SELECT @P1, @P2");
            query.bind(value.clone());
            query.bind(7_i64);
            let answer = async { query.query(&mut client).await?.into_first_result().await }.await;
            let answer = answer.unwrap_or_else(|error| panic!("{} {value:?}: {error}", column.name()));
            let back = cell(&answer[0], 0);
            if is_null(value) {
                assert!(is_null(back), "{}", column.name());
            } else {
                let expected = match value.clone() {
                    // tiberius sends xml as text where it is a parameter, and money as float.
                    ColumnData::Xml(xml) => ColumnData::String(xml.map(|xml| xml.to_string().into())),
                    other => other,
                };
                let back = match back.clone() {
                    ColumnData::Xml(xml) => ColumnData::String(xml.map(|xml| xml.to_string().into())),
                    other => other,
                };
                assert_eq!(back, expected, "{}", column.name());
            }
            assert_eq!(*cell(&answer[0], 1), ColumnData::I64(Some(7)));
            sent += 1;
        }
    }
    let statements = server.statements();
    assert_eq!(statements.len(), sent);
    assert_eq!(statements[0], "SELECT @P1, @P2\n-- @P1 = 1\n-- @P2 = 7");
}

#[tokio::test]
async fn large_parameters() {
    let server = server(options());
    let mut client = connect(&server).await;
    let (text, bytes) = ("한글😀".repeat(300_000), vec![7_u8; 3_000_000]);
    let mut query = Query::new("SELECT @P1, @P2");
    query.bind(text.as_str());
    query.bind(bytes.as_slice());
    let answer = query.query(&mut client).await.unwrap().into_first_result().await.unwrap();
    assert_eq!(*cell(&answer[0], 0), ColumnData::String(Some(Cow::Borrowed(&text))));
    assert_eq!(*cell(&answer[0], 1), ColumnData::Binary(Some(Cow::Borrowed(&bytes))));
}
