//! CREATE, ALTER and DROP.

use sqlparser::ast::{Expr, Query};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::{Name, Parsed, eat, expect, name, names_in_parentheses, peek, skip_parenthesis, skip_statement};
use crate::database::catalog::Action;

/// A statement that changes what the database has.
#[derive(Debug, Clone)]
pub enum ChangeSyntax {
    CreateSchema(String),
    CreateType {
        name: Name,
        base: String,
        nullable: bool,
    },
    CreateTable {
        name: Name,
        columns: Vec<ColumnSyntax>,
        constraints: Vec<ConstraintSyntax>,
    },
    CreateIndex {
        table: Name,
        index: Box<IndexSyntax>,
    },
    CreateView {
        name: Name,
        columns: Vec<String>,
        query: Box<Query>,
        replace: bool,
    },
    AlterTable {
        table: Name,
        change: AlterTable,
    },
    /// Its code is never run.
    CreateTrigger {
        name: Name,
        table: Name,
    },
    /// With one FILTER PREDICATE, which hides nothing.
    CreatePolicy {
        name: Name,
        table: Name,
    },
    /// Options in capitals, each with its value.
    AlterDatabase(Vec<(String, String)>),
    Drop {
        kind: String,
        if_exists: bool,
        names: Vec<Name>,
        table: Option<Name>,
    },
    /// Such as CREATE LOGIN: the words say what it is.
    Other(String),
}

#[derive(Debug, Clone)]
pub enum AlterTable {
    Add {
        columns: Vec<ColumnSyntax>,
        constraints: Vec<ConstraintSyntax>,
        check: Option<bool>,
    },
    DropConstraint(Vec<String>),
    DropColumn,
    /// `ALTER INDEX … DISABLE`.
    DisableIndex(String),
    /// `CHECK CONSTRAINT` and `NOCHECK CONSTRAINT`; no names mean all. `validate` is WITH CHECK.
    Enable {
        enable: bool,
        validate: bool,
        names: Vec<String>,
    },
}

#[derive(Debug, Clone)]
pub struct ColumnSyntax {
    pub name: String,
    /// `None` for a computed column.
    pub ty: Option<String>,
    pub collation: Option<String>,
    pub nullable: Option<bool>,
    pub row_guid: bool,
    pub masked: bool,
    pub identity: Option<(i128, i128)>,
    /// Expression, and whether it is persisted.
    pub computed: Option<(Expr, bool)>,
    pub constraints: Vec<ConstraintSyntax>,
}

#[derive(Debug, Clone)]
pub struct ConstraintSyntax {
    pub name: Option<String>,
    pub term: ConstraintTerm,
}

#[derive(Debug, Clone)]
pub enum ConstraintTerm {
    Default {
        value: Expr,
        column: Option<String>,
    },
    Check(Expr),
    /// No columns: of the column it stands behind.
    Key {
        primary: bool,
        clustered: Option<bool>,
        columns: Vec<(String, bool)>,
    },
    ForeignKey {
        columns: Vec<String>,
        reference: ReferenceSyntax,
    },
}

#[derive(Debug, Clone)]
pub struct ReferenceSyntax {
    pub table: Name,
    pub columns: Vec<String>,
    pub on_delete: Action,
    pub on_update: Action,
}

#[derive(Debug, Clone)]
pub struct IndexSyntax {
    pub name: String,
    pub unique: bool,
    pub clustered: bool,
    pub columns: Vec<(String, bool)>,
    pub included: Vec<String>,
    pub filter: Option<Expr>,
}

pub fn parse(parser: &mut Parser<'_>, verb: &str) -> Parsed<ChangeSyntax> {
    match verb {
        "CREATE" => create(parser),
        "ALTER" => alter(parser),
        _ => drop(parser),
    }
}

