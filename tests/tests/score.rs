//! The score: data that was loaded is damaged in every way that could be thought of, and what names it is written to `docs/score.md`.
//!
//! The ways are in `score/kinds/*.sql`. Each happens in a copy of its own of one database, and only findings that the undamaged one has not
//! count. `RSL_TEST_ACCEPT=1` writes the table; without it the test fails if the table is not what was found.
//! `RSL_TEST_SCORE=byte` tries only kinds whose name holds `byte`, and shows what was found.

use anyhow::{Context, Result, anyhow, ensure};
use rsl_tests::cluster::{Cluster, Options};
use rsl_tests::damage::{self, Kind, Subject};
use rsl_tests::database::Database;
use rsl_tests::erp::{Erp, NAME};
use rsl_tests::pair::Pair;
use rsl_tests::program::Ended;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tds_server::answer::SqlValue;
use tds_server::database::Database as Engine;
use tds_server::faults::{Action, Fault, Phase};

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    check: String,
    object: String,
    status: String,
    words: String,
}

/// What has become of a kind of damage.
#[derive(Clone, Debug)]
enum Verdict {
    /// What is there for it names it.
    Named,
    /// Something else does.
    ByAnother,
    Missed,
}

#[derive(Clone, Debug)]
struct Outcome {
    verdict: Verdict,
    /// What else finds something.
    others: BTreeSet<String>,
    /// Everything that was found, for people.
    all: String,
}

const FINDINGS: &str = "SELECT json_build_array(check_name, object, status, concat_ws(' / ', expected, actual, detail)) FROM rsl.verify_deep() WHERE status IN ('warn', 'fail')";

const MARK: &str = "what was found:";

/// What the checks find after a script, in its transaction or in a session of their own.
fn findings(database: &Database, script: &str, committed: bool) -> Result<BTreeSet<Finding>> {
    let told = if committed {
        database.run(script)?;
        format!("{MARK}\n{}", database.rows(FINDINGS)?)
    } else {
        let before = "RESET session_replication_role; RESET ROLE;";
        database.rows(&format!("BEGIN;\n{script}\n{before}\n\\echo {MARK}\n{FINDINGS};\nROLLBACK;"))?
    };
    let (_, told) = told.split_once(&format!("{MARK}\n")).context("the checks did not run")?;
    let mut found = BTreeSet::new();
    for line in told.lines() {
        let [check, object, status, words]: [Option<String>; 4] =
            serde_json::from_str(line).with_context(|| line.to_owned())?;
        found.insert(Finding {
            check: check.unwrap_or_default(),
            object: object.unwrap_or_default(),
            status: status.unwrap_or_default(),
            words: words.unwrap_or_default(),
        });
    }
    Ok(found)
}

/// The database that is damaged, its source, and what is said of them before.
struct Base {
    cluster: Cluster,
    pair: Pair,
    /// The source as it was; whoever changes it holds this.
    source: Mutex<Vec<u8>>,
    control: BTreeSet<Finding>,
}

impl Base {
    fn new(folder: &Path) -> Result<Self> {
        // Nobody but the script analyzes a table, so that statistics are missing when they are taken away.
        let settings = vec!["autovacuum = off".to_owned()];
        let cluster = Cluster::start(&Options { settings, ..Options::default() })?;
        let pair = Pair::with(&fs::read_to_string(folder.join("source.sql"))?, cluster.database()?)?;
        pair.database.run(&fs::read_to_string(folder.join("before.sql"))?)?;
        pair.exact(&["PLANT", "ITEM", "ROUTING", "RESULT", "STOCK", "--mode", "replace"])?;
        pair.exact(&["MOVEMENT"])?;
        pair.database.run(&fs::read_to_string(folder.join("after.sql"))?)?;
        let source = Mutex::new(fs::read(pair.file())?);
        let control = findings(&cluster.copy(&pair.database)?, "", false)?;
        Ok(Self { cluster, pair, source, control })
    }

