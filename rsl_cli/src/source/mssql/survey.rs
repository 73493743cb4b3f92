//! What a pull from a SQL Server would meet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use tiberius::Row;

use super::catalogue::{
    MAY_UNMASK, Relation, literal, number, optional_number, optional_text, qualified, text,
};
use super::code_page::TextForm;
use super::column::bracket;
use super::login::Encryption;
use super::session::Session;
use super::{MASKED, SqlServer, UNMASK};
use crate::failure::{Failure, Result};
use crate::survey::{Finding, Level, Size, Survey};

/// Rows that are read to see how fast reading is.
const SAMPLE_ROWS: u64 = 20_000;
/// Sessions that are shown one by one.
const SESSIONS_SHOWN: usize = 5;

impl SqlServer {
    /// See [`crate::source::Source::survey`].
    pub(super) async fn look(&self, objects: &[String]) -> Result<Survey> {
        let mut survey = Survey::default();
        let started = Instant::now();
        let mut session = Session::open(&self.login).await?;
        let login_time = started.elapsed();
        let started = Instant::now();
        let rows = session
            .rows(
                "SELECT DB_NAME(), SUSER_SNAME(), CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128))",
                None,
            )
            .await?;
        let trip = started.elapsed();
        let identity = rows.first().ok_or_else(|| Failure::new("the source does not say who it is"))?;
        let of = |at| Ok::<_, Failure>(optional_text(identity, at)?.unwrap_or_else(|| "unknown".to_owned()));
        let (database, who) = (of(0)?, of(1)?);
        survey.findings.push(Finding::new(
            Level::Good,
            "source: reached",
            format!("login in {} ms, one question in {} ms", login_time.as_millis(), trip.as_millis()),
        ));
        let product = self.product.shown().unwrap_or_else(|| "SQL Server".to_owned());
        survey.findings.push(Finding::new(
            Level::Note,
            "source: version",
            format!("{product}, database {database}, collation {}", of(2)?),
        ));
        survey.findings.push(self.encryption());
        survey.findings.extend(rights(&mut session, &who, &database).await?);
        survey.findings.push(match self.snapshot {
            true => Finding::new(Level::Good, "source: consistency", "snapshots are allowed: each part of a table is read as of one moment"),
            false => Finding::new(Level::Warn, "source: consistency", "no snapshots: rows are read as they are when it is their turn, and a change meanwhile is only noticed")
                .hint(format!("stop writing, or have the owner run ALTER DATABASE {} SET ALLOW_SNAPSHOT_ISOLATION ON", bracket(&database))),
        });
        survey.findings.push(sessions(&mut session, &who).await?);
        let readable = self.objects_seen(&mut session, objects, &who, &mut survey).await?;
        if self.product.has_masks() {
            let has_view = survey.sizes.iter().any(|size| size.rows.is_none());
            survey.findings.extend(hidden(&mut session, &who, objects, has_view).await?);
        }
        survey.pace = self.sample(&readable).await;
        Ok(survey)
    }

    fn encryption(&self) -> Finding {
        let subject = "source: encryption";
        let (level, found) = match (self.login.encryption, self.login.trust_cert) {
            (Encryption::Off, _) => (Level::Warn, "nothing is encrypted, not even the password"),
            (Encryption::Login, _) => (Level::Warn, "only the login is encrypted, the rows are not"),
            (_, true) => (Level::Warn, "encrypted, but any server's certificate is believed"),
            (Encryption::On, false) => (Level::Good, "encrypted, and the server's certificate is verified"),
            (Encryption::Strict, false) => (
                Level::Good,
                "encrypted from the first byte (TDS 8), and the server's certificate is verified",
            ),
        };
        let finding = Finding::new(level, subject, found);
        match level {
            Level::Warn => finding.hint(
                "use encrypt=on and a certificate that can be verified, see ca= and host_in_certificate=",
            ),
            _ => finding,
        }
    }

