//! What a server says that it is.

use tiberius::Row;

use super::catalogue::optional_text;
use crate::failure::Result;

/// Columns of a SELECT; [`Product::read`] reads them.
pub const PRODUCT: &str = "CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('Edition') AS nvarchar(128))";

/// Version and edition, as far as the server tells them.
#[derive(Debug, Default)]
pub struct Product {
    pub version: Option<String>,
    pub edition: Option<String>,
}

impl Product {
    /// From the columns of [`PRODUCT`], the first of which stands here.
    pub fn read(row: &Row, at: usize) -> Result<Self> {
        Ok(Self { version: optional_text(row, at)?, edition: optional_text(row, at + 1)? })
    }

    /// For a report.
    pub fn shown(&self) -> Option<String> {
        let told: Vec<_> = [&self.version, &self.edition].into_iter().flatten().map(String::as_str).collect();
        (!told.is_empty()).then(|| format!("SQL Server {}", told.join(", ")))
    }

    /// The first number of the version: 13 is SQL Server 2016. Azure, which is always new, says 12.
    pub fn major(&self) -> i64 {
        if self.edition.as_ref().is_some_and(|edition| edition.contains("Azure")) {
            return i64::MAX;
        }
        let first = self.version.as_ref().and_then(|version| version.split('.').next());
        first.and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// Since 2016 columns may be masked, and policies may hide rows.
    pub fn has_masks(&self) -> bool {
        self.major() >= 13
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(version: Option<&str>, edition: Option<&str>) -> Product {
        Product { version: version.map(str::to_owned), edition: edition.map(str::to_owned) }
    }

    #[test]
    fn versions_are_told_from_their_first_number_and_azure_is_new() {
        assert_eq!(product(Some("16.0.4135.4"), Some("Standard Edition (64-bit)")).major(), 16);
        assert_eq!(product(Some("11"), None).major(), 11);
        assert_eq!(product(Some("12.0.2000.8"), Some("SQL Azure")).major(), i64::MAX);
        assert_eq!(product(Some("x.1"), None).major(), 0);
        assert_eq!(product(None, None).major(), 0);
    }

    #[test]
    fn what_is_not_told_is_not_shown() {
        assert_eq!(
            product(Some("16.0"), Some("Express")).shown().as_deref(),
            Some("SQL Server 16.0, Express")
        );
        assert_eq!(product(None, Some("Express")).shown().as_deref(), Some("SQL Server Express"));
        assert_eq!(product(None, None).shown(), None);
    }
}
