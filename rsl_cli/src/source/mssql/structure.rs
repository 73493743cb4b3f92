//! What SQL Server's catalogue says of a table besides its columns.

use super::catalogue::{literal, number, optional_text, qualified, text};
use super::session::Session;
use crate::carry_over::{
    Action, Check, Computed, Default, ForeignKey, Identity, Index, IndexColumn, Other, Structure,
};
use crate::failure::{Failure, Result};

/// What names the table in the WHERE of the queries below, in which it is called `o` and its schema `s`.
fn of_table(schema: &str, name: &str) -> String {
    format!(
        "JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE s.name = {} AND o.name = {} AND o.type = 'U'",
        literal(schema),
        literal(name)
    )
}

/// Everything but columns, rows and the primary key. A view has nothing.
pub async fn structure(session: &mut Session, object: &str, schema: &str, name: &str) -> Result<Structure> {
    let table = of_table(schema, name);
    let object = Some(object);
    let mut structure = Structure::default();

    let rows = session
        .rows(
            &format!(
                "SELECT i.name, CAST(CAST(i.last_value AS decimal(38,0)) AS varchar(40)), CAST(CAST(i.increment_value AS decimal(38,0)) AS varchar(40)), \
                 CAST(CAST(i.seed_value AS decimal(38,0)) AS varchar(40)) \
                 FROM sys.identity_columns AS i JOIN sys.objects AS o ON o.object_id = i.object_id {table}"
            ),
            object,
        )
        .await?;
    for row in &rows {
        let column = text(row, 0)?;
        let number = |text: &str| {
            text.trim()
                .parse::<i128>()
                .map_err(|_| Failure::new(format!("the identity {column} does not count in whole numbers")))
        };
        let (step, seed) = (number(&text(row, 2)?)?, number(&text(row, 3)?)?);
        let next = optional_text(row, 1)?.map(|last| number(&last)).transpose()?;
        structure.identities.push(Identity { column, seed, next, step });
    }

    let rows = session
        .rows(
            &format!(
                "SELECT c.name, d.definition FROM sys.default_constraints AS d \
                 JOIN sys.columns AS c ON c.object_id = d.parent_object_id AND c.column_id = d.parent_column_id \
                 JOIN sys.objects AS o ON o.object_id = d.parent_object_id {table} ORDER BY c.column_id"
            ),
            object,
        )
        .await?;
    for row in &rows {
        structure.defaults.push(Default { column: text(row, 0)?, definition: text(row, 1)? });
    }

    let rows = session
        .rows(
            &format!(
                "SELECT c.name, c.definition FROM sys.computed_columns AS c JOIN sys.objects AS o ON o.object_id = c.object_id {table} ORDER BY c.column_id"
            ),
            object,
        )
        .await?;
    for row in &rows {
        structure.computed.push(Computed { column: text(row, 0)?, definition: text(row, 1)? });
    }

    let rows = session
        .rows(
            &format!(
                "SELECT k.name, k.definition, k.is_not_trusted, k.is_disabled FROM sys.check_constraints AS k \
                 JOIN sys.objects AS o ON o.object_id = k.parent_object_id {table} ORDER BY k.name"
            ),
            object,
        )
        .await?;
    for row in &rows {
        structure.checks.push(Check {
            name: text(row, 0)?,
            definition: text(row, 1)?,
            trusted: number(row, 2)? == 0,
            disabled: number(row, 3)? != 0,
        });
    }
    let rows = session
        .rows(
            &format!(
                "SELECT t.name, t.is_disabled FROM sys.triggers AS t JOIN sys.objects AS o ON o.object_id = t.parent_id {table} ORDER BY t.name"
            ),
            object,
        )
        .await?;
    for row in &rows {
        let disabled = if number(row, 1)? != 0 { ", which is disabled in the source" } else { "" };
        structure.others.push(Other {
            what: format!("trigger {}", text(row, 0)?),
            reason: format!("its code is T-SQL{disabled}"),
        });
    }
    indexes(session, object, &table, &mut structure).await?;
    foreign_keys(session, object, &table, &mut structure).await?;
    Ok(structure)
}

