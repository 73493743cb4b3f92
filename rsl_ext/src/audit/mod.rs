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

/// Makes what lives as long as the backend: the setting `rsl.actor`, and what is called at the ends of transactions.
pub fn init() {
    origin::init();
    pending::init();
    tracked::init();
}
