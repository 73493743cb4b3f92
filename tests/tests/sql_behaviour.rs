//! Runs every `sql/*.sql` in a fresh database and compares what psql shows with `expected/*.out`.
//!
//! `RSL_TEST_ACCEPT=1` writes the expected files; `RSL_TEST_SQL=load` runs only files whose name holds `load`.

use anyhow::{Context, Result, ensure};
use rsl_tests::cluster;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn sql_files_behave_as_expected() -> Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (scripts, expected) = (home.join("sql"), home.join("expected"));
    let names = names_in(&scripts, "sql")?;
    ensure!(!names.is_empty(), "no tests in {}", scripts.display());
    let wanted = env::var("RSL_TEST_SQL").unwrap_or_default();
    let accept = env::var_os("RSL_TEST_ACCEPT").is_some_and(|value| value == "1");

    let mut failures = String::new();
    for name in names.iter().filter(|name| name.contains(&wanted)) {
        let script = fs::read_to_string(scripts.join(name).with_extension("sql"))?;
        let actual = cluster::shared()?.database()?.transcript(&script)?;
        let file = expected.join(name).with_extension("out");
        if accept {
            fs::write(file, actual)?;
        } else if let Some(difference) = difference(&file, &actual)? {
            failures.push_str(&format!("\n{name}:\n{difference}"));
        }
    }
    for name in names_in(&expected, "out")?.difference(&names) {
        failures.push_str(&format!("\n{name}: expected/{name}.out belongs to no test\n"));
    }
    ensure!(
        failures.is_empty(),
        "{failures}\nif this is as it should be, run with RSL_TEST_ACCEPT=1 and read git diff"
    );
    Ok(())
}

/// The names, without extension, of the files in `folder` that end with `.extension`.
fn names_in(folder: &Path, extension: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension)
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

fn difference(expected: &Path, actual: &str) -> Result<Option<String>> {
    if !expected.exists() {
        return Ok(Some(format!("there is no {}\n{actual}", expected.display())));
    }
    if fs::read_to_string(expected)? == actual {
        return Ok(None);
    }
    let file =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(expected.file_name().context("a file has a name")?);
    fs::write(&file, actual)?;
    let output = Command::new("diff").arg("-u").arg(expected).arg(&file).output()?;
    Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
}
