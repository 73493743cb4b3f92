//! A batch of T-SQL as statements. Queries and expressions are read by sqlparser; what it does not know of T-SQL, such as
//! most of the DDL, is read here from its tokens.

mod change;
mod definition;
mod token;

use sqlparser::ast::{Expr, Query, TableWithJoins};
use sqlparser::dialect::MsSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

pub use change::{
    AlterTable, ChangeSyntax, ColumnSyntax, ConstraintSyntax, ConstraintTerm, IndexSyntax, ReferenceSyntax,
};
pub use definition::definition;

use crate::answer::SqlMessage;

/// A name of one to four parts.
pub type Name = Vec<String>;

/// A statement of a batch.
#[derive(Debug, Clone)]
pub enum Statement {
    Query(Box<Query>),
    Insert {
        table: Name,
        columns: Option<Vec<String>>,
        source: InsertSource,
    },
    Update {
        top: Option<Expr>,
        target: Name,
        assignments: Vec<(Name, Expr)>,
        from: Vec<TableWithJoins>,
        condition: Option<Expr>,
    },
    Delete {
        top: Option<Expr>,
        target: Name,
        from: Vec<TableWithJoins>,
        condition: Option<Expr>,
    },
    Truncate(Name),
    /// `SET option …`, in words.
    Set(Vec<String>),
    /// `SET @variable = …`.
    Assign(String, Expr),
    Use(String),
    Declare(Vec<(String, String, Option<Expr>)>),
    If {
        condition: Expr,
        then: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    Block(Vec<Statement>),
    Begin,
    Commit,
    Rollback,
    /// `SAVE TRANSACTION`.
    Save,
    Print(Expr),
    Execute(String),
    Permission {
        verb: Verb,
        permissions: Vec<String>,
        object: Option<Name>,
        principals: Vec<String>,
    },
    Change(Box<ChangeSyntax>),
}

#[derive(Debug, Clone)]
pub enum InsertSource {
    Defaults,
    Rows(Vec<Vec<Expr>>),
    Query(Box<Query>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Grant,
    Deny,
    Revoke,
}

static DIALECT: MsSqlDialect = MsSqlDialect {};

/// The statements of a batch; error 102 if there is something that is none.
pub fn parse(batch: &str) -> Result<Vec<Statement>, SqlMessage> {
    let tokens = token::tokenize(batch, &DIALECT)?;
    let mut parser = Parser::new(&DIALECT).with_tokens_with_locations(tokens);
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        if parser.peek_token_ref().token == Token::EOF {
            return Ok(statements);
        }
        statements.push(statement(&mut parser).map_err(syntax_error)?);
        expect_end(&mut parser).map_err(syntax_error)?;
    }
}

/// The batches of a script, which lines of `GO` separate.
pub fn batches(script: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    let mut open = token::Open::Nothing;
    for line in script.split_inclusive('\n') {
        let word = line.trim();
        let last = batches.len() - 1;
        if open == token::Open::Nothing && word.eq_ignore_ascii_case("go") {
            batches.push(String::new());
            continue;
        }
        open = open.after(line);
        batches[last].push_str(line);
    }
    batches.retain(|batch| !batch.trim().is_empty());
    batches
}

type Parsed<T> = Result<T, ParserError>;

/// Error 102 or 105, near what the parser stopped at.
fn syntax_error(error: ParserError) -> SqlMessage {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return SqlMessage {
                class: 15,
                ..SqlMessage::error(
                    191,
                    "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller queries.",
                )
            };
        }
    };
    let near = message.split_once("found: ").map_or(message.as_str(), |(_, found)| found);
    let near = near.split(" at Line").next().unwrap_or(near).trim_matches(['\'', ',']);
    let near = if near == "EOF" { "" } else { near };
    SqlMessage { class: 15, ..SqlMessage::error(102, format!("Incorrect syntax near '{near}'.")) }
}

fn expect_end(parser: &mut Parser<'_>) -> Parsed<()> {
    match &parser.peek_token_ref().token {
        Token::SemiColon | Token::EOF => Ok(()),
        _ => parser.expected_ref("the end of the statement", parser.peek_token_ref()),
    }
}

