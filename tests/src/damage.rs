//! Kinds of damage as data: `score/kinds/*.sql`, each with what must name it.
//!
//! ```text
//! -- kind: a sign is lost
//! -- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns price
//! UPDATE erp.item SET price = -price WHERE item_cd = 'A-0100';
//! ```
//!
//! `named by` says what finds it (a check, or a command), which object it names, and what else it says of it, such as the key. `-- in the source`
//! marks commands for the source, and `-- missed because: …` what nothing finds.

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What is common to some kinds, and these.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The first lines of the file.
    pub about: String,
    /// What it has.
    pub kinds: Vec<Kind>,
}

/// A way to damage what was loaded.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// What happens, in words.
    pub name: String,
    /// A check of `rsl.verify_deep()`, or a command that looks.
    pub finder: String,
    /// What it must name.
    pub object: String,
    /// What it must say of it.
    pub words: String,
    /// Why nothing finds it.
    pub missed_because: Option<String>,
    /// Whether the script is one for the source.
    pub in_source: bool,
    /// Whether the damage is done for good, in a database of its own. Any other is rolled back when it was looked at.
    pub committed: bool,
    /// The damage.
    pub script: String,
}

impl Kind {
    /// The first command of the damage that is not there to hide it, on one line.
    pub fn command(&self) -> String {
        let hides = ["SET ", "--", "\\", "CHECKPOINT"];
        let mut lines = self.script.lines().filter(|line| !hides.iter().any(|word| line.starts_with(word)));
        let line = lines.next().unwrap_or_default().trim_end_matches(';');
        if line.chars().count() > 100 {
            format!("{} …", line.chars().take(100).collect::<String>())
        } else {
            line.to_owned()
        }
    }
}

/// All kinds, in the order of their files.
pub fn read(folder: &Path) -> Result<Vec<Subject>> {
    let mut files: Vec<_> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    let mut subjects = Vec::new();
    let mut names = BTreeSet::new();
    for file in files {
        let subject = parse(&fs::read_to_string(&file)?).with_context(|| file.display().to_string())?;
        for kind in &subject.kinds {
            ensure!(names.insert(kind.name.clone()), "{:?} is there twice", kind.name);
        }
        subjects.push(subject);
    }
    Ok(subjects)
}

fn parse(text: &str) -> Result<Subject> {
    let mut subject = Subject::default();
    for line in text.lines() {
        let head = line.strip_prefix("-- ");
        if let Some(name) = head.and_then(|line| line.strip_prefix("kind: ")) {
            subject.kinds.push(Kind { name: name.to_owned(), ..Kind::default() });
            continue;
        }
        let Some(kind) = subject.kinds.last_mut() else {
            if let Some(about) = head {
                subject.about = [subject.about.as_str(), about].join(" ").trim().to_owned();
            }
            continue;
        };
        if let Some(named) = head.and_then(|line| line.strip_prefix("named by: ")) {
            let mut fields = named.splitn(3, '|').map(|field| field.trim().to_owned());
            kind.finder = fields.next().unwrap_or_default();
            kind.object = fields.next().context("\"named by\" has no object")?;
            kind.words = fields.next().unwrap_or_default();
        } else if let Some(reason) = head.and_then(|line| line.strip_prefix("missed because: ")) {
            kind.missed_because = Some(reason.to_owned());
        } else if line == "-- in the source" {
            kind.in_source = true;
        } else if line == "-- committed" {
            kind.committed = true;
        } else {
            kind.script.push_str(line);
            kind.script.push('\n');
        }
    }
    for kind in &subject.kinds {
        if kind.finder.is_empty() || kind.script.trim().is_empty() {
            bail!("{:?} needs \"named by\" and commands", kind.name);
        }
    }
    Ok(subject)
}
