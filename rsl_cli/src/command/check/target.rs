//! The target before a load.

use std::time::Instant;

use super::stop;
use crate::args::Names;
use crate::command::table::thousands;
use crate::failure::Result;
use crate::survey::{Finding, Level};
use crate::target::connection::{Connection, Target, failure};

/// The target needs more room than the source's pages: rows are written twice, to the log and to the table, and the staging
/// of an existing target stands beside it for a while.
const ROOM: u64 = 3;

/// Version, encryption, rights and room. `objects` of the source are to become tables in `into`, of so many bytes.
pub async fn look(target: &Target, into: &str, objects: &[&str], bytes: u64) -> Result<Vec<Finding>> {
    let started = Instant::now();
    let connection = target.connect().await?;
    let login_time = started.elapsed();
    let started = Instant::now();
    let row = connection
        .client
        .query_one(
            "SELECT current_setting('server_version'), pg_catalog.getdatabaseencoding()::text, current_user::text,
                (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'rsl'),
                coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()), false)",
            &[],
        )
        .await
        .map_err(failure)?;
    let trip = started.elapsed();
    let (version, encoding, user): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    let (extension, encrypted): (Option<String>, bool) = (row.get(3), row.get(4));
    let mut findings = vec![
        Finding::new(
            Level::Good,
            "target: reached",
            format!("login in {} ms, one question in {} ms", login_time.as_millis(), trip.as_millis()),
        ),
        Finding::new(Level::Note, "target: version", format!("PostgreSQL {version}, role {user}")),
        match (encrypted, target.is_local()) {
            (true, _) => Finding::new(Level::Good, "target: encryption", "encrypted"),
            (false, true) => {
                Finding::new(Level::Note, "target: encryption", "not encrypted, on this machine")
            }
            (false, false) => Finding::new(Level::Warn, "target: encryption", "not encrypted")
                .hint("add ?sslmode=verify-full"),
        },
        match encoding.as_str() {
            "UTF8" => Finding::new(Level::Good, "target: encoding", "UTF8"),
            other => Finding::new(Level::Stop, "target: encoding", other.to_owned())
                .hint("rows are loaded as UTF-8: create the database with ENCODING 'UTF8'"),
        },
    ];
    match extension {
        Some(version) => {
            findings.push(Finding::new(Level::Good, "target: extension", format!("rsl {version}")));
            findings.extend(match rights(&connection, &user, into, objects).await {
                Ok(found) => found,
                Err(error) => vec![stop("target: rights", error)],
            });
        }
        None => findings.push(
            Finding::new(Level::Stop, "target: extension", "rsl is not in this database")
                .hint("rsl init creates it"),
        ),
    }
    findings.push(room(&connection, target, bytes).await);
    Ok(findings)
}

/// Whether the role may load, and may write to the targets that are there or create them.
async fn rights(connection: &Connection, user: &str, into: &str, objects: &[&str]) -> Result<Vec<Finding>> {
    let subject = "target: rights";
    let (schema, table) = match into.split_once('.') {
        Some((schema, table)) => (schema, Some(table)),
        None => (into, None),
    };
    let row = connection
        .client
        .query_one(
            "SELECT has_schema_privilege('rsl', 'USAGE') AND coalesce(has_function_privilege((SELECT oid FROM pg_catalog.pg_proc
                    WHERE proname = 'load_begin' AND pronamespace = 'rsl'::regnamespace), 'EXECUTE'), false),
                coalesce(has_schema_privilege(s.oid, 'USAGE'), true),
                coalesce(has_schema_privilege(s.oid, 'CREATE'), has_database_privilege(current_database(), 'CREATE')),
                format('SELECT rsl.grant_access(%L, %L)', current_user, 'load'),
                CASE WHEN s.oid IS NULL THEN format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user)
                    ELSE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', $1, current_user) END,
                format('GRANT USAGE ON SCHEMA %I TO %I', $1, current_user)
             FROM (SELECT (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1) AS oid) s",
            &[&schema],
        )
        .await
        .map_err(failure)?;
    let (may_load, may_use, may_create): (bool, bool, bool) = (row.get(0), row.get(1), row.get(2));
    let (grant_load, grant_create, grant_use): (String, String, String) =
        (row.get(3), row.get(4), row.get(5));
    let mut findings = vec![match may_load {
        true => Finding::new(Level::Good, subject, format!("the role {user} may load")),
        false => Finding::new(Level::Stop, subject, format!("the role {user} may not load")).hint(grant_load),
    }];
    let (missing, closed) = targets(connection, schema, table, objects).await?;
    findings.push(match (missing, may_use, may_create) {
        (0, true, _) => {
            Finding::new(Level::Good, subject, "all tables are there, and none has to be created")
        }
        (0, false, _) => {
            Finding::new(Level::Stop, subject, format!("it may not use schema {schema}")).hint(grant_use)
        }
        (_, true, true) => {
            Finding::new(Level::Good, subject, format!("it may create tables in schema {schema}"))
        }
        _ => Finding::new(Level::Stop, subject, format!("it may not create tables in schema {schema}"))
            .hint(grant_create),
    });
    findings.extend(closed);
    if !may_load {
        return Ok(findings);
    }
    let loading = "SELECT count(*) FROM rsl.load WHERE status = 'loading'";
    let open: i64 = connection.client.query_one(loading, &[]).await.map_err(failure)?.get(0);
    if open > 0 {
        findings.push(
            Finding::new(Level::Note, "target: loads", format!("not at their end yet: {open}"))
                .hint("rsl loads lists them; rsl pull --resume goes on with them"),
        );
    }
    Ok(findings)
}

