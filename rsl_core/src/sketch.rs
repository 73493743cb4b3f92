//! A sketch of a set of rows, from which the rows that two sets do not have in common can be named.
//!
//! A digest says that two sets differ; a sketch of a few hundred kilobytes, whatever the number of rows, says by which rows, as long
//! as they are not too many. Each row is added to three cells, which its hash chooses. What two sets have in common cancels when
//! one sketch is taken from the other; a cell in which a single row is left gives that row away, which is then taken out of its
//! other two cells, and so on until nothing is left.
//!
//! Source: M. T. Goodrich and M. Mitzenmacher, "Invertible Bloom Lookup Tables", 2011; D. Eppstein et al., "What's the Difference?
//! Efficient Set Reconciliation without Prior Context", 2011. With three cells a row, it comes apart for sure in practice up to
//! about two rows for every three cells.

use crate::digest::Digest;

/// Bytes of a key that a cell has room for; of a longer one only the beginning is known.
pub const KEY_BYTES: usize = 39;

/// Cells that a row is added to.
const HASHES: usize = 3;

/// Bytes of a cell when it is written down.
const CELL: usize = 4 + 8 + 16 + KEY_BYTES + 1;

/// What a cell holds: of every row in it, all added up or all XORed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    count: i32,
    check: u64,
    hash: u128,
    /// Length, then bytes.
    key: [u8; KEY_BYTES + 1],
}

const EMPTY: Cell = Cell { count: 0, check: 0, hash: 0, key: [0; KEY_BYTES + 1] };

impl Cell {
    #[inline]
    fn put(&mut self, sign: i32, hash: u128, check: u64, key: &[u8; KEY_BYTES + 1]) {
        self.count = self.count.wrapping_add(sign);
        self.check ^= check;
        self.hash ^= hash;
        self.key.iter_mut().zip(key).for_each(|(byte, more)| *byte ^= more);
    }

    /// A single row is left in it.
    fn is_pure(&self) -> bool {
        (self.count == 1 || self.count == -1) && self.check == check_of(self.hash)
    }
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    rows: Digest,
    /// [`HASHES`] times a power of two.
    cells: Vec<Cell>,
}

/// A row that only one of two sets has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// In the set that the other was taken from; else in the other.
    pub is_ours: bool,
    /// The beginning of the row's key, as it was given.
    pub key: Vec<u8>,
    /// The key was longer than that.
    pub is_cut: bool,
    /// The row's hash.
    pub hash: u128,
}

