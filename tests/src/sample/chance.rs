//! Repeatable chance: a value depends on its table, its column and its row, and on nothing else.
//!
//! So a row is the same whatever was written before it, and a larger sample starts with the same rows as a smaller one.

/// A source of numbers for one row of one table.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// The numbers of row `row` of the table whose seed is `table`.
    pub const fn new(table: u64, row: u64) -> Self {
        Self { state: mix(table.wrapping_mul(0xD134_2543_DE82_EF95) ^ mix(row)) }
    }

    /// The next number, evenly spread over all of `u64`.
    pub const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// A number from 0 to `bound - 1`. A bound of zero gives zero.
    pub const fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product: no division, and the low bits weigh as much as the high ones.
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub const fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low) as u64 + 1) as i64
    }

    /// True once in `n` times.
    pub const fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `choices`.
    pub const fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// The finaliser of SplitMix64: every bit of the input moves about half the bits of the output.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
