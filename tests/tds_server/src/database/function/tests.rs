use super::*;
use crate::database::form::Form;

/// Calls a function with texts that become the given types, and shows the result as text.
fn run(name: &str, result: &str, arguments: &[(&str, &str)]) -> Result<String, SqlMessage> {
    let parse = |text: &str| sql_type::parse(text, "Korean_Wansung_CI_AS").unwrap();
    let wide = Form::new(parse("nvarchar(max)"));
    let mut values = Vec::new();
    for (text, ty) in arguments {
        let value = if *text == "NULL" {
            SqlValue::Null
        } else {
            let text = SqlValue::Wide(text.encode_utf16().collect());
            convert::convert(text, &wide, &Form::new(parse(ty)), 0)?
        };
        values.push(value);
    }
    let types: Vec<SqlType> = arguments.iter().map(|(_, ty)| parse(ty)).collect();
    let call = Call::new(name, 0, parse(result), types)?;
    let again = Call::read(&call.write())?;
    let value = again.run(values)?;
    if value == SqlValue::Null {
        return Ok("NULL".to_owned());
    }
    Ok(convert::text_of(&convert::convert(value, &again.result, &wide, 0)?, &wide))
}

#[test]
fn results() {
    let text = "nvarchar(20)";
    for (name, result, arguments, expected) in [
        ("add", "int", &[("2", "int"), ("3", "int")][..], "5"),
        ("add", "decimal(11,2)", &[("1.25", "decimal(5,2)"), ("2", "int")], "3.25"),
        ("divide", "int", &[("7", "int"), ("-2", "int")], "-3"),
        ("divide", "decimal(13,8)", &[("1.00", "decimal(5,2)"), ("3.00", "decimal(5,2)")], "0.33333333"),
        (
            "multiply",
            "decimal(38,6)",
            &[("12345678901234567890.12", "decimal(38,2)"), ("2", "int")],
            "24691357802469135780.240000",
        ),
        ("modulo", "int", &[("-7", "int"), ("3", "int")], "-1"),
        ("multiply", "float", &[("1.5", "float"), ("2", "int")], "3"),
        ("add", "money", &[("922337203685477.5806", "money"), ("0.0001", "money")], "922337203685477.58"),
        ("round", "decimal(5,2)", &[("1.25", "decimal(5,2)"), ("1", "int")], "1.30"),
        ("round", "int", &[("1250", "int"), ("-2", "int")], "1300"),
        ("ceiling", "decimal(5,0)", &[("-1.25", "decimal(5,2)")], "-1"),
        ("floor", "decimal(5,0)", &[("-1.25", "decimal(5,2)")], "-2"),
        ("average", "decimal(38,6)", &[("10.00", "decimal(38,2)"), ("3", "bigint")], "3.333333"),
        ("concat", text, &[("a", text), ("NULL", text), ("b", "varchar(3)")], "ab"),
        ("concat_two", text, &[("a", text), ("NULL", text)], "NULL"),
        ("like", "bit", &[("ABC", text), ("a%", text)], "1"),
        ("len", "int", &[("가나 ", "varchar(10)")], "2"),
        ("datalength", "int", &[("가나 ", "varchar(10)")], "5"),
        ("datalength", "int", &[("1", "bigint")], "8"),
        ("upper", text, &[("éa", text)], "ÉA"),
        ("substring", text, &[("abcdef", text), ("0", "bigint"), ("3", "bigint")], "ab"),
        ("substring", "varchar(5)", &[("가나다", "varchar(8)"), ("2", "bigint"), ("9", "bigint")], "나다"),
        ("right", text, &[("abc", text), ("2", "bigint")], "bc"),
        ("replace", text, &[("aXbx", text), ("x", text), ("--", text)], "a--b--"),
        ("charindex", "int", &[("B", text), ("abc", text)], "2"),
        ("stuff", text, &[("abcdef", text), ("2", "bigint"), ("3", "bigint"), ("-", text)], "a-ef"),
        ("quotename", text, &[("a]b", text)], "[a]]b]"),
        ("rtrim", text, &[(" a  ", text)], " a"),
        ("dateadd", "date", &[("month", text), ("1", "bigint"), ("2024-01-31", "date")], "2024-02-29"),
        (
            "dateadd",
            "datetime2(3)",
            &[("ms", text), ("-1", "bigint"), ("2024-01-01", "datetime2(3)")],
            "2023-12-31 23:59:59.999",
        ),
        ("datediff", "int", &[("year", text), ("2023-12-31", "date"), ("2024-01-01", "date")], "1"),
        ("datediff", "int", &[("week", text), ("2024-01-06", "date"), ("2024-01-07", "date")], "1"),
        ("datepart", "int", &[("weekday", text), ("2026-11-21", "date")], "7"),
        ("datepart", "int", &[("iso_week", text), ("2027-01-03", "date")], "53"),
        ("datename", "nvarchar(30)", &[("month", text), ("2026-11-21", "date")], "November"),
        ("eomonth", "date", &[("2024-02-10", "date")], "2024-02-29"),
        ("sql_variant_property", "sql_variant", &[("1", "decimal(5,2)"), ("BaseType", text)], "decimal"),
        ("collationproperty", "sql_variant", &[("Korean_Wansung_CI_AS", text), ("CodePage", text)], "949"),
        ("AsTextZM", "nvarchar(max)", &[("POINT (1 2 3)", "geometry")], "POINT (1 2 3)"),
        ("STSrid", "int", &[("POINT (1 2)", "geography")], "4326"),
        ("ToString", "nvarchar(100)", &[("/1/", "hierarchyid")], "/1/"),
        ("try_convert", "int", &[("x", text)], "NULL"),
    ] {
        assert_eq!(run(name, result, arguments).as_deref(), Ok(expected), "{name} {arguments:?}");
    }
}