    /// What `rsl` says of the table, and of nothing else.
    fn told(&self, kind: &Kind, database: &Database) -> Result<Ended> {
        let source = self.source.lock().map_err(|_| anyhow!("another thread has failed"))?;
        if kind.in_source {
            self.pair.edit(&kind.script)?;
        }
        let words: Vec<_> = kind.finder.split_whitespace().skip(1).collect();
        let mut command = self.pair.rsl(&words)?;
        if words.first() == Some(&"verify") {
            let object = kind.object.rsplit('.').next().unwrap_or_default().to_uppercase();
            let place = words.iter().position(|word| *word == "--source").context("which source?")?;
            command = self.pair.rsl(&[&words[..=place], &["-"], &words[place + 1..], &[&object]].concat())?;
        }
        let ended = Ended::of(command.env("RSL_DATABASE_URL", database.url()));
        fs::write(self.pair.file(), &*source)?;
        ended
    }

    /// Tries a kind, in this copy if it can be rolled back.
    fn outcome(&self, kind: &Kind, copy: &Database) -> Result<Outcome> {
        let by_program = kind.finder.starts_with("rsl ");
        let own = if kind.committed || by_program && !kind.in_source {
            Some(self.cluster.copy(&self.pair.database)?)
        } else {
            None
        };
        let database = own.as_ref().unwrap_or(copy);
        let mut new =
            if kind.in_source { BTreeSet::new() } else { findings(database, &kind.script, own.is_some())? };
        if by_program {
            let ended = self.told(kind, database)?;
            ensure!(ended.code != Some(2), "{ended:#?}");
            if ended.code == Some(1) {
                new.insert(Finding {
                    check: kind.finder.clone(),
                    // By its qualified name.
                    object: if ended.stdout.contains(&kind.object) {
                        kind.object.clone()
                    } else {
                        String::new()
                    },
                    status: "fail".to_owned(),
                    words: ended.stdout,
                });
            }
        } else if kind.finder == "rsl.load_finish" {
            let last = "SELECT json_build_array('rsl.load_finish', target, status, concat_ws(' / ', report -> 'reason' ->> 'message', (SELECT string_agg(r.message, ', ') FROM rsl.reject r WHERE r.load_id = l.load_id))) FROM rsl.load l ORDER BY load_id DESC LIMIT 1";
            let [check, object, status, words]: [String; 4] = serde_json::from_str(&database.value(last)?)
                .with_context(|| format!("the load was not refused: {:?}", database.value(last)))?;
            if status == "failed" {
                new.insert(Finding { check, object, status, words });
            }
        }
        Ok(outcome_of(kind, new.difference(&self.control).cloned().collect()))
    }
}

fn outcome_of(kind: &Kind, new: BTreeSet<Finding>) -> Outcome {
    let is_it = |found: &&Finding| {
        let is_object = match kind.object.strip_suffix('*') {
            Some(beginning) => found.object.starts_with(beginning),
            None => found.object == kind.object,
        };
        found.check == kind.finder && is_object && found.words.contains(&kind.words)
    };
    let verdict = if new.iter().any(|found| is_it(&found)) {
        Verdict::Named
    } else if new
        .iter()
        .any(|found| found.object.contains(&kind.object) || found.words.contains(&kind.object))
    {
        Verdict::ByAnother
    } else {
        Verdict::Missed
    };
    let all = new.iter().map(|f| format!("    {} | {} | {} | {}\n", f.check, f.object, f.status, f.words));
    Outcome {
        verdict,
        others: new.iter().filter(|f| f.check != kind.finder).map(|f| f.check.clone()).collect(),
        all: all.collect(),
    }
}