/// Mixes the bits so that the check of several rows together is not that of one: the finalizer of MurmurHash3, published by A. Appleby.
fn check_of(hash: u128) -> u64 {
    let mut mixed = (hash as u64) ^ ((hash >> 64) as u64).rotate_left(23);
    mixed = (mixed ^ mixed >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ mixed >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ mixed >> 33
}

impl Sketch {
    /// From which about so many rows that differ can be named. It takes about 130 bytes for each.
    pub fn for_differences(rows: u32) -> Self {
        let each = (rows / 2).clamp(8, 1 << 20).next_power_of_two() as usize;
        Self { rows: Digest::default(), cells: vec![EMPTY; HASHES * each] }
    }

    /// The digest over the rows.
    pub fn rows(&self) -> Digest {
        self.rows
    }

    #[inline]
    fn places(&self, hash: u128) -> [usize; HASHES] {
        let each = self.cells.len() / HASHES;
        // Three times 20 bits: as many as the largest sketch needs.
        [0, 1, 2].map(|at| at * each + ((hash >> (40 * at)) as usize & (each - 1)))
    }

    /// Adds a row: its hash, and what tells it from the others.
    #[inline]
    pub fn add(&mut self, hash: u128, key: &[u8]) {
        self.rows.add_hash(hash);
        let mut padded = [0; KEY_BYTES + 1];
        let kept = key.len().min(KEY_BYTES);
        padded[0] = key.len().min(usize::from(u8::MAX)) as u8;
        padded[1..=kept].copy_from_slice(&key[..kept]);
        self.put(1, hash, &padded);
    }

    #[inline]
    fn put(&mut self, sign: i32, hash: u128, key: &[u8; KEY_BYTES + 1]) {
        let check = check_of(hash);
        for place in self.places(hash) {
            self.cells[place].put(sign, hash, check, key);
        }
    }

    /// Adds what another has: `false`, and nothing is added, if it is of another size.
    pub fn merge(&mut self, other: &Sketch) -> bool {
        self.combine(other, 1) && {
            self.rows += other.rows;
            true
        }
    }

    /// Takes away what another has: `false`, and nothing is taken, if it is of another size.
    pub fn subtract(&mut self, other: &Sketch) -> bool {
        self.combine(other, -1) && {
            self.rows = self.rows - other.rows;
            true
        }
    }

    fn combine(&mut self, other: &Sketch, sign: i32) -> bool {
        if self.cells.len() != other.cells.len() {
            return false;
        }
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            cell.put(more.count.wrapping_mul(sign), more.hash, more.check, &more.key);
        }
        true
    }

    /// The rows that are left of two sets one of which was taken from the other; `None` if they are too many to be told apart, or
    /// one of the sets had a row twice.
    pub fn left(mut self) -> Option<Vec<Left>> {
        let mut found = Vec::new();
        let mut pure: Vec<usize> = (0..self.cells.len()).filter(|&at| self.cells[at].is_pure()).collect();
        while let Some(at) = pure.pop() {
            let cell = self.cells[at];
            // Its row may have been found in another cell meanwhile.
            if !cell.is_pure() {
                continue;
            }
            self.put(-cell.count, cell.hash, &cell.key);
            pure.extend(self.places(cell.hash).into_iter().filter(|&place| self.cells[place].is_pure()));
            let length = usize::from(cell.key[0]);
            let (key, padding) = cell.key[1..].split_at(length.min(KEY_BYTES));
            if padding.iter().any(|&byte| byte != 0) {
                // No row leaves that.
                return None;
            }
            let key = key.to_vec();
            found.push(Left { is_ours: cell.count == 1, key, is_cut: length > KEY_BYTES, hash: cell.hash });
            if found.len() > self.cells.len() {
                // No set of rows takes itself apart into more rows than there are cells.
                return None;
            }
        }
        let whole = self.cells.iter().all(|cell| *cell == EMPTY);
        found.sort();
        whole.then_some(found)
    }

    /// Bytes to keep or to send. Cells without rows take one byte.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Digest::SIZE + 4 + self.cells.len() * (CELL + 1));
        out.extend_from_slice(&self.rows.to_bytes());
        out.extend_from_slice(&(self.cells.len() as u32).to_le_bytes());
        for cell in &self.cells {
            out.push(u8::from(*cell != EMPTY));
            if *cell != EMPTY {
                out.extend_from_slice(&cell.count.to_le_bytes());
                out.extend_from_slice(&cell.check.to_le_bytes());
                out.extend_from_slice(&cell.hash.to_le_bytes());
                out.extend_from_slice(&cell.key);
            }
        }
        out
    }

    /// Reads [`Sketch::to_bytes`]; `None` if they are not one.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let rows = Digest::from_bytes(bytes.split_off(..Digest::SIZE)?.first_chunk()?);
        let cells = u32::from_le_bytes(*bytes.split_off(..4)?.first_chunk()?) as usize;
        if cells > bytes.len() || !cells.is_multiple_of(HASHES) || !(cells / HASHES).is_power_of_two() {
            return None;
        }
        let mut sketch = Self { rows, cells: Vec::with_capacity(cells) };
        for _ in 0..cells {
            let mut cell = EMPTY;
            if *bytes.split_off_first()? != 0 {
                cell.count = i32::from_le_bytes(*bytes.split_off(..4)?.first_chunk()?);
                cell.check = u64::from_le_bytes(*bytes.split_off(..8)?.first_chunk()?);
                cell.hash = u128::from_le_bytes(*bytes.split_off(..16)?.first_chunk()?);
                cell.key = *bytes.split_off(..KEY_BYTES + 1)?.first_chunk()?;
            }
            sketch.cells.push(cell);
        }
        bytes.is_empty().then_some(sketch)
    }
}

/// Appends a column of a key: the length of its text and what `write` makes of it. NULL is `None`.
pub fn write_key(out: &mut Vec<u8>, write: Option<impl FnOnce(&mut Vec<u8>)>) {
    let at = out.len();
    out.push(u8::MAX);
    if let Some(write) = write {
        write(out);
        // A key that is longer does not fit anyway.
        let length = (out.len() - at - 1).min(usize::from(u8::MAX) - 1);
        out[at] = length as u8;
    }
}