fn statement(parser: &mut Parser<'_>) -> Parsed<Statement> {
    let Token::Word(word) = &parser.peek_token_ref().token else {
        if parser.peek_token_ref().token == Token::LParen {
            return query(parser);
        }
        return parser.expected_ref("a statement", parser.peek_token_ref());
    };
    if word.quote_style.is_some() {
        return parser.expected_ref("a statement", parser.peek_token_ref());
    }
    let first = word.value.to_ascii_uppercase();
    match first.as_str() {
        "SELECT" | "WITH" => return query(parser),
        _ => parser.advance_token(),
    }
    match first.as_str() {
        "INSERT" => insert(parser),
        "UPDATE" => update(parser),
        "DELETE" => delete(parser),
        "TRUNCATE" => {
            parser.expect_keyword(Keyword::TABLE)?;
            Ok(Statement::Truncate(name(parser)?))
        }
        "SET" => set(parser),
        "USE" => Ok(Statement::Use(parser.parse_identifier()?.value)),
        "DECLARE" => declare(parser),
        "IF" => condition(parser),
        "BEGIN" => begin(parser),
        "COMMIT" | "ROLLBACK" | "SAVE" => {
            for word in ["TRAN", "TRANSACTION", "WORK"] {
                eat(parser, word);
            }
            if !matches!(parser.peek_token_ref().token, Token::SemiColon | Token::EOF) {
                // A transaction's name has no meaning here.
                parser.parse_identifier()?;
            }
            Ok(match first.as_str() {
                "COMMIT" => Statement::Commit,
                "ROLLBACK" => Statement::Rollback,
                _ => Statement::Save,
            })
        }
        "PRINT" => Ok(Statement::Print(parser.parse_expr()?)),
        "EXEC" | "EXECUTE" => {
            let name = name(parser)?.join(".");
            skip_statement(parser);
            Ok(Statement::Execute(name))
        }
        "GRANT" | "DENY" | "REVOKE" => permission(parser, &first),
        "CREATE" | "ALTER" | "DROP" => {
            change::parse(parser, &first).map(|change| Statement::Change(Box::new(change)))
        }
        _ => {
            parser.prev_token();
            parser.expected_ref("a statement", parser.peek_token_ref())
        }
    }
}

fn query(parser: &mut Parser<'_>) -> Parsed<Statement> {
    let query = parser.parse_query()?;
    // Hints for the optimiser have nothing to say here.
    if eat(parser, "OPTION") {
        skip_parenthesis(parser)?;
    }
    Ok(Statement::Query(query))
}

/// Consumes an unquoted word, in any case.
fn eat(parser: &mut Parser<'_>, word: &str) -> bool {
    let found = peek(parser, word);
    if found {
        parser.advance_token();
    }
    found
}

