//! Tokens, with the ends of statements marked where T-SQL needs no semicolon.

use sqlparser::dialect::MsSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

use crate::answer::SqlMessage;

/// The tokens of a batch, without white space.
pub fn tokenize(batch: &str, dialect: &MsSqlDialect) -> Result<Vec<TokenWithSpan>, SqlMessage> {
    let tokens = Tokenizer::new(dialect, batch).tokenize_with_location().map_err(|error| {
        let end = batch.lines().nth(error.location.line.saturating_sub(1) as usize).unwrap_or_default();
        let number = if error.message.contains("nterminated") { 105 } else { 102 };
        let message = match number {
            105 => format!("Unclosed quotation mark after the character string '{end}'."),
            _ => format!("Incorrect syntax near '{end}'."),
        };
        SqlMessage { class: 15, ..SqlMessage::error(number, message) }
    })?;
    let tokens = tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    Ok(mark_ends(rewrite(tokens)))
}

/// `geography::Point` becomes one word, and a variable after FETCH NEXT a placeholder, as sqlparser takes them.
fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut rewritten: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(mut token) = tokens.next() {
        if token.token == Token::DoubleColon {
            let left = rewritten.last().map(|last| last.token.clone());
            let right = tokens.peek().map(|next| next.token.clone());
            if let (Some(Token::Word(left)), Some(Token::Word(right))) = (left, right) {
                tokens.next();
                if let Some(last) = rewritten.last_mut() {
                    last.token = Token::Word(Word {
                        value: format!("{}::{}", left.value, right.value),
                        quote_style: Some('['),
                        keyword: Keyword::NoKeyword,
                    });
                }
                continue;
            }
        }
        if let Token::Word(word) = &token.token {
            let after_fetch = rewritten.len() >= 2
                && is_word(&rewritten[rewritten.len() - 2].token, "FETCH")
                && (is_word(&rewritten[rewritten.len() - 1].token, "NEXT")
                    || is_word(&rewritten[rewritten.len() - 1].token, "FIRST"));
            if after_fetch && word.value.starts_with('@') {
                token.token = Token::Placeholder(word.value.clone());
            }
        }
        rewritten.push(token);
    }
    rewritten
}

fn is_word(token: &Token, word: &str) -> bool {
    unquoted(token).is_some_and(|found| found.eq_ignore_ascii_case(word))
}

fn unquoted(token: &Token) -> Option<&str> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(&word.value),
        _ => None,
    }
}

/// Words that begin a statement wherever they stand outside of parentheses, but for what [`Ends::continues`] knows.
const STARTERS: &[&str] = &[
    "SELECT", "INSERT", "UPDATE", "DELETE", "SET", "USE", "DECLARE", "IF", "BEGIN", "END", "ELSE", "COMMIT",
    "ROLLBACK", "SAVE", "CREATE", "ALTER", "DROP", "TRUNCATE", "EXEC", "EXECUTE", "PRINT", "GRANT", "DENY",
    "REVOKE",
];

/// What is known of the statement that the tokens are in.
#[derive(Default)]
struct Ends {
    /// Its words so far, in capitals; other tokens as empty words.
    words: Vec<String>,
}

impl Ends {
    /// Whether a word that could begin a statement is part of this one.
    fn continues(&self, word: &str) -> bool {
        let (Some(first), Some(last)) = (self.words.first(), self.words.last()) else { return true };
        let seen = |word: &str| self.words.iter().skip(1).any(|seen| seen == word);
        match (first.as_str(), word) {
            ("GRANT" | "DENY" | "REVOKE", _) if !seen("TO") && !seen("FROM") => true,
            // A view or a trigger is the rest of its batch.
            ("CREATE" | "ALTER", _) if seen("VIEW") || seen("TRIGGER") => true,
            (_, "SELECT") if matches!(last.as_str(), "UNION" | "ALL" | "EXCEPT" | "INTERSECT") => true,
            ("INSERT" | "WITH", "SELECT") => !seen("SELECT") && !seen("VALUES"),
            (_, "UPDATE" | "DELETE") if last == "ON" => true,
            ("UPDATE", "SET") => !seen("SET"),
            (_, "SET") if matches!(last.as_str(), "DELETE" | "UPDATE") => true,
            ("ALTER", "SET") if seen("DATABASE") => !seen("SET"),
            ("ALTER", "ALTER" | "DROP") => {
                !seen("ALTER") && !seen("DROP") && !seen("ADD") && self.words.len() < 9
            }
            (_, "IF") if first == "DROP" || matches!(last.as_str(), "CONSTRAINT" | "COLUMN") => true,
            _ => false,
        }
    }
}

/// Puts a semicolon before every word that begins a statement without one.
fn mark_ends(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut marked: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len() + 8);
    let mut ends = Ends::default();
    let (mut depth, mut cases) = (0usize, 0usize);
    for token in tokens {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        let word = unquoted(&token.token).map(str::to_ascii_uppercase);
        let mut inside_case = cases > 0;
        match word.as_deref() {
            Some("CASE") => cases += 1,
            Some("END") if cases > 0 => cases -= 1,
            _ => inside_case &= matches!(word.as_deref(), Some("ELSE" | "END")),
        }
        let starts = depth == 0
            && !inside_case
            && word.as_deref().is_some_and(|word| STARTERS.contains(&word) && !ends.continues(word))
            && !marked.last().is_some_and(|last| last.token == Token::Period || is_word(&last.token, "AS"));
        if starts {
            marked.push(TokenWithSpan { token: Token::SemiColon, span: token.span });
            ends.words.clear();
        }
        if token.token == Token::SemiColon {
            ends.words.clear();
        } else if depth == 0 {
            ends.words.push(word.unwrap_or_default());
            // What follows these begins a statement of its own.
            if matches!(ends.words.last().map(String::as_str), Some("ELSE"))
                || (ends.words.len() == 1 && ends.words[0] == "END")
            {
                ends.words.clear();
            }
        }
        marked.push(token);
    }
    marked
}

/// What a line of a script leaves open for the next: in a comment or a string `GO` is a word like others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    Nothing,
    /// A string or a quoted name, and the sign that ends it.
    Quote(char),
    /// Comments nest.
    Comment(u32),
}

impl Open {
    pub fn after(self, line: &str) -> Self {
        let mut open = self;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            let next = chars.peek().copied();
            open = match (open, c) {
                (Self::Nothing, '-') if next == Some('-') => return Self::Nothing,
                (Self::Nothing | Self::Comment(_), '/') if next == Some('*') => {
                    chars.next();
                    Self::Comment(if let Self::Comment(depth) = open { depth + 1 } else { 1 })
                }
                (Self::Comment(depth), '*') if next == Some('/') => {
                    chars.next();
                    if depth > 1 { Self::Comment(depth - 1) } else { Self::Nothing }
                }
                (Self::Nothing, '\'' | '"') => Self::Quote(c),
                (Self::Nothing, '[') => Self::Quote(']'),
                (Self::Quote(end), _) if c == end => Self::Nothing,
                _ => open,
            };
        }
        open
    }
}
