use super::*;
use crate::database::calendar;

fn form(text: &str) -> Form {
    Form::new(sql_type::parse(text, "Korean_Wansung_CI_AS").unwrap())
}

/// A text as a value of a type, and that as a text again.
fn through(text: &str, ty: &str, style: i32) -> Result<String, SqlMessage> {
    let wide = form("nvarchar(max)");
    let form = form(ty);
    let value = convert(SqlValue::Wide(text.encode_utf16().collect()), &wide, &form, 0)?;
    Ok(text_of(&convert(value, &form, &wide, style)?, &wide))
}

#[test]
fn texts_through_every_type() {
    for (ty, text, style, expected) in [
        ("bit", "true", 0, "1"),
        ("tinyint", "255", 0, "255"),
        ("smallint", "-32768", 0, "-32768"),
        ("int", " 42 ", 0, "42"),
        ("bigint", "-9223372036854775808", 0, "-9223372036854775808"),
        (
            "decimal(38,38)",
            "-0.00000000000000000000000000000000000001",
            0,
            "-0.00000000000000000000000000000000000001",
        ),
        ("decimal(5,2)", "1.005", 0, "1.01"),
        ("money", "-922337203685477.5808", 2, "-922337203685477.5808"),
        ("money", "$1,234.5678", 0, "1234.57"),
        ("money", "1234.5", 1, "1,234.50"),
        ("smallmoney", "214748.3647", 2, "214748.3647"),
        ("float", "0.1", 3, "1.0000000000000001e-001"),
        ("real", "0.1", 0, "0.1"),
        ("date", "99991231", 0, "9999-12-31"),
        ("time(7)", "23:59:59.9999999", 0, "23:59:59.9999999"),
        ("time(0)", "23:59:59.5", 0, "00:00:00"),
        ("smalldatetime", "2079-06-06 23:59:29", 120, "2079-06-06 23:59:00"),
        ("datetime", "1753-01-01", 121, "1753-01-01 00:00:00.000"),
        ("datetime", "2024-01-01 23:59:59.999", 121, "2024-01-02 00:00:00.000"),
        ("datetime", "2024-01-01 00:00:00.002", 126, "2024-01-01T00:00:00.003"),
        ("datetime", "2024-01-01 00:00:00.005", 126, "2024-01-01T00:00:00.007"),
        ("datetime2(7)", "0001-01-01 00:00:00.0000001", 0, "0001-01-01 00:00:00.0000001"),
        ("datetime2(3)", "2024-01-01 00:00:00.0005", 0, "2024-01-01 00:00:00.001"),
        ("datetimeoffset(7)", "2024-01-01 00:00:00.1234567 +09:00", 0, "2024-01-01 00:00:00.1234567 +09:00"),
        ("datetimeoffset(0)", "2024-01-01 00:00:00 +09:00", 127, "2023-12-31T15:00:00Z"),
        ("char(5)", "가a", 0, "가a  "),
        ("varchar(3)", "가나", 0, "가"),
        ("varchar(10)", "🔧x", 0, "?x"),
        ("nchar(3)", "a", 0, "a  "),
        ("varbinary(4)", "ab", 1, "0x61006200"),
        ("binary(3)", "a", 2, "610000"),
        (
            "uniqueidentifier",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            0,
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        ),
        ("xml", "<a/>", 0, "<a/>"),
        ("hierarchyid", "/1/2.5/", 0, "/1/2.5/"),
        ("geography", "POINT (127 37)", 0, "POINT (127 37)"),
    ] {
        assert_eq!(through(text, ty, style).as_deref(), Ok(expected), "{ty} {text}");
    }
}