fn peek(parser: &Parser<'_>, word: &str) -> bool {
    matches!(&parser.peek_token_ref().token,
        Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

fn expect(parser: &mut Parser<'_>, word: &str) -> Parsed<()> {
    if eat(parser, word) { Ok(()) } else { parser.expected_ref(word, parser.peek_token_ref()) }
}

/// A name in parts; an empty part, as in `db..t`, stays empty.
fn name(parser: &mut Parser<'_>) -> Parsed<Name> {
    let mut parts = vec![parser.parse_identifier()?.value];
    while parser.consume_token(&Token::Period) {
        if parser.peek_token_ref().token == Token::Period {
            parts.push(String::new());
        } else {
            parts.push(parser.parse_identifier()?.value);
        }
    }
    Ok(parts)
}

/// `(name, name …)`.
fn names_in_parentheses(parser: &mut Parser<'_>) -> Parsed<Vec<String>> {
    parser.expect_token(&Token::LParen)?;
    let names = parser.parse_comma_separated(|parser| Ok(parser.parse_identifier()?.value))?;
    parser.expect_token(&Token::RParen)?;
    Ok(names)
}

/// Skips `( … )` with everything in it.
fn skip_parenthesis(parser: &mut Parser<'_>) -> Parsed<()> {
    parser.expect_token(&Token::LParen)?;
    let mut depth = 1;
    while depth > 0 {
        match parser.next_token().token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::EOF => return parser.expected_ref(")", parser.peek_token_ref()),
            _ => {}
        }
    }
    Ok(())
}

fn skip_statement(parser: &mut Parser<'_>) {
    while !matches!(parser.peek_token_ref().token, Token::SemiColon | Token::EOF) {
        parser.advance_token();
    }
}

fn top(parser: &mut Parser<'_>) -> Parsed<Option<Expr>> {
    if !eat(parser, "TOP") {
        return Ok(None);
    }
    parser.expect_token(&Token::LParen)?;
    let quantity = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    Ok(Some(quantity))
}

fn table_hints(parser: &mut Parser<'_>) -> Parsed<()> {
    if eat(parser, "WITH") {
        skip_parenthesis(parser)?;
    }
    Ok(())
}

fn insert(parser: &mut Parser<'_>) -> Parsed<Statement> {
    eat(parser, "INTO");
    let table = name(parser)?;
    table_hints(parser)?;
    let starts_columns = parser.peek_token_ref().token == Token::LParen
        && !matches!(&parser.peek_nth_token_ref(1).token,
            Token::Word(word) if word.quote_style.is_none() && word.keyword == Keyword::SELECT);
    let columns = if starts_columns { Some(names_in_parentheses(parser)?) } else { None };
    let source = if eat(parser, "DEFAULT") {
        expect(parser, "VALUES")?;
        InsertSource::Defaults
    } else if eat(parser, "VALUES") {
        InsertSource::Rows(parser.parse_comma_separated(|parser| {
            parser.expect_token(&Token::LParen)?;
            let row = parser.parse_comma_separated(Parser::parse_expr)?;
            parser.expect_token(&Token::RParen)?;
            Ok(row)
        })?)
    } else {
        let Statement::Query(query) = query(parser)? else {
            return parser.expected_ref("a query", parser.peek_token_ref());
        };
        InsertSource::Query(query)
    };
    Ok(Statement::Insert { table, columns, source })
}

fn update(parser: &mut Parser<'_>) -> Parsed<Statement> {
    let top = top(parser)?;
    let target = name(parser)?;
    table_hints(parser)?;
    expect(parser, "SET")?;
    let assignments = parser.parse_comma_separated(|parser| {
        let column = name(parser)?;
        let operator = match parser.peek_token_ref().token {
            Token::Plus => Some(sqlparser::ast::BinaryOperator::Plus),
            Token::Minus => Some(sqlparser::ast::BinaryOperator::Minus),
            Token::Mul => Some(sqlparser::ast::BinaryOperator::Multiply),
            Token::Div => Some(sqlparser::ast::BinaryOperator::Divide),
            _ => None,
        };
        if operator.is_some() {
            parser.advance_token();
        }
        parser.expect_token(&Token::Eq)?;
        let value = parser.parse_expr()?;
        Ok(match operator {
            None => (column, value),
            Some(op) => {
                let mut parts: Vec<_> =
                    column.iter().map(|part| sqlparser::ast::Ident::with_quote('[', part)).collect();
                let left = Box::new(match parts.len() {
                    1 => Expr::Identifier(parts.remove(0)),
                    _ => Expr::CompoundIdentifier(parts),
                });
                (column, Expr::BinaryOp { left, op, right: Box::new(Expr::Nested(Box::new(value))) })
            }
        })
    })?;
    let (from, condition) = from_and_where(parser)?;
    Ok(Statement::Update { top, target, assignments, from, condition })
}

fn delete(parser: &mut Parser<'_>) -> Parsed<Statement> {
    let top = top(parser)?;
    eat(parser, "FROM");
    let target = name(parser)?;
    table_hints(parser)?;
    let (from, condition) = from_and_where(parser)?;
    Ok(Statement::Delete { top, target, from, condition })
}

fn from_and_where(parser: &mut Parser<'_>) -> Parsed<(Vec<TableWithJoins>, Option<Expr>)> {
    let from = if eat(parser, "FROM") {
        parser.parse_comma_separated(Parser::parse_table_and_joins)?
    } else {
        Vec::new()
    };
    let condition = if eat(parser, "WHERE") { Some(parser.parse_expr()?) } else { None };
    Ok((from, condition))
}

fn set(parser: &mut Parser<'_>) -> Parsed<Statement> {
    if let Token::Word(word) = &parser.peek_token_ref().token
        && word.quote_style.is_none()
        && word.value.starts_with('@')
    {
        let variable = word.value.clone();
        parser.advance_token();
        parser.expect_token(&Token::Eq)?;
        return Ok(Statement::Assign(variable, parser.parse_expr()?));
    }
    let mut words = Vec::new();
    while !matches!(parser.peek_token_ref().token, Token::SemiColon | Token::EOF) {
        words.push(match parser.next_token().token {
            Token::Word(word) => word.value,
            other => other.to_string(),
        });
    }
    if words.len() < 2 {
        return parser.expected_ref("an option", parser.peek_token_ref());
    }
    Ok(Statement::Set(words))
}

fn declare(parser: &mut Parser<'_>) -> Parsed<Statement> {
    let variables = parser.parse_comma_separated(|parser| {
        let name = parser.parse_identifier()?.value;
        eat(parser, "AS");
        let ty = parser.parse_data_type()?.to_string();
        let value = if parser.consume_token(&Token::Eq) { Some(parser.parse_expr()?) } else { None };
        Ok((name, ty, value))
    })?;
    Ok(Statement::Declare(variables))
}

fn condition(parser: &mut Parser<'_>) -> Parsed<Statement> {
    let condition = parser.parse_expr()?;
    let then = branch(parser)?;
    // The end of the statement before ELSE is the end of the whole IF where no ELSE comes.
    let mut ahead = 0;
    while parser.peek_nth_token_ref(ahead).token == Token::SemiColon {
        ahead += 1;
    }
    let is_else = matches!(&parser.peek_nth_token_ref(ahead).token,
        Token::Word(word) if word.quote_style.is_none() && word.keyword == Keyword::ELSE);
    let otherwise = if is_else {
        (0..=ahead).for_each(|_| parser.advance_token());
        branch(parser)?
    } else {
        Vec::new()
    };
    Ok(Statement::If { condition, then, otherwise })
}

fn branch(parser: &mut Parser<'_>) -> Parsed<Vec<Statement>> {
    while parser.consume_token(&Token::SemiColon) {}
    Ok(vec![statement(parser)?])
}

fn begin(parser: &mut Parser<'_>) -> Parsed<Statement> {
    for word in ["TRAN", "TRANSACTION"] {
        if eat(parser, word) {
            skip_statement(parser);
            return Ok(Statement::Begin);
        }
    }
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        if eat(parser, "END") {
            return Ok(Statement::Block(statements));
        }
        statements.push(statement(parser)?);
        expect_end(parser)?;
    }
}

fn permission(parser: &mut Parser<'_>, verb: &str) -> Parsed<Statement> {
    let mut permissions = vec![String::new()];
    let mut object = None;
    loop {
        if eat(parser, "ON") {
            // OBJECT::dbo.T is what dbo.T means.
            let mut parts = name(parser)?;
            if let Some(rest) = parts[0].split_once("::").map(|(_, rest)| rest.to_owned()) {
                parts[0] = rest;
            }
            object = Some(parts);
        } else if eat(parser, "TO") || eat(parser, "FROM") {
            break;
        } else if parser.consume_token(&Token::Comma) {
            permissions.push(String::new());
        } else {
            let word = parser.parse_identifier()?.value.to_ascii_uppercase();
            if let Some(last) = permissions.last_mut() {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(&word);
            }
        }
    }
    let principals = parser.parse_comma_separated(|parser| Ok(parser.parse_identifier()?.value))?;
    skip_statement(parser);
    let verb = match verb {
        "GRANT" => Verb::Grant,
        "DENY" => Verb::Deny,
        _ => Verb::Revoke,
    };
    Ok(Statement::Permission { verb, permissions, object, principals })
}

#[cfg(test)]
mod tests;
