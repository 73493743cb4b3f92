//! Names of constraints and indexes in PostgreSQL.
//!
//! In SQL Server an index needs a name of its own only within its table, and may have 128 characters. In PostgreSQL it must be
//! alone among the tables and indexes of its schema, and has 63 bytes.

use std::collections::BTreeSet;

/// The longest name in bytes.
pub const LONGEST: usize = 63;

/// Schema and name of a table in the target.
type Target = (String, String);

/// Names that are taken, and how new ones are spelled.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Tables, indexes and sequences, by schema.
    relations: BTreeSet<(String, String)>,
    /// Constraints, by schema and table.
    constraints: BTreeSet<(String, String, String)>,
    /// As the source spells them, instead of in lower case.
    pub keep: bool,
}

impl Names {
    pub fn take_relation(&mut self, schema: &str, name: &str) {
        self.relations.insert((schema.to_owned(), name.to_owned()));
    }

    pub fn take_constraint(&mut self, table: &Target, name: &str) {
        self.constraints.insert((table.0.clone(), table.1.clone(), name.to_owned()));
    }

    /// A free name for an index, a sequence, or a constraint that is served by an index.
    pub fn relation(&mut self, table: &Target, wanted: &str) -> String {
        let name = self.free(table, wanted, |names, name| {
            !names.relations.contains(&(table.0.clone(), name.to_owned())) && names.is_free(table, name)
        });
        self.take_relation(&table.0, &name);
        name
    }

    /// A free name for any other constraint.
    pub fn constraint(&mut self, table: &Target, wanted: &str) -> String {
        let name = self.free(table, wanted, |names, name| names.is_free(table, name));
        self.take_constraint(table, &name);
        name
    }

    fn is_free(&self, table: &Target, name: &str) -> bool {
        !self.constraints.contains(&(table.0.clone(), table.1.clone(), name.to_owned()))
    }

    fn free(&self, table: &Target, wanted: &str, is_free: impl Fn(&Self, &str) -> bool) -> String {
        let spelled = if self.keep { wanted.to_owned() } else { wanted.to_lowercase() };
        let prefixed = format!("{}_{spelled}", table.1);
        let numbered = (2u32..).map(|number| format!("{prefixed}_{number}"));
        let mut names = [spelled, prefixed.clone()].into_iter().chain(numbered).map(|name| shortened(&name));
        // There is no end of numbers, but the compiler does not know.
        names.find(|name| is_free(self, name)).unwrap_or(prefixed)
    }
}

/// The name, or the beginning of one that is too long with a hash of the whole behind it.
pub fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let mut end = LONGEST - 9;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{:08x}", &name[..end], hash(name))
}

/// FNV-1a of 32 bits: the same on every machine and in every version.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn orders() -> Target {
        ("erp".to_owned(), "orders".to_owned())
    }

    #[test]
    fn lower_case_then_the_table_in_front_then_a_number() {
        let mut names = Names::default();
        names.take_relation("erp", "ix_date");
        names.take_relation("other", "ix_item");
        assert_eq!(names.relation(&orders(), "IX_ITEM"), "ix_item");
        assert_eq!(names.relation(&orders(), "IX_DATE"), "orders_ix_date");
        assert_eq!(names.relation(&orders(), "ix_date"), "orders_ix_date_2");
        assert_eq!(names.relation(&orders(), "ix_date"), "orders_ix_date_3");
        names.keep = true;
        assert_eq!(names.relation(&orders(), "IX_DATE"), "IX_DATE");
    }

    #[test]
    fn a_constraint_needs_its_name_only_within_its_table() {
        let mut names = Names::default();
        names.take_relation("erp", "ck_qty");
        names.take_constraint(&("erp".to_owned(), "lines".to_owned()), "ck_qty");
        assert_eq!(names.constraint(&orders(), "CK_QTY"), "ck_qty");
        assert_eq!(names.constraint(&orders(), "CK_QTY"), "orders_ck_qty");
        // That of a unique constraint is the name of its index as well.
        assert_eq!(names.relation(&orders(), "CK_QTY"), "orders_ck_qty_2");
    }

    #[test]
    fn long_names_keep_their_beginning() {
        let long = "ix_".to_owned() + &"a".repeat(100);
        let name = shortened(&long);
        assert_eq!(name.len(), 63);
        assert!(name.starts_with("ix_aaaaaaaa"), "{name}");
        assert_ne!(name, shortened(&(long + "b")));
        // Hangul has three bytes a letter: none is cut in the middle.
        assert!(shortened(&"인덱스".repeat(10)).starts_with("인덱스인덱스"));
    }

    #[test]
    fn the_hash_is_fnv() {
        assert_eq!((hash(""), hash("a"), hash("foobar")), (0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968));
    }

    proptest! {
        #[test]
        fn any_names_fit_and_differ(wanted in proptest::collection::vec("\\PC{1,80}", 1..20)) {
            let mut names = Names::default();
            let given: Vec<_> = wanted.iter().map(|name| names.relation(&orders(), name)).collect();
            prop_assert!(given.iter().all(|name| name.len() <= LONGEST));
            prop_assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), wanted.len());
        }
    }
}
