//! Rows in buckets by the hash of their key, with the digest of each bucket: where two tables differ, without an order.
//!
//! A row is in the same bucket on both sides whatever their collations and however they are read; two tables hold the same
//! rows when all their buckets do, and if not, only the rows of the buckets that differ need to be looked at.

use std::num::NonZeroU32;

use crate::canonical::RowHasher;
use crate::digest::Digest;

/// As many buckets as a comparison may have.
pub const MAX_BUCKETS: u32 = 1 << 20;

/// The bucket, from 0, of a row whose key has this hash: the hash of a row of the key's fields.
#[inline]
pub fn bucket_of(key: u128, buckets: NonZeroU32) -> u32 {
    // The lower half is as well mixed as the whole, and dividing it is faster.
    ((key as u64) % u64::from(buckets.get())) as u32
}

/// The digest of the rows in each bucket. Any two with the same number of buckets may be added.
#[derive(Debug, Clone)]
pub struct Buckets {
    count: NonZeroU32,
    /// Positions of the key among the columns; none: the whole row is the key.
    key: Vec<usize>,
    digests: Vec<Digest>,
    hasher: RowHasher,
}

impl Buckets {
    /// For rows with the key at these positions; of rows without a key the whole row decides.
    pub fn new(count: NonZeroU32, key: Vec<usize>) -> Self {
        Self {
            count,
            key,
            digests: vec![Digest::default(); count.get() as usize],
            hasher: RowHasher::default(),
        }
    }

    /// Empty ones of the same shape.
    pub fn like(&self) -> Self {
        Self::new(self.count, self.key.clone())
    }

    /// So many fields a row must have, for the key to be among them.
    pub fn key_reaches(&self) -> usize {
        self.key.iter().max().map_or(0, |at| at + 1)
    }

    /// Adds a row by the hashes of its fields, and says which bucket it is in.
    ///
    /// # Panics
    /// If a position of the key is beyond the fields.
    #[inline]
    pub fn add(&mut self, fields: &[u128]) -> u32 {
        fields.iter().for_each(|&field| self.hasher.push(field));
        let row = self.hasher.finish();
        let key = if self.key.is_empty() {
            row
        } else {
            self.key.iter().for_each(|&at| self.hasher.push(fields[at]));
            self.hasher.finish()
        };
        let bucket = bucket_of(key, self.count);
        self.digests[bucket as usize].add_hash(row);
        bucket
    }

    /// Adds what another has. Of another number of buckets nothing can be added: `false`.
    pub fn merge(&mut self, other: &Buckets) -> bool {
        if self.count != other.count {
            return false;
        }
        self.digests.iter_mut().zip(&other.digests).for_each(|(digest, &more)| *digest += more);
        true
    }

    /// The digest of each bucket, in order.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// Rows in all buckets.
    pub fn rows(&self) -> u64 {
        self.digests.iter().map(Digest::count).sum()
    }

    /// Bytes for moving a partial aggregate between processes of one machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.digests.iter().flat_map(Digest::to_bytes).collect()
    }

    /// Reads [`Buckets::to_bytes`]; `None` if they are not such. The key is not part of them.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (digests, rest) = bytes.as_chunks::<{ Digest::SIZE }>();
        let count = NonZeroU32::new(u32::try_from(digests.len()).ok()?).filter(|_| rest.is_empty())?;
        let digests = digests.iter().map(Digest::from_bytes).collect();
        Some(Self { count, key: Vec::new(), digests, hasher: RowHasher::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn of(rows: &[[u128; 3]], count: u32, key: &[usize]) -> Buckets {
        let mut buckets = Buckets::new(NonZeroU32::new(count).unwrap(), key.to_vec());
        for row in rows {
            buckets.add(row);
        }
        buckets
    }

    fn row() -> impl Strategy<Value = [u128; 3]> {
        (0u128..6, 0u128..3, any::<u128>()).prop_map(|(a, b, c)| [a, b, c])
    }

    proptest! {
        #[test]
        fn order_and_parts_do_not_matter(rows in vec(row(), 0..40), cut in 0usize..40, count in 1u32..9) {
            let whole = of(&rows, count, &[0, 1]);
            let (a, b) = rows.split_at(cut.min(rows.len()));
            let mut parts = of(b, count, &[0, 1]);
            prop_assert!(parts.merge(&of(a, count, &[0, 1])));
            prop_assert_eq!(parts.digests(), whole.digests());
            prop_assert_eq!(whole.rows(), rows.len() as u64);
            let back = Buckets::from_bytes(&whole.to_bytes()).unwrap();
            prop_assert_eq!(back.digests(), whole.digests());
        }

        #[test]
        fn a_change_of_a_row_shows_in_the_bucket_of_its_key_alone(
            rows in vec(row(), 1..40), at in any::<prop::sample::Index>(), value: u128, count in 1u32..9,
        ) {
            let at = at.index(rows.len());
            let mut changed = rows.clone();
            changed[at][2] = value;
            prop_assume!(changed != rows);
            let (before, after) = (of(&rows, count, &[0, 1]), of(&changed, count, &[0, 1]));
            let mut hasher = RowHasher::default();
            hasher.push(rows[at][0]);
            hasher.push(rows[at][1]);
            let bucket = bucket_of(hasher.finish(), NonZeroU32::new(count).unwrap()) as usize;
            for (number, (a, b)) in before.digests().iter().zip(after.digests()).enumerate() {
                prop_assert_eq!(a == b, number != bucket);
            }
        }

        #[test]
        fn values_that_are_swapped_between_rows_show(a in row(), b in row()) {
            prop_assume!(a[0] != b[0] && a[2] != b[2]);
            let swapped = [[a[0], a[1], b[2]], [b[0], b[1], a[2]]];
            let (straight, swapped) = (of(&[a, b], 1, &[0]), of(&swapped, 1, &[0]));
            prop_assert_ne!(straight.digests(), swapped.digests());
        }

        #[test]
        fn bytes_of_something_else_are_none(bytes in vec(any::<u8>(), 0..70)) {
            prop_assert_eq!(Buckets::from_bytes(&bytes).is_some(), bytes.len() % Digest::SIZE == 0 && !bytes.is_empty());
        }
    }

    #[test]
    fn without_a_key_the_whole_row_decides() {
        let rows = [[1, 2, 3], [1, 2, 3], [4, 5, 6]];
        let (keyless, keyed) = (of(&rows, 7, &[]), of(&rows, 7, &[0, 1, 2]));
        assert_eq!(keyless.digests(), keyed.digests());
        assert!(!of(&rows, 7, &[]).merge(&of(&rows, 8, &[])));
    }
}
