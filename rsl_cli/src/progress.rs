//! Progress of long work: bars on a terminal, plain lines elsewhere; always on standard error.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::terminal::visible;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// How often a plain line says how far a table is.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// All bars of a run.
pub struct Progress {
    bars: Option<MultiProgress>,
}

impl Progress {
    /// Bars if standard error is a terminal.
    pub fn new() -> Self {
        Self { bars: std::io::stderr().is_terminal().then(MultiProgress::new) }
    }

    /// A bar for one table.
    pub fn table(&self, name: &str) -> Bar {
        let name = visible(name);
        let rows = Arc::new(AtomicU64::new(0));
        let shown = self.bars.as_ref().map(|bars| {
            let style = ProgressStyle::with_template(
                "{spinner} {prefix:32!} {human_pos:>13} rows {per_sec:>18} {elapsed:>5}  {msg}",
            );
            let bar = ProgressBar::no_length()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bars.add(bar).with_prefix(name.clone())
        });
        let watched = rows.clone();
        let (bar, label) = (shown.clone(), name.clone());
        let watcher = tokio::spawn(async move {
            let mut said = Instant::now();
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let now = watched.load(Ordering::Relaxed);
                match &bar {
                    Some(bar) => bar.set_position(now),
                    None if said.elapsed() >= PLAIN_EVERY => {
                        eprintln!("{label}: {now} rows so far");
                        said = Instant::now();
                    }
                    None => {}
                }
            }
        });
        Bar { name, rows, shown, started: Instant::now(), watcher }
    }
}

/// One table's progress.
pub struct Bar {
    name: String,
    rows: Arc<AtomicU64>,
    shown: Option<ProgressBar>,
    started: Instant,
    watcher: tokio::task::JoinHandle<()>,
}

impl Bar {
    /// Counted up by the reader.
    pub fn rows(&self) -> Arc<AtomicU64> {
        self.rows.clone()
    }

    /// What goes on now.
    pub fn says(&self, what: &'static str) {
        if let Some(bar) = &self.shown {
            bar.set_message(what);
        }
    }

    /// The last word.
    pub fn done(&self, outcome: &'static str) {
        self.watcher.abort();
        let rows = self.rows.load(Ordering::Relaxed);
        match &self.shown {
            Some(bar) => {
                bar.set_position(rows);
                bar.finish_with_message(outcome);
            }
            None => eprintln!(
                "{}: {rows} rows, {outcome}, {:.1} s",
                self.name,
                self.started.elapsed().as_secs_f64()
            ),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

/// Says on a terminal that something goes on which cannot say how far it is; nothing elsewhere.
pub struct Note(Option<ProgressBar>);

impl Note {
    /// In the style `undoing load 17`.
    pub fn new(what: impl Into<String>) -> Self {
        let shown = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
            let bar = ProgressBar::new_spinner()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
                .with_message(what.into());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self(shown)
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
