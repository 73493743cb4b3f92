use super::*;

/// One expression, such as a definition that was stored as text.
fn parse_expression(text: &str) -> Result<Expr, SqlMessage> {
    let tokens = token::tokenize(text, &DIALECT)?;
    Parser::new(&DIALECT).with_tokens_with_locations(tokens).parse_expr().map_err(syntax_error)
}

fn kinds(batch: &str) -> Vec<String> {
    fn kind(statement: &Statement) -> String {
        let debug = format!("{statement:?}");
        let name = debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
        match statement {
            Statement::If { then, otherwise, .. } => {
                let inner = |list: &[Statement]| list.iter().map(kind).collect::<Vec<_>>().join(" ");
                format!("If[{}|{}]", inner(then), inner(otherwise))
            }
            Statement::Block(inner) => {
                format!("Block[{}]", inner.iter().map(kind).collect::<Vec<_>>().join(" "))
            }
            Statement::Query(query) => format!("Query({query})"),
            _ => name,
        }
    }
    parse(batch).unwrap().iter().map(kind).collect()
}

#[test]
fn statements_need_no_semicolon() {
    for (batch, expected) in [
        ("SELECT 1 SELECT 2", vec!["Query(SELECT 1)", "Query(SELECT 2)"]),
        ("SELECT a FROM t COMMIT", vec!["Query(SELECT a FROM t)", "Commit"]),
        ("SET NOCOUNT ON SET XACT_ABORT OFF;;SELECT 1;", vec!["Set", "Set", "Query(SELECT 1)"]),
        ("SELECT 1 UNION ALL SELECT 2 USE x", vec!["Query(SELECT 1 UNION ALL SELECT 2)", "Use"]),
        ("INSERT t SELECT 1 SELECT 2", vec!["Insert", "Query(SELECT 2)"]),
        ("INSERT t VALUES (1) UPDATE t SET a = 1 WHERE b = 2 DELETE t", vec!["Insert", "Update", "Delete"]),
        ("IF @@TRANCOUNT > 0 COMMIT TRAN", vec!["If[Commit|]"]),
        (
            "IF 1=1 SELECT 1 ELSE SELECT 2 SELECT 3",
            vec!["If[Query(SELECT 1)|Query(SELECT 2)]", "Query(SELECT 3)"],
        ),
        (
            "IF 1=1 BEGIN SELECT 1; SELECT 2 END ELSE PRINT 'x'",
            vec!["If[Block[Query(SELECT 1) Query(SELECT 2)]|Print]"],
        ),
        (
            "SELECT CASE WHEN 1=1 THEN 2 ELSE 3 END SELECT 4",
            vec!["Query(SELECT CASE WHEN 1 = 1 THEN 2 ELSE 3 END)", "Query(SELECT 4)"],
        ),
        (
            "CREATE TABLE t (a int REFERENCES u (b) ON DELETE SET NULL ON UPDATE CASCADE) INSERT t VALUES (1)",
            vec!["Change", "Insert"],
        ),
        ("ALTER TABLE t DROP CONSTRAINT x ALTER TABLE t ADD b int", vec!["Change", "Change"]),
        (
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u ON DELETE SET NULL SELECT 1",
            vec!["Change", "Query(SELECT 1)"],
        ),
        (
            "ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON SELECT 1",
            vec!["Change", "Query(SELECT 1)"],
        ),
        ("CREATE VIEW v AS SELECT 1 AS a UNION SELECT 2", vec!["Change"]),
        ("GRANT SELECT, INSERT ON dbo.t TO x DENY SELECT ON t TO y", vec!["Permission", "Permission"]),
        ("DROP TABLE IF EXISTS a, b SELECT 1", vec!["Change", "Query(SELECT 1)"]),
        ("DECLARE @a int = 1, @b nvarchar(10) SET @a = 2", vec!["Declare", "Assign"]),
        (
            "WITH c AS (SELECT 1 AS x) SELECT x FROM c SELECT 2",
            vec!["Query(WITH c AS (SELECT 1 AS x) SELECT x FROM c)", "Query(SELECT 2)"],
        ),
        ("SELECT [set] AS [use], t.[select] FROM t", vec!["Query(SELECT [set] AS [use], t.[select] FROM t)"]),
        ("BEGIN TRAN; ROLLBACK", vec!["Begin", "Rollback"]),
        ("-- nothing\n/* at all */", vec![]),
    ] {
        assert_eq!(kinds(batch), expected, "{batch}");
    }
}

#[test]
fn errors_name_the_place() {
    for (batch, number, near) in [
        ("SELECT * FORM t", 102, "Incorrect syntax near 'FORM'."),
        ("SELEC 1", 102, "Incorrect syntax near 'SELEC'."),
        ("SELECT 'a", 105, "Unclosed quotation mark after the character string 'SELECT 'a'."),
        ("SELECT (1", 102, "Incorrect syntax near ''."),
    ] {
        let error = parse(batch).unwrap_err();
        assert_eq!((error.number, error.message.as_str(), error.class), (number, near, 15), "{batch}");
    }
}

#[test]
fn go_separates_batches() {
    let script = "SELECT 1\nGO\nSELECT '\nGO\n'\n go \n/* GO\nGO\n*/ SELECT 2\n";
    assert_eq!(batches(script), ["SELECT 1\n", "SELECT '\nGO\n'\n", "/* GO\nGO\n*/ SELECT 2\n"]);
}

#[test]
fn definitions_as_sql_server_stores_them() {
    for (written, stored) in [
        ("0", "((0))"),
        ("((0))", "((0))"),
        ("-1.5", "((-1.5))"),
        ("N'KRW'", "(N'KRW')"),
        ("getdate()", "(getdate())"),
        ("CURRENT_TIMESTAMP", "(getdate())"),
        ("QTY >= 0 AND QTY <= 100", "([QTY]>=(0) AND [QTY]<=(100))"),
        ("QTY BETWEEN 0 AND 100", "([QTY]>=(0) AND [QTY]<=(100))"),
        ("STATUS IN ('A', 'B')", "([STATUS]='B' OR [STATUS]='A')"),
        ("isnull(A, 0) * B", "(isnull([A],(0))*[B])"),
        ("CONVERT(date, getdate())", "(CONVERT([date],getdate()))"),
        ("CAST(a AS decimal(18, 4))", "(CONVERT([decimal](18,4),[a]))"),
        ("dateadd(day, 1, getdate())", "(dateadd(day,(1),getdate()))"),
        ("a + ' ' + b", "([a]+' '+[b])"),
        ("a LIKE 'x%' OR a IS NULL", "([a] like 'x%' OR [a] IS NULL)"),
        ("SYSTEM_USER", "(suser_sname())"),
        ("0x1F", "(0x1F)"),
        ("CASE WHEN a = 1 THEN 'x' ELSE 'y' END", "(case when [a]=(1) then 'x' else 'y' end)"),
    ] {
        assert_eq!(definition(&parse_expression(written).unwrap()), stored, "{written}");
    }
}