#[test]
fn errors_have_sql_servers_numbers() {
    for (ty, text, number) in [
        ("int", "x", 245),
        ("int", "12.5", 245),
        ("int", "2147483648", 248),
        ("smallint", "40000", 244),
        ("bigint", "9223372036854775808", 8115),
        ("bigint", "x", 8114),
        ("decimal(5,2)", "x", 8114),
        ("decimal(5,2)", "1e2", 8114),
        ("decimal(5,2)", "1000", 8115),
        ("float", "1,5", 8114),
        ("money", "abc", 235),
        ("date", "2024-02-30", 241),
        ("datetime", "1752-12-31", 242),
        ("datetime", "2024-01-01 00:00:00.0001", 241),
        ("smalldatetime", "1899-12-31", 242),
        ("uniqueidentifier", "x", 8169),
        ("hierarchyid", "x", 6522),
    ] {
        assert_eq!(through(text, ty, 0).unwrap_err().number, number, "{ty} {text}");
    }
    let (int, date) = (form("int"), form("date"));
    assert_eq!(convert(SqlValue::Int(1), &int, &date, 0).unwrap_err().number, 529);
    let small = form("smallint");
    assert_eq!(convert(SqlValue::Int(70_000), &int, &small, 0).unwrap_err().number, 220);
    assert_eq!(convert(SqlValue::Int(700), &int, &form("nvarchar(2)"), 0).unwrap_err().number, 8115);
    let star = convert(SqlValue::Int(700), &int, &form("varchar(2)"), 0).unwrap();
    assert_eq!(star, SqlValue::Bytes(b"*".to_vec()));
    let now = SqlValue::DateTime2(calendar::EPOCH_1900, 0);
    assert_eq!(convert(now, &form("datetime2(7)"), &form("varchar(40)"), 99).unwrap_err().number, 281);
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    let (varchar, nvarchar) = (form("varchar(10)"), form("nvarchar(10)"));
    let bytes = form("varbinary(8000)");
    let bad = convert(SqlValue::Binary(vec![0xB0, 0xFF]), &bytes, &varchar, 0).unwrap();
    assert_eq!(bad, SqlValue::Bytes(vec![0xB0, 0xFF]));
    assert_eq!(convert(bad, &varchar, &bytes, 0).unwrap(), SqlValue::Binary(vec![0xB0, 0xFF]));
    let lone = convert(SqlValue::Binary(vec![0x00, 0xD8]), &bytes, &nvarchar, 0).unwrap();
    assert_eq!(lone, SqlValue::Wide(vec![0xD800]));
    assert_eq!(convert(lone, &nvarchar, &bytes, 0).unwrap(), SqlValue::Binary(vec![0x00, 0xD8]));
}

#[test]
fn numbers_become_each_other() {
    let (money, decimal, int, float) = (form("money"), form("decimal(10,2)"), form("int"), form("float"));
    assert_eq!(convert(SqlValue::Money(25_000), &money, &int, 0), Ok(SqlValue::Int(3)));
    assert_eq!(convert(SqlValue::Decimal(-299), &decimal, &int, 0), Ok(SqlValue::Int(-2)));
    assert_eq!(convert(SqlValue::Float(2.99), &float, &int, 0), Ok(SqlValue::Int(2)));
    assert_eq!(convert(SqlValue::Float(0.1), &float, &money, 0), Ok(SqlValue::Money(1000)));
    assert_eq!(convert(SqlValue::Int(7), &int, &decimal, 0), Ok(SqlValue::Decimal(700)));
    assert_eq!(convert(SqlValue::Decimal(125), &decimal, &float, 0), Ok(SqlValue::Float(1.25)));
    let datetime = form("datetime");
    assert_eq!(convert(SqlValue::Int(1), &int, &datetime, 0), Ok(SqlValue::DateTime(1, 0)));
    assert_eq!(convert(SqlValue::Float(-0.5), &float, &datetime, 0), Ok(SqlValue::DateTime(-1, 12_960_000)));
    let bytes = form("binary(4)");
    assert_eq!(convert(SqlValue::Int(-2), &int, &bytes, 0), Ok(SqlValue::Binary(vec![255, 255, 255, 254])));
    assert_eq!(convert(SqlValue::Binary(vec![1, 0]), &bytes, &int, 0), Ok(SqlValue::Int(256)));
}

#[test]
fn a_variant_remembers_its_type() {
    let (money, variant) = (form("money"), form("sql_variant"));
    let value = convert(SqlValue::Money(5), &money, &variant, 0).unwrap();
    assert_eq!(convert(value, &variant, &form("decimal(19,4)"), 0), Ok(SqlValue::Decimal(5)));
    let xml = convert(SqlValue::Wide(vec![60]), &form("xml"), &variant, 0);
    assert_eq!(xml.unwrap_err().number, 206);
}