async fn indexes(
    session: &mut Session,
    object: Option<&str>,
    table: &str,
    structure: &mut Structure,
) -> Result<()> {
    // Types 1 and 2 are B-trees, clustered or not; 0 is the table itself.
    let rows = session
        .rows(
            &format!(
                "SELECT i.name, i.index_id, CAST(i.type AS int), i.type_desc, i.is_unique, i.is_unique_constraint, i.is_disabled, i.filter_definition, \
                 c.name AS column_name, k.is_descending_key, k.is_included_column \
                 FROM sys.indexes AS i JOIN sys.objects AS o ON o.object_id = i.object_id \
                 JOIN sys.index_columns AS k ON k.object_id = i.object_id AND k.index_id = i.index_id \
                 JOIN sys.columns AS c ON c.object_id = k.object_id AND c.column_id = k.column_id {table} \
                 AND i.is_primary_key = 0 AND i.type > 0 ORDER BY i.index_id, k.is_included_column, k.key_ordinal, k.index_column_id"
            ),
            object,
        )
        .await?;
    let mut last = None;
    let mut found: Vec<Index> = Vec::new();
    for row in &rows {
        let (name, id, kind) = (text(row, 0)?, number(row, 1)?, number(row, 2)?);
        let is_new = last != Some(id);
        last = Some(id);
        if kind > 2 || number(row, 6)? != 0 {
            if is_new {
                let (what, reason) = match kind > 2 {
                    true => (text(row, 3)?.to_lowercase(), "PostgreSQL has no such index"),
                    false if number(row, 4)? != 0 => {
                        ("unique index".to_owned(), "it is disabled in the source")
                    }
                    false => ("index".to_owned(), "it is disabled in the source"),
                };
                structure.others.push(Other { what: format!("{what} {name}"), reason: reason.to_owned() });
            }
            continue;
        }
        if is_new {
            found.push(Index {
                name,
                columns: Vec::new(),
                include: Vec::new(),
                filter: optional_text(row, 7)?,
                constraint: number(row, 5)? != 0,
                unique: number(row, 4)? != 0,
            });
        }
        if let Some(index) = found.last_mut() {
            let column = text(row, 8)?;
            match number(row, 10)? {
                0 => index.columns.push(IndexColumn { name: column, descending: number(row, 9)? != 0 }),
                _ => index.include.push(column),
            }
        }
    }
    let (uniques, indexes) = found.into_iter().partition(|index| index.unique);
    structure.uniques = uniques;
    structure.indexes = indexes;
    Ok(())
}

async fn foreign_keys(
    session: &mut Session,
    object: Option<&str>,
    table: &str,
    structure: &mut Structure,
) -> Result<()> {
    let rows = session
        .rows(
            &format!(
                "SELECT f.name, ps.name AS parent_schema, p.name AS parent_name, c.name AS column_name, pc.name AS parent_column, \
                 CAST(f.delete_referential_action AS int), CAST(f.update_referential_action AS int), f.is_not_trusted, f.is_disabled \
                 FROM sys.foreign_keys AS f JOIN sys.foreign_key_columns AS k ON k.constraint_object_id = f.object_id \
                 JOIN sys.columns AS c ON c.object_id = k.parent_object_id AND c.column_id = k.parent_column_id \
                 JOIN sys.columns AS pc ON pc.object_id = k.referenced_object_id AND pc.column_id = k.referenced_column_id \
                 JOIN sys.objects AS p ON p.object_id = f.referenced_object_id JOIN sys.schemas AS ps ON ps.schema_id = p.schema_id \
                 JOIN sys.objects AS o ON o.object_id = f.parent_object_id {table} ORDER BY f.name, k.constraint_column_id"
            ),
            object,
        )
        .await?;
    for row in &rows {
        let name = text(row, 0)?;
        if structure.foreign_keys.last().is_none_or(|last| last.name != name) {
            structure.foreign_keys.push(ForeignKey {
                name,
                columns: Vec::new(),
                parent: qualified(&text(row, 1)?, &text(row, 2)?),
                parent_columns: Vec::new(),
                on_delete: action(number(row, 5)?),
                on_update: action(number(row, 6)?),
                trusted: number(row, 7)? == 0,
                disabled: number(row, 8)? != 0,
            });
        }
        if let Some(key) = structure.foreign_keys.last_mut() {
            key.columns.push(text(row, 3)?);
            key.parent_columns.push(text(row, 4)?);
        }
    }
    Ok(())
}

/// As `sys.foreign_keys` numbers them.
fn action(number: i64) -> Action {
    match number {
        1 => Action::Cascade,
        2 => Action::SetNull,
        3 => Action::SetDefault,
        _ => Action::NoAction,
    }
}