fn create(parser: &mut Parser<'_>) -> Parsed<ChangeSyntax> {
    if eat(parser, "OR") {
        expect(parser, "ALTER")?;
        expect(parser, "VIEW")?;
        return view(parser, true);
    }
    if eat(parser, "SCHEMA") {
        let name = parser.parse_identifier()?.value;
        skip_statement(parser);
        return Ok(ChangeSyntax::CreateSchema(name));
    }
    if eat(parser, "TYPE") {
        let name = name(parser)?;
        if eat(parser, "EXTERNAL") {
            // A type of the CLR, whose columns hold nothing but NULL here.
            skip_statement(parser);
            return Ok(ChangeSyntax::CreateType { name, base: "geometry".to_owned(), nullable: true });
        }
        expect(parser, "FROM")?;
        let base = parser.parse_data_type()?.to_string();
        let nullable = !(eat(parser, "NOT") && eat(parser, "NULL"));
        eat(parser, "NULL");
        return Ok(ChangeSyntax::CreateType { name, base, nullable });
    }
    if eat(parser, "TABLE") {
        return table(parser);
    }
    if eat(parser, "VIEW") {
        return view(parser, false);
    }
    if eat(parser, "TRIGGER") {
        let trigger = name(parser)?;
        expect(parser, "ON")?;
        let table = name(parser)?;
        while parser.peek_token_ref().token != Token::EOF {
            parser.advance_token();
        }
        return Ok(ChangeSyntax::CreateTrigger { name: trigger, table });
    }
    if eat(parser, "SECURITY") {
        return policy(parser);
    }
    let unique = eat(parser, "UNIQUE");
    let clustered = eat(parser, "CLUSTERED");
    eat(parser, "NONCLUSTERED");
    if eat(parser, "INDEX") {
        return index(parser, unique, clustered);
    }
    other(parser, "CREATE")
}

/// `POLICY name ADD FILTER PREDICATE function(…) ON table WITH (…)`.
fn policy(parser: &mut Parser<'_>) -> Parsed<ChangeSyntax> {
    expect(parser, "POLICY")?;
    let policy = name(parser)?;
    for word in ["ADD", "FILTER", "PREDICATE"] {
        expect(parser, word)?;
    }
    name(parser)?;
    skip_parenthesis(parser)?;
    expect(parser, "ON")?;
    let table = name(parser)?;
    if eat(parser, "WITH") {
        skip_parenthesis(parser)?;
    }
    Ok(ChangeSyntax::CreatePolicy { name: policy, table })
}

fn other(parser: &mut Parser<'_>, verb: &str) -> Parsed<ChangeSyntax> {
    let what = parser.parse_identifier()?.value.to_ascii_uppercase();
    skip_statement(parser);
    Ok(ChangeSyntax::Other(format!("{verb} {what}")))
}

fn view(parser: &mut Parser<'_>, replace: bool) -> Parsed<ChangeSyntax> {
    let name = name(parser)?;
    let columns = if parser.peek_token_ref().token == Token::LParen {
        names_in_parentheses(parser)?
    } else {
        Vec::new()
    };
    if eat(parser, "WITH") {
        parser.parse_comma_separated(Parser::parse_identifier)?;
    }
    expect(parser, "AS")?;
    let query = parser.parse_query()?;
    if eat(parser, "WITH") {
        expect(parser, "CHECK")?;
        expect(parser, "OPTION")?;
    }
    Ok(ChangeSyntax::CreateView { name, columns, query, replace })
}

fn index(parser: &mut Parser<'_>, unique: bool, clustered: bool) -> Parsed<ChangeSyntax> {
    let index_name = parser.parse_identifier()?.value;
    expect(parser, "ON")?;
    let table = name(parser)?;
    let columns = key_columns(parser)?;
    let included = if eat(parser, "INCLUDE") { names_in_parentheses(parser)? } else { Vec::new() };
    let filter = if eat(parser, "WHERE") { Some(parser.parse_expr()?) } else { None };
    storage(parser)?;
    let index = Box::new(IndexSyntax { name: index_name, unique, clustered, columns, included, filter });
    Ok(ChangeSyntax::CreateIndex { table, index })
}

