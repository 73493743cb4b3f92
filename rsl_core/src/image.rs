//! Images of changed rows, as the audit log stores them: compact, portable, and readable with nothing but the shape that the
//! table had at that time.
//!
//! A *block* holds changes of one table, ordered by the hash of their key, so that those of one key are found without reading
//! the others. Whole numbers are little-endian:
//!
//! ```text
//! block   = count u32, count × hash u64, count × end of the change u32 (from the end of this list), changes
//! change  = kind u8, then
//!           insert, delete, truncate:       row
//!           update:                         changed bits, NULL bits of old and of new, key values, old values, new values
//!           a key that changed (two kinds): old row, new row
//! row     = NULL bits, values
//! fields  = bits of the columns that are there, NULL bits, values
//! ```
//!
//! Bits are one for each column of the shape, the lowest bit of the first byte first. A value of fixed width is its bytes; any
//! other is its length (LEB128) and its bytes. A key that an update does not change stands with the old row.

mod block;
mod encoding;

pub use block::{Block, Changes, bucket_path};
pub use encoding::{Encoding, Malformed, put_bytes};

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is new.
    Insert,
    /// Fields have changed, none of them of the key.
    Update,
    /// It is gone.
    Delete,
    /// It is gone with all others.
    Truncate,
    /// Its key has changed: the account under the old key.
    KeyChanged,
    /// The same under the new key.
    KeyCame,
}

impl Kind {
    const ALL: [(Kind, u8); 6] = [
        (Kind::Insert, b'I'),
        (Kind::Update, b'U'),
        (Kind::Delete, b'D'),
        (Kind::Truncate, b'T'),
        (Kind::KeyChanged, b'K'),
        (Kind::KeyCame, b'C'),
    ];

    /// The letter that stands for it.
    pub fn letter(self) -> u8 {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or(0, |(_, letter)| *letter)
    }

    fn from_letter(letter: u8) -> Result<Self, Malformed> {
        Self::ALL
            .iter()
            .find(|(_, one)| *one == letter)
            .map(|(kind, _)| *kind)
            .ok_or(Malformed("unknown kind of change"))
    }
}

/// How the columns of a table were stored at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// One for each column.
    pub encodings: Vec<Encoding>,
    /// Positions of the key.
    pub key: Vec<usize>,
}

impl Layout {
    fn bitmap(&self) -> usize {
        self.encodings.len().div_ceil(8)
    }
}

/// Writes a row: `value` writes the value at a position and says whether there is one.
#[inline]
pub fn put_row(out: &mut Vec<u8>, columns: usize, mut value: impl FnMut(usize, &mut Vec<u8>) -> bool) {
    let nulls = put_bitmap(out, columns);
    for at in 0..columns {
        if !value(at, out) {
            set_bit(&mut out[nulls..], at);
        }
    }
}

/// Writes an update of the columns that `changed` marks: `value` writes the old (false) or new (true) value at a position and
/// says whether there is one.
#[inline]
pub fn put_update(
    out: &mut Vec<u8>,
    key: &[usize],
    changed: &[bool],
    mut value: impl FnMut(bool, usize, &mut Vec<u8>) -> bool,
) {
    let bits = put_bitmap(out, changed.len());
    let nulls = [put_bitmap(out, changed.len()), put_bitmap(out, changed.len())];
    let marked = || changed.iter().enumerate().filter(|(_, changed)| **changed).map(|(at, _)| at);
    for at in marked() {
        set_bit(&mut out[bits..], at);
    }
    for at in key.iter().copied().chain(marked()) {
        if !value(false, at, out) {
            set_bit(&mut out[nulls[0]..], at);
        }
    }
    for at in marked() {
        if !value(true, at, out) {
            set_bit(&mut out[nulls[1]..], at);
        }
    }
}

/// Makes room for a bit for each column and says where.
#[inline]
fn put_bitmap(out: &mut Vec<u8>, columns: usize) -> usize {
    let at = out.len();
    out.resize(at + columns.div_ceil(8), 0);
    at
}

#[inline]
fn set_bit(bitmap: &mut [u8], at: usize) {
    bitmap[at / 8] |= 1 << (at % 8);
}

#[inline]
fn bit(bitmap: &[u8], at: usize) -> bool {
    bitmap[at / 8] & 1 << (at % 8) != 0
}

/// Some columns of a row, by position; none is NULL.
pub type Fields<'a> = Vec<(usize, Option<&'a [u8]>)>;

