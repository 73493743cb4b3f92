//! What the RSL extension and its program must agree on to the bit.
//!
//! No I/O, no PostgreSQL, no driver types: a [`Value`] as a source gives it, the [`PgType`] of the column
//! it goes to, its canonical hash, the [`Witness`] over all rows, and the binary row stream that carries them.
//! `docs/digest.md` specifies the digest for whoever wants to compute it independently.
#![forbid(unsafe_code)]

pub mod buckets;
pub mod canonical;
pub mod common;
pub mod copy;
pub mod decimal;
pub mod digest;
pub mod encode;
pub mod extent;
pub mod image;
pub mod json;
pub mod pgtype;
pub mod report;
pub mod sketch;
pub mod source_account;
pub mod sum;
pub mod temporal;
pub mod unfit;
pub mod value;
pub mod witness;

pub use buckets::Buckets;
pub use decimal::Decimal;
pub use digest::Digest;
pub use encode::encode_value;
pub use pgtype::PgType;
pub use unfit::Unfit;
pub use value::Value;
pub use witness::Witness;
