//! The audit log: what triggers see becomes images ([`value`], `rsl_core::image`), which wait ([`pending`]) until they are stored as
//! blocks ([`store`]) with who did it ([`origin`]). [`changes`] reads blocks, by the [`shape`] that the table had, and [`json`] and [`row`]
//! make jsonb and rows of them again; [`seal`] hashes them.

mod changes;
mod json;
mod origin;
mod pending;
mod row;
mod scan;

mod seal;
mod shape;
mod store;
mod switch;
mod tracked;
mod trigger;
mod value;

/// Registers what is called at the ends of transactions and when tables change.
pub fn init() {
    pending::init();
    tracked::init();
}
