//! The digest of a multiset: how many values, and the wide sum of their hashes.
//!
//! A sum does not ask for an order, so any reader, any parallel worker and any chunk may contribute in any
//! order, and sums over parts add up to the sum over the whole. 192 bits leave room for 2^64 hashes of 128 bits
//! without wrapping, so a value that occurs twice is never the same as none.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

/// Count and sum of 128-bit hashes. Written as `count:48 hexadecimal digits`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest {
    count: u64,
    low: u128,
    high: u64,
}

impl Digest {
    /// Bytes of [`Digest::to_bytes`].
    pub const SIZE: usize = 32;

    /// Adds one hash.
    #[inline]
    pub fn add_hash(&mut self, hash: u128) {
        let (low, carry) = self.low.overflowing_add(hash);
        self.low = low;
        self.high = self.high.wrapping_add(u64::from(carry));
        self.count += 1;
    }

    /// How many hashes were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Fixed-size form, for moving a partial aggregate between processes of one machine.
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..8].copy_from_slice(&self.count.to_le_bytes());
        bytes[8..24].copy_from_slice(&self.low.to_le_bytes());
        bytes[24..].copy_from_slice(&self.high.to_le_bytes());
        bytes
    }

    /// Reads [`Digest::to_bytes`].
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut count = [0; 8];
        let mut low = [0; 16];
        let mut high = [0; 8];
        count.copy_from_slice(&bytes[..8]);
        low.copy_from_slice(&bytes[8..24]);
        high.copy_from_slice(&bytes[24..]);
        Self {
            count: u64::from_le_bytes(count),
            low: u128::from_le_bytes(low),
            high: u64::from_le_bytes(high),
        }
    }
}

impl Add for Digest {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        Self {
            count: self.count.wrapping_add(other.count),
            low,
            high: self.high.wrapping_add(other.high).wrapping_add(u64::from(carry)),
        }
    }
}

impl AddAssign for Digest {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Digest {
    type Output = Self;

    /// The digest of what `self` has more than `other`: the rows that came in between two digests.
    fn sub(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self {
            count: self.count.wrapping_sub(other.count),
            low,
            high: self.high.wrapping_sub(other.high).wrapping_sub(u64::from(borrow)),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:016x}{:032x}", self.count, self.high, self.low)
    }
}

/// The text is not `count:48 hexadecimal digits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: expected a count, a colon and 48 hexadecimal digits")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let (count, sum) = text.split_once(':').ok_or(NotADigest)?;
        let all_hex = sum.len() == 48 && sum.bytes().all(|b| b.is_ascii_hexdigit());
        if !all_hex || count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotADigest);
        }
        let (high, low) = sum.split_at(16);
        Ok(Self {
            count: count.parse().map_err(|_| NotADigest)?,
            high: u64::from_str_radix(high, 16).map_err(|_| NotADigest)?,
            low: u128::from_str_radix(low, 16).map_err(|_| NotADigest)?,
        })
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn of(hashes: &[u128]) -> Digest {
        let mut digest = Digest::default();
        hashes.iter().for_each(|&h| digest.add_hash(h));
        digest
    }

    #[test]
    fn two_of_the_same_are_not_none() {
        assert_ne!(of(&[1 << 127, 1 << 127]), of(&[0, 0]));
        assert_ne!(of(&[0]), of(&[]));
    }

    proptest! {
        #[test]
        fn order_and_cut_do_not_matter(hashes in vec(any::<u128>(), 0..40), cut in 0usize..40) {
            let (a, b) = hashes.split_at(cut.min(hashes.len()));
            prop_assert_eq!(of(a) + of(b), of(&hashes));
            prop_assert_eq!(of(&hashes) - of(a), of(b));
            let mut reversed = hashes.clone();
            reversed.reverse();
            prop_assert_eq!(of(&reversed), of(&hashes));
        }

        #[test]
        fn both_forms_round_trip(hashes in vec(any::<u128>(), 0..40)) {
            let digest = of(&hashes);
            prop_assert_eq!(digest.to_string().parse(), Ok(digest));
            prop_assert_eq!(Digest::from_bytes(&digest.to_bytes()), digest);
        }

        #[test]
        fn garbage_is_an_error_not_a_panic(text in "[0-9a-fA-F:+ -]{0,70}") {
            prop_assert_eq!(text.parse::<Digest>().is_ok(), text.len() > 49 && text.as_bytes()[text.len() - 49] == b':'
                && text.bytes().enumerate().all(|(i, b)| if i < text.len() - 49 { b.is_ascii_digit() } else { i == text.len() - 49 || b.is_ascii_hexdigit() })
                && text[..text.len() - 49].parse::<u64>().is_ok());
        }
    }
}