    /// Columns that cannot be read, code pages, rights on each object, sizes. Returns what can be read.
    async fn objects_seen(
        &self,
        session: &mut Session,
        objects: &[String],
        who: &str,
        survey: &mut Survey,
    ) -> Result<Vec<Arc<Relation>>> {
        let mut readable = Vec::new();
        let mut collations: BTreeMap<String, (i64, u64)> = BTreeMap::new();
        for object in objects {
            let relation = match self.relation(object).await {
                Ok(relation) => relation,
                Err(error) => {
                    survey.findings.push(Finding::new(
                        Level::Stop,
                        format!("source: {object}"),
                        error.what().to_owned(),
                    ));
                    continue;
                }
            };
            let found = survey.findings.len();
            for column in relation.columns.iter().filter(|column| column.pg_type().is_none()) {
                survey.findings.push(
                    Finding::new(
                        Level::Stop,
                        format!("source: {object}"),
                        format!(
                            "column {} is of type {}, which cannot be read",
                            column.name,
                            column.declared()
                        ),
                    )
                    .hint("make a view in the source that casts the column, or leaves it out"),
                );
            }
            for column in relation.columns.iter().filter(|column| column.masked) {
                survey.findings.push(
                    Finding::new(
                        Level::Stop,
                        format!("source: {object}"),
                        format!("column {}: {MASKED}", column.name),
                    )
                    .hint(UNMASK),
                );
            }
            for column in &relation.columns {
                if let (Some(collation), "char" | "varchar" | "text") =
                    (&column.collation, column.type_name.as_str())
                {
                    collations.entry(collation.clone()).or_insert((column.code_page, 0)).1 += 1;
                }
            }
            let named = format!("{}.{}", bracket(&relation.schema), bracket(&relation.name));
            let rows = session
                .rows(
                    &format!("SELECT HAS_PERMS_BY_NAME({}, 'OBJECT', 'SELECT')", literal(&named)),
                    Some(object),
                )
                .await?;
            if first_number(&rows)? == Some(0) {
                survey.findings.push(
                    Finding::new(
                        Level::Stop,
                        format!("source: {object}"),
                        "the login may not SELECT from it",
                    )
                    .hint(format!("GRANT SELECT ON {named} TO {}, in the source", bracket(who))),
                );
            }
            if survey.findings.len() == found {
                readable.push(relation.clone());
            }
            let rows = session
                .rows(
                    &format!(
                        "SELECT SUM(CAST(a.used_pages AS bigint)) FROM sys.partitions AS p JOIN sys.allocation_units AS a ON a.container_id = p.hobt_id \
                         JOIN sys.objects AS o ON o.object_id = p.object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
                         WHERE s.name = {} AND o.name = {} AND p.index_id IN (0, 1)",
                        literal(&relation.schema),
                        literal(&relation.name)
                    ),
                    Some(object),
                )
                .await?;
            survey.sizes.push(Size {
                object: object.clone(),
                rows: relation.estimate,
                // A page of SQL Server has 8 KiB.
                bytes: first_number(&rows)?.map(|pages| (pages.max(0) as u64).saturating_mul(8192)),
                resumes: !relation.order.is_empty(),
            });
        }
        for (collation, (code_page, columns)) in collations {
            let known = match TextForm::of_code_page(code_page) {
                Some(_) => "",
                None => ", which the server converts",
            };
            let columns = match columns {
                1 => "1 column".to_owned(),
                columns => format!("{columns} columns"),
            };
            survey.findings.push(Finding::new(
                Level::Note,
                "source: text",
                format!("{columns} of collation {collation}, code page {code_page}{known}"),
            ));
        }
        Ok(readable)
    }

    /// Reads the first rows of the largest table and throws them away: rows a second. Why it cannot be done is said elsewhere.
    async fn sample(&self, relations: &[Arc<Relation>]) -> Option<f64> {
        let relation = relations
            .iter()
            .filter(|relation| relation.estimate > Some(0))
            .max_by_key(|relation| relation.estimate)?;
        let object = qualified(&relation.schema, &relation.name);
        let pace = async {
            let mut session = self.reading_session().await?;
            let sql = relation.sample_sql(SAMPLE_ROWS);
            let started = Instant::now();
            let mut stream = session.stream(&sql, &object).await?;
            let mut rows = 0;
            while stream.next().await?.is_some() {
                rows += 1;
            }
            Ok::<_, Failure>(f64::from(rows) / started.elapsed().as_secs_f64())
        };
        pace.await.ok()
    }
}

async fn rights(session: &mut Session, who: &str, database: &str) -> Result<Vec<Finding>> {
    let rows = session
        .rows(
            "SELECT HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'CREATE TABLE'), HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'INSERT'), \
             HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'UPDATE'), HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'DELETE'), IS_SRVROLEMEMBER('sysadmin')",
            None,
        )
        .await?;
    let mut may = Vec::new();
    if let Some(row) = rows.first() {
        for (at, right) in ["CREATE TABLE", "INSERT", "UPDATE", "DELETE", "everything"].iter().enumerate() {
            if optional_number(row, at)? == Some(1) {
                may.push(*right);
            }
        }
    }
    Ok(vec![match may.is_empty() {
        true => Finding::new(
            Level::Good,
            "source: rights",
            format!("the login {who} may only read {database}, which is all that is needed"),
        ),
        false => Finding::new(
            Level::Note,
            "source: rights",
            format!("the login {who} may also: {}", may.join(", ")),
        )
        .hint("a login that may only read is enough: nothing but SELECT and SET is ever sent"),
    }])
}