/// A driver that decodes a value wrongly: nothing of the server's or of the target's is damaged, and no SQL can do it.
fn driver() -> Result<(Kind, Outcome)> {
    let kind = Kind {
        name: "the driver decodes a value wrongly".to_owned(),
        finder: "rsl pull".to_owned(),
        object: "erp.t".to_owned(),
        words: "column \"qty\": sum".to_owned(),
        script: "(tests/tds_server: one decimal of one row is another when it has left the server)"
            .to_owned(),
        ..Kind::default()
    };
    // Never a real server, where nothing can be falsified on the way.
    let erp = Erp::serve(Engine::create(NAME)?, tds_server::Options::default())?;
    erp.engine.script("CREATE TABLE T (ID int NOT NULL PRIMARY KEY, QTY decimal(18,4) NOT NULL)")?;
    erp.engine.insert("dbo.T", (1..=500).map(|id| vec![SqlValue::Int(id), SqlValue::Decimal(id.into())]))?;
    erp.server
        .faults()
        .arm(Fault::new(Phase::Row(100), Action::Alter { column: 1 }).matching("ORDER BY t.[ID]"));
    let ended = erp.pull(&["T"])?;
    let refused = ended.code == Some(1) && erp.database.value("SELECT to_regclass('erp.t') IS NULL")? == "t";
    let finding = Finding {
        check: kind.finder.clone(),
        object: kind.object.clone(),
        status: "failed".to_owned(),
        words: ended.stdout,
    };
    let outcome = outcome_of(&kind, refused.then_some(finding).into_iter().collect());
    Ok((kind, outcome))
}

