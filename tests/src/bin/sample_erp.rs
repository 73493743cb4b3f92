//! `sample-erp`: writes a sample ERP database as an SQLite file.

use anyhow::{Context, Result};
use rsl_tests::sample::{self, Shape};
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "\
Writes a made-up ERP database as an SQLite file, the same every time.

Usage: sample-erp [--rows N] [--bench] PATH

  --rows N   rows of the largest table (20000)
  --bench    one table of twelve columns, BENCH_ROW, in place of tables and views
  PATH       the file to write; an existing one is replaced
";

struct Args {
    shape: Shape,
    rows: u64,
    path: PathBuf,
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match parse(arguments) {
        Ok(args) => match run(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("sample-erp: {error:#}");
                ExitCode::from(2)
            }
        },
        Err(error) => {
            eprintln!("sample-erp: {error:#}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Args> {
    let (mut shape, mut rows, mut path) = (Shape::Erp, 20_000, None);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--bench") => shape = Shape::Bench,
            Some("--rows") => {
                let value = arguments.next().context("\"--rows\" needs a number")?;
                let value = value.to_str().unwrap_or_default();
                rows =
                    value.parse().with_context(|| format!("\"--rows {value}\" is not a number of rows"))?;
            }
            Some(option) if option.starts_with('-') => anyhow::bail!("unknown option \"{option}\""),
            _ if path.is_some() => anyhow::bail!("more than one path given"),
            _ => path = Some(PathBuf::from(argument)),
        }
    }
    Ok(Args { shape, rows, path: path.context("no path given")? })
}

fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    let counts = sample::write(args.shape, args.rows, &args.path)?;
    for (name, rows) in counts {
        eprintln!("{name:<24}{rows:>10}");
    }
    eprintln!("written to {} in {:.1} s", args.path.display(), start.elapsed().as_secs_f64());
    Ok(())
}