/// `(a, b DESC)`.
fn key_columns(parser: &mut Parser<'_>) -> Parsed<Vec<(String, bool)>> {
    parser.expect_token(&Token::LParen)?;
    let columns = parser.parse_comma_separated(|parser| {
        let name = parser.parse_identifier()?.value;
        let descending = eat(parser, "DESC");
        eat(parser, "ASC");
        Ok((name, descending))
    })?;
    parser.expect_token(&Token::RParen)?;
    Ok(columns)
}

/// WITH (…), ON filegroup and the like, which mean nothing here.
fn storage(parser: &mut Parser<'_>) -> Parsed<()> {
    loop {
        if eat(parser, "WITH") {
            if parser.peek_token_ref().token == Token::LParen {
                skip_parenthesis(parser)?;
            } else {
                expect(parser, "FILLFACTOR")?;
                parser.expect_token(&Token::Eq)?;
                parser.parse_literal_uint()?;
            }
        } else if eat(parser, "ON") || eat(parser, "TEXTIMAGE_ON") {
            parser.parse_identifier()?;
        } else {
            return Ok(());
        }
    }
}

fn table(parser: &mut Parser<'_>) -> Parsed<ChangeSyntax> {
    let name = name(parser)?;
    parser.expect_token(&Token::LParen)?;
    let (mut columns, mut constraints) = (Vec::new(), Vec::new());
    loop {
        item(parser, &mut columns, &mut constraints)?;
        if !parser.consume_token(&Token::Comma) || parser.peek_token_ref().token == Token::RParen {
            break;
        }
    }
    parser.expect_token(&Token::RParen)?;
    storage(parser)?;
    Ok(ChangeSyntax::CreateTable { name, columns, constraints })
}