/// How many targets have to be created, and those that are there but that the role may not write to.
async fn targets(
    connection: &Connection,
    schema: &str,
    table: Option<&str>,
    objects: &[&str],
) -> Result<(usize, Vec<Finding>)> {
    let without_schema = |object: &&str| object.split_once('.').map_or(*object, |(_, name)| name).to_owned();
    let names: Vec<String> = match table {
        Some(table) => vec![table.to_owned()],
        None => objects.iter().map(without_schema).collect(),
    };
    let called = |how: Names| names.iter().map(|name| how.of(name)).collect::<Vec<String>>();
    let (lower, kept) = (called(Names::Lower), called(Names::Keep));
    let rows = connection
        .client
        .query(
            "SELECT format('%I.%I', $1, c.relname), has_table_privilege(c.oid, 'SELECT')
                    AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE'),
                format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I', $1, c.relname, current_user)
             FROM unnest($2::text[], $3::text[]) AS o (kept, lower)
             JOIN LATERAL (SELECT t.oid, t.relname FROM pg_catalog.pg_class t
                JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace AND n.nspname = $1
                WHERE t.relname IN (o.kept, o.lower) ORDER BY t.relname = o.lower DESC LIMIT 1) c ON true",
            &[&schema, &kept, &lower],
        )
        .await
        .map_err(failure)?;
    let closed = rows.iter().filter(|row| !row.get::<_, bool>(1)).map(|row| {
        let (target, grant): (String, String) = (row.get(0), row.get(2));
        Finding::new(Level::Stop, format!("target: {target}"), "the role may not load into it").hint(grant)
    });
    // Of a source that cannot be seen, everything may have to be created.
    let missing = if objects.is_empty() { 1 } else { names.len().saturating_sub(rows.len()) };
    Ok((missing, closed.collect()))
}

/// Free space where the database is: seen only on this machine.
async fn room(connection: &Connection, target: &Target, bytes: u64) -> Finding {
    let subject = "target: disk";
    let needed = bytes.saturating_mul(ROOM);
    let unknown = || {
        Finding::new(Level::Note, subject, "cannot be seen from here")
            .hint(format!("see that the database server has {} MB free", thousands(megabytes(needed))))
    };
    if !target.is_local() {
        return unknown();
    }
    let directory = connection.client.query_one("SELECT current_setting('data_directory', true)", &[]).await;
    let Some(free) =
        directory.ok().and_then(|row| row.get::<_, Option<String>>(0)).and_then(|path| free_bytes(&path))
    else {
        return unknown();
    };
    let found =
        format!("{} MB free, about {} MB wanted", thousands(free / 1_000_000), thousands(megabytes(needed)));
    match free > needed {
        true => Finding::new(Level::Good, subject, found),
        false => Finding::new(Level::Stop, subject, found).hint("make room on the database server"),
    }
}

/// At least one.
fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000).max(1)
}

fn free_bytes(path: &str) -> Option<u64> {
    let path = std::ffi::CString::new(path).ok()?;
    let mut found = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends with NUL, and the result is only read when the call says that it has filled it.
    let found = unsafe {
        if libc::statvfs(path.as_ptr(), found.as_mut_ptr()) != 0 {
            return None;
        }
        found.assume_init()
    };
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}
