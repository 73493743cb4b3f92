//! A table or view of a source compared with a table of PostgreSQL, without loading: first the digests of buckets of rows,
//! then the rows of the buckets that differ.

mod columns;
mod differences;
mod look;
mod rows;
mod way;

pub use columns::{Columns, Found};
pub use differences::{Difference, Tally};
pub use look::Look;
pub use rows::{Rows, check};
pub use way::{Print, Way};
