//! Standard output, and the file that `--output` names.

use std::fs::{OpenOptions, Permissions};
use std::io::{BufWriter, IntoInnerError, Result as IoResult, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::failure::{Failure, Result};

/// Writes to standard output. A disk that is full is a failure; a pipe that was closed ends the program, see `main`.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::new(format!("cannot write to standard output: {error}")))
}

/// A line on standard output, as `println!` writes it, but it fails instead of panicking.
macro_rules! say {
    ($($words:tt)*) => { $crate::command::output::print(&format!("{}\n", format_args!($($words)*))) };
}
pub(crate) use say;

/// The file that a report goes to, if any. It is opened before the work begins, so that nothing is done in vain.
pub struct File(Option<(PathBuf, Place)>);

enum Place {
    /// Under another name until the end: what an earlier run wrote stays until there is something better.
    Beside(BufWriter<NamedTempFile>),
    /// What is no file, such as /dev/stderr, or stands where no other file may be made. Emptied when something is written.
    There { file: BufWriter<std::fs::File>, begun: bool },
}

impl Place {
    fn append(&mut self, text: &str) -> IoResult<()> {
        match self {
            Place::Beside(file) => file.write_all(text.as_bytes()),
            Place::There { file, begun } => {
                // A pipe or a device has no length.
                if !*begun && file.get_ref().metadata().is_ok_and(|about| about.is_file()) {
                    file.get_ref().set_len(0)?;
                }
                *begun = true;
                file.write_all(text.as_bytes())
            }
        }
    }

    fn finish(self, path: &Path) -> IoResult<()> {
        match self {
            Place::Beside(file) => {
                // A link stays one.
                let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
                let file = file.into_inner().map_err(IntoInnerError::into_error)?;
                file.persist(path).map(drop).map_err(|error| error.error)
            }
            Place::There { mut file, .. } => file.flush(),
        }
    }
}

impl File {
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let place = place(path).map_err(|error| unwritten(path, &error))?;
        Ok(Self(Some((path.to_owned(), place))))
    }

    /// Writes a part of it, if there is such a file.
    pub fn append(&mut self, text: &str) -> Result<()> {
        let Some((path, place)) = &mut self.0 else { return Ok(()) };
        place.append(text).map_err(|error| unwritten(path, &error))
    }

    /// The end: now it has its name.
    pub fn finish(self) -> Result<()> {
        let Some((path, place)) = self.0 else { return Ok(()) };
        place.finish(&path).map_err(|error| unwritten(&path, &error))
    }

    /// Writes all of it.
    pub fn write(mut self, text: &str) -> Result<()> {
        self.append(text)?;
        self.finish()
    }
}

fn place(path: &Path) -> IoResult<Place> {
    let there = || {
        let file = BufWriter::new(OpenOptions::new().write(true).open(path)?);
        Ok(Place::There { file, begun: false })
    };
    match path.metadata() {
        Ok(about) if !about.is_file() => return there(),
        Ok(about) if about.permissions().readonly() => return there(),
        _ => {}
    }
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    folder.metadata()?;
    let beside =
        Builder::new().prefix(".rsl-report-").permissions(Permissions::from_mode(0o666)).tempfile_in(folder);
    match beside {
        Ok(file) => Ok(Place::Beside(BufWriter::new(file))),
        Err(_) if path.exists() => there(),
        Err(error) => Err(error),
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write the report to {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_report_stays_until_there_is_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("r.json"), folder.path().join("latest.json"));
        std::fs::write(&path, "an earlier one").unwrap();
        std::os::unix::fs::symlink("r.json", &link).unwrap();
        let file = File::open(Some(&link)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "an earlier one");
        file.write("new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        drop(File::open(Some(&folder.path().join("never.json"))).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_no_file_is_written_to_and_not_replaced() {
        File::open(Some(Path::new("/dev/null"))).unwrap().write("x").unwrap();
        assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
        let full = File::open(Some(Path::new("/dev/full"))).unwrap().write("x").unwrap_err();
        assert!(full.what().starts_with("cannot write the report to /dev/full: No space left"), "{full}");
        for wrong in ["/no/such/folder/r.json", "/"] {
            assert!(File::open(Some(Path::new(wrong))).is_err(), "{wrong}");
        }
        File::open(None).unwrap().write("x").unwrap();
    }
}
