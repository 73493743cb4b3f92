//! The audit log: what triggers see becomes images ([`value`], `rsl_core::image`), which wait ([`pending`]) until they are stored as
//! blocks ([`store`]) with who did it ([`origin`]). [`read`] makes rows and jsonb of them again, [`seal`] hashes them.

mod origin;
mod pending;
mod read;
mod rows;
mod seal;
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