/// Tries all kinds, two at a time.
fn try_all(base: &Base, kinds: &[Kind]) -> Result<Vec<Result<Outcome>>> {
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<Option<Result<Outcome>>>> = Mutex::new(kinds.iter().map(|_| None).collect());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let copy = base.cluster.copy(&base.pair.database);
                while let Some((n, kind)) = {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    kinds.get(n).map(|kind| (n, kind))
                } {
                    let outcome = match &copy {
                        Ok(copy) => base.outcome(kind, copy).with_context(|| kind.name.clone()),
                        Err(error) => Err(anyhow!("{error:#}")),
                    };
                    if let Ok(mut all) = outcomes.lock() {
                        all[n] = Some(outcome);
                    }
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().map_err(|_| anyhow!("a thread has failed"))?;
    outcomes.into_iter().map(|outcome| outcome.context("not tried")).collect()
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The table, and how many kinds are missed.
fn table(subjects: &[Subject], outcomes: &[Outcome]) -> Result<String> {
    let (mut named, mut by_another, mut missed) = (0, 0, 0);
    for outcome in outcomes {
        match outcome.verdict {
            Verdict::Named => named += 1,
            Verdict::ByAnother => by_another += 1,
            Verdict::Missed => missed += 1,
        }
    }
    let mut text = format!(
        "# The score\n\n\
        **{named} of {} kinds of damage are named by what is there for them**, with the object and, where there is one, the key or the column; \
        {by_another} only by something else; {missed} missed.\n\n\
        `tests/tests/score.rs` loads tables with every kind of value from a source, puts the application to work on them, damages a copy in one way, and \
        asks `rsl.verify_deep()` or the command that is named. Only what is not said of an undamaged copy counts. The ways are files of SQL with the finding that \
        must name them, in [tests/score/kinds](../tests/score/kinds): one more kind is three more lines. This page is written by the test, which fails if it is not \
        what was found. A kind that is missed stays here as missed.\n\n\
        What no row of these tables can say: that all kinds of damage were thought of.\n",
        outcomes.len()
    );
    let mut outcomes = outcomes.iter();
    for subject in subjects {
        text.push_str(&format!(
            "\n{}\n\n| damage | done by | named by | as | also found by |\n|---|---|---|---|---|\n",
            subject.about
        ));
        for kind in &subject.kinds {
            let outcome = outcomes.next().context("a kind without an outcome")?;
            let by = match &outcome.verdict {
                Verdict::Named => kind.finder.clone(),
                Verdict::ByAnother => format!("**not by {}**", kind.finder),
                Verdict::Missed => format!(
                    "**missed**: {}",
                    kind.missed_because.as_deref().with_context(|| format!(
                        "{:?} is missed, and its file does not say why:\n{}",
                        kind.name, outcome.all
                    ))?
                ),
            };
            ensure!(
                kind.missed_because.is_none() || matches!(outcome.verdict, Verdict::Missed),
                "{:?} is not missed any more",
                kind.name
            );
            let others: Vec<_> = outcome.others.iter().map(String::as_str).collect();
            let said = [kind.object.as_str(), kind.words.as_str()].join(" ");
            text.push_str(&format!(
                "| {} | `{}` | {} | {} | {} |\n",
                escaped(&kind.name),
                escaped(&kind.command()),
                escaped(&by),
                escaped(said.trim()),
                others.join(", ")
            ));
        }
    }
    Ok(text)
}

#[test]
fn every_kind_of_damage_is_named_as_the_table_says() -> Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = home.join("score");
    let mut subjects = damage::read(&folder.join("kinds"))?;
    let base = Base::new(&folder)?;
    ensure!(
        base.control.is_empty(),
        "the undamaged tables have findings, which could be confused: {:#?}",
        base.control
    );
    if let Ok(wanted) = env::var("RSL_TEST_SCORE") {
        let all = subjects.into_iter().flat_map(|subject| subject.kinds);
        let kinds: Vec<_> = all.filter(|kind| kind.name.contains(&wanted)).collect();
        for (kind, outcome) in kinds.iter().zip(try_all(&base, &kinds)?) {
            match outcome {
                Ok(outcome) => println!("{:?}: {}\n{}", outcome.verdict, kind.name, outcome.all),
                Err(error) => println!("Error: {}\n{error:#}\n{}", kind.name, base.cluster.log()),
            }
        }
        return Ok(());
    }
    let kinds: Vec<_> = subjects.iter().flat_map(|subject| subject.kinds.clone()).collect();
    let mut outcomes = try_all(&base, &kinds)?.into_iter().collect::<Result<Vec<_>>>()?;
    let (kind, outcome) = driver()?;
    outcomes.push(outcome);
    subjects.push(Subject { about: "What no script can do.".to_owned(), kinds: vec![kind] });

    let text = table(&subjects, &outcomes)?;
    let file: PathBuf = home.join("../docs/score.md");
    if env::var_os("RSL_TEST_ACCEPT").is_some_and(|value| value == "1") {
        fs::write(&file, &text)?;
        return Ok(());
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let mut wrong = String::new();
    let lines: BTreeSet<_> = committed.lines().collect();
    let kinds = subjects.iter().flat_map(|subject| &subject.kinds);
    for (kind, outcome) in kinds.zip(&outcomes) {
        let start = format!("| {} | ", escaped(&kind.name));
        if text.lines().any(|line| line.starts_with(&start) && !lines.contains(line)) {
            wrong.push_str(&format!("{:?}: {}\n{}", outcome.verdict, kind.name, outcome.all));
        }
    }
    ensure!(
        committed == text,
        "docs/score.md is not what was found:\n{wrong}\nif this is as it should be, run with RSL_TEST_ACCEPT=1 and read git diff"
    );
    Ok(())
}

#[test]
fn a_finding_about_something_else_does_not_count() {
    let kind = Kind {
        finder: "loads_match".to_owned(),
        object: "erp.item".to_owned(),
        words: "changed: {\"item_cd\": \"A-0100\"}".to_owned(),
        ..Kind::default()
    };
    let verdict = |check: &str, object: &str, words: &str| {
        let [check, object, words] = [check, object, words].map(ToOwned::to_owned);
        let found = Finding { check, object, status: "fail".to_owned(), words };
        outcome_of(&kind, BTreeSet::from([found])).verdict
    };
    assert!(matches!(verdict("loads_match", "erp.item", &kind.words), Verdict::Named));
    // Another row, another check, another table, nothing.
    let other = "changed: {\"item_cd\": \"A-0101\"}";
    assert!(matches!(verdict("loads_match", "erp.item", other), Verdict::ByAnother));
    assert!(matches!(verdict("target_shape", "erp.item", &kind.words), Verdict::ByAnother));
    assert!(matches!(verdict("loads_match", "erp.plant", &kind.words), Verdict::Missed));
    assert!(matches!(outcome_of(&kind, BTreeSet::new()).verdict, Verdict::Missed));
}