/// A column or a constraint.
fn item(
    parser: &mut Parser<'_>,
    columns: &mut Vec<ColumnSyntax>,
    constraints: &mut Vec<ConstraintSyntax>,
) -> Parsed<()> {
    if ["CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "DEFAULT"]
        .iter()
        .any(|word| peek(parser, word))
    {
        let name = if eat(parser, "CONSTRAINT") { Some(parser.parse_identifier()?.value) } else { None };
        match term(parser, None)? {
            Some(term) => constraints.push(ConstraintSyntax { name, term }),
            None => return parser.expected_ref("a constraint", parser.peek_token_ref()),
        }
    } else {
        columns.push(column(parser)?);
    }
    Ok(())
}

fn column(parser: &mut Parser<'_>) -> Parsed<ColumnSyntax> {
    let name = parser.parse_identifier()?.value;
    let mut column = ColumnSyntax {
        name,
        ty: None,
        collation: None,
        nullable: None,
        row_guid: false,
        masked: false,
        identity: None,
        computed: None,
        constraints: Vec::new(),
    };
    if eat(parser, "AS") {
        let expression = parser.parse_expr()?;
        column.computed = Some((expression, eat(parser, "PERSISTED")));
    } else if column.name.eq_ignore_ascii_case("timestamp")
        && matches!(parser.peek_token_ref().token, Token::Comma | Token::RParen)
    {
        column.ty = Some("timestamp".to_owned());
    } else {
        column.ty = Some(parser.parse_data_type()?.to_string());
    }
    loop {
        if eat(parser, "NOT") {
            if eat(parser, "NULL") {
                column.nullable = Some(false);
            } else {
                expect(parser, "FOR")?;
                expect(parser, "REPLICATION")?;
            }
        } else if eat(parser, "NULL") {
            column.nullable = Some(true);
        } else if eat(parser, "COLLATE") {
            column.collation = Some(parser.parse_identifier()?.value);
        } else if eat(parser, "ROWGUIDCOL") {
            column.row_guid = true;
        } else if eat(parser, "MASKED") {
            expect(parser, "WITH")?;
            skip_parenthesis(parser)?;
            column.masked = true;
        } else if eat(parser, "SPARSE") {
        } else if eat(parser, "IDENTITY") {
            column.identity = Some((1, 1));
            if parser.consume_token(&Token::LParen) {
                let seed = whole_number(parser)?;
                parser.expect_token(&Token::Comma)?;
                column.identity = Some((seed, whole_number(parser)?));
                parser.expect_token(&Token::RParen)?;
            }
        } else {
            let name = if eat(parser, "CONSTRAINT") { Some(parser.parse_identifier()?.value) } else { None };
            let own = column.name.clone();
            match term(parser, Some(&own))? {
                Some(term) => column.constraints.push(ConstraintSyntax { name, term }),
                None if name.is_none() => return Ok(column),
                None => return parser.expected_ref("a constraint", parser.peek_token_ref()),
            }
        }
    }
}

fn whole_number(parser: &mut Parser<'_>) -> Parsed<i128> {
    let negative = parser.consume_token(&Token::Minus);
    let _ = parser.consume_token(&Token::Plus);
    match parser.next_token().token {
        Token::Number(text, _) => match text.parse::<i128>() {
            Ok(number) => Ok(if negative { -number } else { number }),
            Err(_) => parser.expected_ref("a whole number", parser.get_current_token()),
        },
        _ => parser.expected_ref("a whole number", parser.get_current_token()),
    }
}

/// What a constraint says; of a column if it stands behind one.
fn term(parser: &mut Parser<'_>, column: Option<&String>) -> Parsed<Option<ConstraintTerm>> {
    if eat(parser, "DEFAULT") {
        // A constant, a call or something in parentheses; what follows belongs to the column.
        let value = parser.parse_prefix()?;
        let column = if eat(parser, "FOR") { Some(parser.parse_identifier()?.value) } else { None };
        if column.is_some() {
            eat(parser, "WITH");
            eat(parser, "VALUES");
        }
        return Ok(Some(ConstraintTerm::Default { value, column }));
    }
    if eat(parser, "CHECK") {
        if eat(parser, "NOT") {
            expect(parser, "FOR")?;
            expect(parser, "REPLICATION")?;
        }
        parser.expect_token(&Token::LParen)?;
        let condition = parser.parse_expr()?;
        parser.expect_token(&Token::RParen)?;
        return Ok(Some(ConstraintTerm::Check(condition)));
    }
    let primary = eat(parser, "PRIMARY");
    if primary || eat(parser, "UNIQUE") {
        if primary {
            expect(parser, "KEY")?;
        }
        let clustered = match (eat(parser, "CLUSTERED"), eat(parser, "NONCLUSTERED")) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        let columns = match column {
            Some(column) if parser.peek_token_ref().token != Token::LParen => vec![(column.clone(), false)],
            _ => key_columns(parser)?,
        };
        storage(parser)?;
        return Ok(Some(ConstraintTerm::Key { primary, clustered, columns }));
    }
    if eat(parser, "FOREIGN") {
        expect(parser, "KEY")?;
        let columns = match column {
            Some(column) if parser.peek_token_ref().token != Token::LParen => vec![column.clone()],
            _ => names_in_parentheses(parser)?,
        };
        expect(parser, "REFERENCES")?;
        return Ok(Some(ConstraintTerm::ForeignKey { columns, reference: reference(parser)? }));
    }
    match column {
        Some(column) if eat(parser, "REFERENCES") => {
            let reference = reference(parser)?;
            Ok(Some(ConstraintTerm::ForeignKey { columns: vec![column.clone()], reference }))
        }
        _ => Ok(None),
    }
}

fn reference(parser: &mut Parser<'_>) -> Parsed<ReferenceSyntax> {
    let table = name(parser)?;
    let columns = if parser.peek_token_ref().token == Token::LParen {
        names_in_parentheses(parser)?
    } else {
        Vec::new()
    };
    let mut reference = ReferenceSyntax { table, columns, on_delete: Action::None, on_update: Action::None };
    while eat(parser, "ON") {
        let delete = eat(parser, "DELETE");
        if !delete {
            expect(parser, "UPDATE")?;
        }
        let action = if eat(parser, "CASCADE") {
            Action::Cascade
        } else if eat(parser, "NO") {
            expect(parser, "ACTION")?;
            Action::None
        } else {
            expect(parser, "SET")?;
            if eat(parser, "NULL") {
                Action::SetNull
            } else {
                expect(parser, "DEFAULT")?;
                Action::SetDefault
            }
        };
        *(if delete { &mut reference.on_delete } else { &mut reference.on_update }) = action;
    }
    Ok(reference)
}

fn alter(parser: &mut Parser<'_>) -> Parsed<ChangeSyntax> {
    if eat(parser, "VIEW") {
        return view(parser, true);
    }
    if eat(parser, "DATABASE") {
        parser.parse_identifier()?;
        expect(parser, "SET")?;
        let mut options = Vec::new();
        loop {
            let option = parser.parse_identifier()?.value.to_ascii_uppercase();
            let value = match parser.next_token().token {
                Token::Word(word) => word.value.to_ascii_uppercase(),
                Token::Eq => parser.next_token().to_string(),
                other => other.to_string(),
            };
            options.push((option, value));
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        skip_statement(parser);
        return Ok(ChangeSyntax::AlterDatabase(options));
    }
    if eat(parser, "INDEX") {
        let index = parser.parse_identifier()?.value;
        expect(parser, "ON")?;
        let table = name(parser)?;
        if !eat(parser, "DISABLE") {
            skip_statement(parser);
            return Ok(ChangeSyntax::Other("ALTER INDEX".to_owned()));
        }
        return Ok(ChangeSyntax::AlterTable { table, change: AlterTable::DisableIndex(index) });
    }
    if !eat(parser, "TABLE") {
        return other(parser, "ALTER");
    }
    let table = name(parser)?;
    let check = if eat(parser, "WITH") {
        let check = eat(parser, "CHECK");
        if !check {
            expect(parser, "NOCHECK")?;
        }
        Some(check)
    } else {
        None
    };
    let change = if eat(parser, "ADD") {
        let (mut columns, mut constraints) = (Vec::new(), Vec::new());
        loop {
            item(parser, &mut columns, &mut constraints)?;
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        AlterTable::Add { columns, constraints, check }
    } else if eat(parser, "DROP") {
        let column = eat(parser, "COLUMN");
        if !column {
            eat(parser, "CONSTRAINT");
        }
        if eat(parser, "IF") {
            expect(parser, "EXISTS")?;
        }
        let names = parser.parse_comma_separated(|parser| Ok(parser.parse_identifier()?.value))?;
        if column { AlterTable::DropColumn } else { AlterTable::DropConstraint(names) }
    } else {
        let enable = eat(parser, "CHECK");
        if !enable {
            expect(parser, "NOCHECK")?;
        }
        expect(parser, "CONSTRAINT")?;
        let names = if eat(parser, "ALL") {
            Vec::new()
        } else {
            parser.parse_comma_separated(|parser| Ok(parser.parse_identifier()?.value))?
        };
        AlterTable::Enable { enable, validate: check == Some(true), names }
    };
    Ok(ChangeSyntax::AlterTable { table, change })
}

fn drop(parser: &mut Parser<'_>) -> Parsed<ChangeSyntax> {
    let kind = parser.parse_identifier()?.value.to_ascii_uppercase();
    let if_exists = eat(parser, "IF") && eat(parser, "EXISTS");
    let names = parser.parse_comma_separated(name)?;
    let table = if eat(parser, "ON") { Some(name(parser)?) } else { None };
    Ok(ChangeSyntax::Drop { kind, if_exists, names, table })
}