#[test]
fn errors() {
    for (name, result, arguments, number) in [
        ("add", "int", &[("2147483647", "int"), ("1", "int")][..], 8115),
        ("divide", "int", &[("1", "int"), ("0", "int")], 8134),
        ("divide", "float", &[("1", "float"), ("0", "float")], 8134),
        ("negate", "bigint", &[("-9223372036854775808", "bigint")], 8115),
        (
            "add",
            "decimal(38,0)",
            &[("99999999999999999999999999999999999999", "decimal(38,0)"), ("1", "int")],
            8115,
        ),
        ("left", "nvarchar(3)", &[("abc", "nvarchar(3)"), ("-1", "bigint")], 537),
        ("dateadd", "date", &[("day", "varchar(9)"), ("1", "bigint"), ("9999-12-31", "date")], 517),
        ("datediff", "int", &[("ns", "varchar(9)"), ("0001-01-01", "date"), ("9999-12-31", "date")], 535),
        ("datepart", "int", &[("fortnight", "varchar(9)"), ("9999-12-31", "date")], 155),
        ("assign", "varchar(3)", &[("가나", "nvarchar(3)")], 2628),
        ("sqrt", "float", &[("-1", "float")], 3623),
        ("nothing", "int", &[], 195),
    ] {
        assert_eq!(run(name, result, arguments).unwrap_err().number, number, "{name}");
    }
    // Spaces at the end may be lost.
    assert_eq!(run("assign", "varchar(2)", &[("a   ", "nvarchar(9)")]).as_deref(), Ok("a "));
}

#[test]
fn types_of_arithmetic() {
    let parse = |text: &str| sql_type::parse(text, "x").unwrap();
    for (operator, left, right, expected) in [
        ('+', "decimal(10,2)", "decimal(8,4)", "decimal(13,4)"),
        ('*', "decimal(10,2)", "decimal(8,4)", "decimal(19,6)"),
        ('/', "decimal(10,2)", "decimal(8,4)", "decimal(23,11)"),
        ('*', "decimal(38,10)", "decimal(38,10)", "decimal(38,6)"),
        ('+', "decimal(38,0)", "int", "decimal(38,0)"),
        ('+', "int", "smallint", "int"),
        ('*', "money", "int", "money"),
        ('/', "float", "decimal(5,2)", "float"),
    ] {
        assert_eq!(arithmetic::result_type(operator, &parse(left), &parse(right)), Some(parse(expected)));
    }
    assert_eq!(arithmetic::result_type('+', &parse("date"), &parse("int")), None);
}