/// Rows that a policy hides, and values that a view may take from behind a mask: the source counts them as it shows them.
async fn hidden(
    session: &mut Session,
    who: &str,
    objects: &[String],
    has_view: bool,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let rows = session
        .rows(
            &format!(
                "SELECT DISTINCT s.name AS schema_name, o.name AS object_name FROM sys.columns AS c \
                 JOIN sys.objects AS o ON o.object_id = c.object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
                 WHERE c.is_masked = 1 AND coalesce({MAY_UNMASK}, 0) = 0 ORDER BY s.name, o.name"
            ),
            None,
        )
        .await?;
    let masked = rows.iter().map(|row| Ok(qualified(&text(row, 0)?, &text(row, 1)?)));
    let masked = masked.collect::<Result<Vec<_>>>()?;
    if has_view && !masked.is_empty() {
        let found = format!("a view of {} shows the login masks instead of values", masked.join(", "));
        findings.push(Finding::new(Level::Warn, "source: masks", found).hint(UNMASK));
    }
    let rows = session
        .rows(
            "SELECT s.name AS schema_name, o.name AS object_name, p.name AS policy_name FROM sys.security_predicates AS x \
             JOIN sys.security_policies AS p ON p.object_id = x.object_id \
             JOIN sys.objects AS o ON o.object_id = x.target_object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
             WHERE x.predicate_type = 0 AND p.is_enabled = 1 ORDER BY s.name, o.name",
            None,
        )
        .await?;
    for row in &rows {
        let (object, policy) = (qualified(&text(row, 0)?, &text(row, 1)?), text(row, 2)?);
        if has_view || objects.contains(&object) {
            let found = format!("the policy {policy} may hide rows from the login, in counts as well");
            findings.push(
                Finding::new(Level::Warn, format!("source: {object}"), found)
                    .hint("load with a login for which the policy lets every row through"),
            );
        }
    }
    let seen =
        session.rows("SELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DEFINITION')", None).await?;
    if rows.is_empty() && first_number(&seen)? != Some(1) {
        findings.push(
            Finding::new(Level::Note, "source: policies", "whether one hides rows cannot be seen")
                .hint(format!("GRANT VIEW DEFINITION TO {} lets it tell", bracket(who))),
        );
    }
    Ok(findings)
}

/// Who else is connected: before a cut-over, nobody should be.
async fn sessions(session: &mut Session, who: &str) -> Result<Finding> {
    let subject = "source: other sessions";
    // Those of this program have ended, but the server may notice that a moment later.
    let seen = session
        .rows(
            "SELECT CAST(d.session_id AS int), d.login_name, d.host_name, d.program_name FROM sys.dm_exec_sessions AS d \
             JOIN sys.dm_exec_sessions AS own ON own.session_id = @@SPID \
             WHERE d.is_user_process = 1 AND d.session_id <> @@SPID AND d.database_id = DB_ID() \
             AND NOT (d.login_name = own.login_name AND d.host_name = own.host_name AND d.program_name = own.program_name) \
             ORDER BY d.session_id",
            None,
        )
        .await;
    let rows = match seen {
        Ok(rows) => rows,
        Err(_) => return Ok(unseen(subject, who)),
    };
    if rows.is_empty() {
        // Without the right, the view shows one's own session only, and looks as if nobody else were there.
        let allowed = session.rows("SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE')", None).await?;
        return Ok(match first_number(&allowed)? {
            Some(1) => Finding::new(Level::Good, subject, "none"),
            _ => unseen(subject, who),
        });
    }
    let shown: Vec<_> = rows
        .iter()
        .take(SESSIONS_SHOWN)
        .map(|row| {
            let of = |at| Ok::<_, Failure>(optional_text(row, at)?.unwrap_or_default());
            Ok(format!("{} ({} on {}, {})", number(row, 0)?, text(row, 1)?, of(2)?.trim(), of(3)?.trim()))
        })
        .collect::<Result<_>>()?;
    let more = if rows.len() > shown.len() { " …" } else { "" };
    let are = match rows.len() {
        1 => "1 is".to_owned(),
        count => format!("{count} are"),
    };
    Ok(Finding::new(Level::Warn, subject, format!("{are} connected: {}{more}", shown.join(", ")))
        .hint("before a cut-over nobody should write any more"))
}

fn unseen(subject: &str, who: &str) -> Finding {
    Finding::new(Level::Note, subject, "cannot be seen")
        .hint(format!("GRANT VIEW SERVER STATE TO {} lets it tell who is still connected", bracket(who)))
}

fn first_number(rows: &[Row]) -> Result<Option<i64>> {
    match rows.first() {
        Some(row) => optional_number(row, 0),
        None => Ok(None),
    }
}
