//! Many changes, cut into blocks.

use super::Kind;
use super::encoding::Malformed;

/// Bytes of a block that holds more than one change: two fit into a page of PostgreSQL, with what stands beside them.
const BLOCK: usize = 3_800;

/// From so many changes on, changes share blocks with those whose keys have similar hashes. Fewer get a block each: then a
/// key is found by its hash alone, however many small statements the log holds.
const MANY: usize = 1_000;

/// Bits of the hash that name the bucket of a single change.
const SINGLE_BITS: u32 = 48;

/// Bits that name the bucket of one of many changes, at most.
const MOST_BITS: u32 = 20;

/// Changes of one table in one statement, on their way into blocks.
#[derive(Debug, Default)]
pub struct Changes {
    data: Vec<u8>,
    entries: Vec<Entry>,
    block: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    start: u32,
    end: u32,
}

impl Changes {
    /// Adds a change of the row whose key has this hash; `write` writes its rows.
    #[inline]
    pub fn push(&mut self, kind: Kind, hash: u64, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.data.len() as u32;
        self.data.push(kind.letter());
        write(&mut self.data);
        self.entries.push(Entry { hash, start, end: self.data.len() as u32 });
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes that they take.
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Gives all of them, as blocks, and is empty then. A block comes with its bucket: where [`bucket_path`] looks for the
    /// keys in it.
    pub fn blocks<E>(&mut self, mut give: impl FnMut(i64, u32, &[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut entries = std::mem::take(&mut self.entries);
        let mut block = std::mem::take(&mut self.block);
        let bits = if entries.len() < MANY {
            SINGLE_BITS
        } else {
            (self.data.len() / BLOCK).max(1).ilog2().min(MOST_BITS)
        };
        if bits < SINGLE_BITS {
            // Those of one key stay in their order.
            entries.sort_unstable_by_key(|entry| (entry.hash, entry.start));
            for bucket in entries.chunk_by(|a, b| bucket(a.hash, bits) == bucket(b.hash, bits)) {
                // In pieces of about the same size, so that pages are filled.
                let bytes: usize = bucket.iter().map(|entry| entry.bytes()).sum();
                let piece = bytes / bytes.div_ceil(BLOCK);
                let mut rest = bucket;
                while !rest.is_empty() {
                    let mut taken = 0;
                    let sum = |entry: &&Entry| {
                        taken += entry.bytes();
                        taken - entry.bytes() <= piece
                    };
                    let count = rest.iter().take_while(sum).count().max(1);
                    let (some, others) = rest.split_at(count);
                    self.put_block(&mut block, some);
                    give(bucket_of(some, bits), some.len() as u32, &block)?;
                    rest = others;
                }
            }
        } else {
            for entry in entries.chunks(1) {
                self.put_block(&mut block, entry);
                give(bucket_of(entry, bits), 1, &block)?;
            }
        }
        entries.clear();
        self.data.clear();
        (self.entries, self.block) = (entries, block);
        Ok(())
    }

    fn put_block(&self, block: &mut Vec<u8>, entries: &[Entry]) {
        block.clear();
        block.extend_from_slice(&(entries.len() as u32).to_le_bytes());
        entries.iter().for_each(|entry| block.extend_from_slice(&entry.hash.to_le_bytes()));
        let mut end = 0;
        for entry in entries {
            end += entry.end - entry.start;
            block.extend_from_slice(&end.to_le_bytes());
        }
        for entry in entries {
            block.extend_from_slice(&self.data[entry.start as usize..entry.end as usize]);
        }
    }
}

impl Entry {
    /// With what the block needs beside it.
    fn bytes(&self) -> usize {
        (self.end - self.start) as usize + 12
    }
}

fn bucket_of(entries: &[Entry], bits: u32) -> i64 {
    entries.first().map_or(0, |entry| bucket(entry.hash, bits))
}

/// The first `bits` of a hash, with a one before them: 1 is the bucket of all hashes, 2 and 3 are its halves, and so on.
fn bucket(hash: u64, bits: u32) -> i64 {
    (1 << bits | hash.checked_shr(64 - bits).unwrap_or(0)) as i64
}

/// All buckets in which a key of this hash may be.
pub fn bucket_path(hash: u64) -> Vec<i64> {
    (0..=MOST_BITS).chain([SINGLE_BITS]).map(|bits| bucket(hash, bits)).collect()
}

/// A block, to be read.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    hashes: &'a [[u8; 8]],
    ends: &'a [[u8; 4]],
    data: &'a [u8],
}

impl<'a> Block<'a> {
    /// Looks at the lists in front; the changes themselves are read by [`super::Change::read`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        const SHORT: Malformed = Malformed("a block that ends too early");
        let (count, rest) = bytes.split_first_chunk::<4>().ok_or(SHORT)?;
        let count = u32::from_le_bytes(*count) as usize;
        let (hashes, rest) = rest.split_at_checked(count.saturating_mul(8)).ok_or(SHORT)?;
        let (ends, data) = rest.split_at_checked(count.saturating_mul(4)).ok_or(SHORT)?;
        let block = Block { hashes: hashes.as_chunks().0, ends: ends.as_chunks().0, data };
        let last = block.ends.last().map_or(0, |end| u32::from_le_bytes(*end) as usize);
        if last != data.len() || !block.ends.is_sorted_by_key(|end| u32::from_le_bytes(*end)) {
            return Err(Malformed("a block whose list does not fit its changes"));
        }
        Ok(block)
    }

    /// Changes in it.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The hash of the key and the bytes of a change.
    pub fn get(&self, at: usize) -> Option<(u64, &'a [u8])> {
        let end = |at: usize| u32::from_le_bytes(self.ends[at]) as usize;
        let hash = u64::from_le_bytes(*self.hashes.get(at)?);
        Some((hash, &self.data[if at == 0 { 0 } else { end(at - 1) }..end(at)]))
    }
}