/// Reads [`write_key`]; `None` if the bytes end too early or are no text.
pub fn read_key(mut bytes: &[u8]) -> Option<Vec<Option<&str>>> {
    let mut columns = Vec::new();
    while let Some(&length) = bytes.split_off_first() {
        columns.push(match length {
            u8::MAX => None,
            length => Some(std::str::from_utf8(bytes.split_off(..usize::from(length))?).ok()?),
        });
    }
    Some(columns)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::canonical;
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    fn sketch(differences: u32, rows: impl IntoIterator<Item = u64>) -> Sketch {
        let mut sketch = Sketch::for_differences(differences);
        for row in rows {
            sketch.add(canonical::text(&row.to_le_bytes()), row.to_string().as_bytes());
        }
        sketch
    }

    fn named(left: &[Left], is_ours: bool) -> BTreeSet<u64> {
        let keys = left.iter().filter(|row| row.is_ours == is_ours && !row.is_cut);
        keys.map(|row| std::str::from_utf8(&row.key).unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn ten_among_a_hundred_thousand() {
        let mut now = sketch(64, (0..100_000).filter(|row| row % 20_000 != 7).chain(200_000..200_005));
        assert!(now.subtract(&sketch(64, 0..100_000)));
        let left = now.left().unwrap();
        assert_eq!(named(&left, true), (200_000..200_005).collect());
        assert_eq!(named(&left, false), [7, 20_007, 40_007, 60_007, 80_007].into());
    }

    #[test]
    fn as_many_as_it_was_made_for() {
        // Whether a set comes apart is a matter of its hashes, which do not change: so neither does this.
        for start in 0..50u64 {
            let rows = start * 1_000_000..start * 1_000_000 + 2048;
            assert_eq!(sketch(2048, rows).left().map(|left| left.len()), Some(2048), "{start}");
        }
    }

    #[test]
    fn too_many_are_not_named_wrongly() {
        for rows in [200, 1000, 10_000] {
            assert_eq!(sketch(64, 0..rows).left(), None);
        }
        let twice = sketch(64, [1, 1, 2]);
        assert_eq!(twice.left(), None);
    }

    #[test]
    fn a_long_key_is_cut() {
        let mut one = Sketch::for_differences(8);
        one.add(1, &[b'x'; 300]);
        let left = one.left().unwrap();
        assert!(left[0].is_cut);
        assert_eq!(left[0].key, [b'x'; KEY_BYTES]);
    }

    #[test]
    fn sketches_of_other_sizes_do_not_mix() {
        let (mut small, large) = (sketch(8, 0..3), sketch(100, 0..3));
        let before = small.clone();
        assert!(!small.merge(&large) && !small.subtract(&large));
        assert_eq!(small, before);
    }

    proptest! {
        #[test]
        fn what_is_left_is_what_differs(ours in btree_set(0u64..500, 0..100), theirs in btree_set(0u64..500, 0..100), cut in 0usize..100) {
            // In parts, in any order, and through bytes.
            let (first, second): (Vec<u64>, Vec<u64>) = ours.iter().partition(|&&row| (row as usize) < cut);
            let mut difference = sketch(512, second);
            prop_assert!(difference.merge(&Sketch::from_bytes(&sketch(512, first).to_bytes()).unwrap()));
            prop_assert_eq!(&difference, &sketch(512, ours.iter().copied()));
            prop_assert!(difference.subtract(&sketch(512, theirs.iter().copied())));
            let left = difference.left().unwrap();
            prop_assert_eq!(named(&left, true), ours.difference(&theirs).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(named(&left, false), theirs.difference(&ours).copied().collect::<BTreeSet<_>>());
        }

        #[test]
        fn it_names_all_or_none(rows in btree_set(any::<u64>(), 0..60)) {
            if let Some(left) = sketch(16, rows.iter().copied()).left() {
                prop_assert_eq!(named(&left, true), rows);
            }
        }

        #[test]
        fn keys_read_back(columns in vec(proptest::option::of("\\PC{0,9}"), 0..4)) {
            let mut bytes = Vec::new();
            for column in &columns {
                write_key(&mut bytes, column.as_deref().map(|text| |out: &mut Vec<u8>| out.extend_from_slice(text.as_bytes())));
            }
            prop_assert_eq!(read_key(&bytes).unwrap(), columns.iter().map(Option::as_deref).collect::<Vec<_>>());
        }

        #[test]
        fn garbage_is_no_sketch(bytes in vec(any::<u8>(), 0..400)) {
            if let Some(sketch) = Sketch::from_bytes(&bytes) {
                let _ = sketch.left();
            }
            let _ = read_key(&bytes);
            // With a head that is one.
            let mut sketch = sketch(8, [1]).to_bytes();
            sketch.truncate(36);
            sketch.extend(&bytes);
            let _ = Sketch::from_bytes(&sketch).and_then(Sketch::left);
        }
    }
}