/// A change, read.
#[derive(Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// What happened.
    pub kind: Kind,
    /// The key under which it is found: of a [`Kind::KeyCame`] the new one, else the one before the change.
    pub key: Fields<'a>,
    /// What was there: of an update, the fields that changed.
    pub old: Option<Fields<'a>>,
    /// What is there now: of an update, the fields that changed.
    pub new: Option<Fields<'a>>,
}

impl<'a> Change<'a> {
    /// Reads a change of a table that had this layout.
    pub fn read(bytes: &'a [u8], layout: &Layout) -> Result<Self, Malformed> {
        let mut reader = Reader { rest: bytes };
        let kind = Kind::from_letter(reader.take(1)?[0])?;
        let change = match kind {
            Kind::Insert => {
                let new = reader.row(layout)?;
                Change { kind, key: key_of(&new, layout), old: None, new: Some(new) }
            }
            Kind::Delete | Kind::Truncate => {
                let old = reader.row(layout)?;
                Change { kind, key: key_of(&old, layout), old: Some(old), new: None }
            }
            Kind::KeyChanged | Kind::KeyCame => {
                let (old, new) = (reader.row(layout)?, reader.row(layout)?);
                let key = key_of(if kind == Kind::KeyCame { &new } else { &old }, layout);
                Change { kind, key, old: Some(old), new: Some(new) }
            }
            Kind::Update => {
                let bitmap = layout.bitmap();
                let (changed, old_nulls) = (reader.take(bitmap)?, reader.take(bitmap)?);
                let new_nulls = reader.take(bitmap)?;
                let marked = || (0..layout.encodings.len()).filter(|&at| bit(changed, at));
                let key = reader.fields(layout, layout.key.iter().copied(), old_nulls)?;
                let old = reader.fields(layout, marked(), old_nulls)?;
                let new = reader.fields(layout, marked(), new_nulls)?;
                Change { kind, key, old: Some(old), new: Some(new) }
            }
        };
        if reader.rest.is_empty() { Ok(change) } else { Err(Malformed("bytes behind a change")) }
    }
}

fn key_of<'a>(row: &Fields<'a>, layout: &Layout) -> Fields<'a> {
    layout.key.iter().filter_map(|&at| row.get(at).copied()).collect()
}

/// Writes fields with what they need to be read alone.
pub fn put_fields(out: &mut Vec<u8>, fields: &Fields<'_>, layout: &Layout) {
    let columns = layout.encodings.len();
    let (present, nulls) = (put_bitmap(out, columns), put_bitmap(out, columns));
    let mut ordered: Vec<_> = fields.iter().filter(|(at, _)| *at < columns).collect();
    ordered.sort_by_key(|(at, _)| *at);
    for (at, value) in ordered {
        set_bit(&mut out[present..], *at);
        match value {
            Some(value) if layout.encodings[*at].width().is_some() => out.extend_from_slice(value),
            Some(value) => put_bytes(out, value),
            None => set_bit(&mut out[nulls..], *at),
        }
    }
}

/// Reads what [`put_fields`] has written.
pub fn read_fields<'a>(bytes: &'a [u8], layout: &Layout) -> Result<Fields<'a>, Malformed> {
    let mut reader = Reader { rest: bytes };
    let (present, nulls) = (reader.take(layout.bitmap())?, reader.take(layout.bitmap())?);
    let there = (0..layout.encodings.len()).filter(|&at| bit(present, at));
    let fields = reader.fields(layout, there, nulls)?;
    if reader.rest.is_empty() { Ok(fields) } else { Err(Malformed("bytes behind the fields")) }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn row(&mut self, layout: &Layout) -> Result<Fields<'a>, Malformed> {
        let nulls = self.take(layout.bitmap())?;
        self.fields(layout, 0..layout.encodings.len(), nulls)
    }

    fn fields(
        &mut self,
        layout: &Layout,
        columns: impl Iterator<Item = usize>,
        nulls: &[u8],
    ) -> Result<Fields<'a>, Malformed> {
        columns
            .map(|at| {
                let encoding =
                    layout.encodings.get(at).ok_or(Malformed("a column that the table did not have"))?;
                Ok((at, if bit(nulls, at) { None } else { Some(self.value(*encoding)?) }))
            })
            .collect()
    }

    fn value(&mut self, encoding: Encoding) -> Result<&'a [u8], Malformed> {
        match encoding.width() {
            Some(width) => self.take(width),
            None => {
                let (length, rest) = encoding::read_length(self.rest)?;
                self.rest = rest;
                self.take(length)
            }
        }
    }
}

#[cfg(test)]
mod tests;
