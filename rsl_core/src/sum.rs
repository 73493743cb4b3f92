//! An exact sum of any number of exact numbers, which cannot overflow.

use crate::canonical::Number;

/// A running sum: whole numbers in 128 bits, all others per base-10000 position, carried only when it is read.
/// An `i64` takes 9 × 10^14 digits of base 10000 before it could overflow, an `i128` 10^19 integers of 64 bits.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    whole: i128,
    /// `groups[i]` counts units of `10000^(lowest + i)`.
    groups: Vec<i64>,
    lowest: i32,
    /// NaN or an infinity was added: the sum is no number.
    special: bool,
}

impl Sum {
    /// Adds one number.
    #[inline]
    pub fn add(&mut self, number: Number<'_>) {
        match number {
            Number::Integer(value) => self.whole += i128::from(value),
            Number::Digits { negative, weight, digits } => {
                let lowest = i32::from(weight) - (digits.len() as i32 - 1);
                self.make_room(lowest, i32::from(weight));
                let at = (lowest - self.lowest) as usize;
                for (group, &digit) in self.groups[at..].iter_mut().zip(digits.iter().rev()) {
                    *group += if negative { -i64::from(digit) } else { i64::from(digit) };
                }
            }
            Number::Special(_) => self.special = true,
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Sum) {
        self.combine(other, 1);
    }

    /// Takes another sum away.
    pub fn subtract(&mut self, other: &Sum) {
        self.combine(other, -1);
    }

    fn combine(&mut self, other: &Sum, sign: i64) {
        self.whole += other.whole * i128::from(sign);
        self.special |= other.special;
        if !other.groups.is_empty() {
            self.make_room(other.lowest, other.lowest + other.groups.len() as i32 - 1);
            let at = (other.lowest - self.lowest) as usize;
            for (group, more) in self.groups[at..].iter_mut().zip(&other.groups) {
                *group += more * sign;
            }
        }
    }

    fn make_room(&mut self, lowest: i32, highest: i32) {
        if self.groups.is_empty() {
            self.lowest = lowest;
        }
        if lowest < self.lowest {
            let more = (self.lowest - lowest) as usize;
            self.groups.splice(0..0, std::iter::repeat_n(0, more));
            self.lowest = lowest;
        }
        let needed = (highest - self.lowest + 1) as usize;
        if self.groups.len() < needed {
            self.groups.resize(needed, 0);
        }
    }

    /// The sum in decimal, without zeros at the end of its places; `NaN` if a number was none.
    pub fn to_decimal_string(&self) -> String {
        if self.special {
            return "NaN".to_owned();
        }
        // All groups from the lowest place to well above the highest carry: 10000^10 > i128::MAX.
        let lowest = self.lowest.min(0);
        let highest = (self.lowest + self.groups.len() as i32).max(0) + 11;
        let mut groups = vec![0i128; (highest - lowest) as usize];
        for (i, &group) in self.groups.iter().enumerate() {
            groups[(self.lowest - lowest) as usize + i] += i128::from(group);
        }
        groups[(-lowest) as usize] += self.whole;
        let negative = carry(&mut groups);
        if negative {
            groups.iter_mut().for_each(|group| *group = -*group);
            carry(&mut groups);
        }
        let text = |groups: &[i128]| groups.iter().rev().map(|g| format!("{g:04}")).collect::<String>();
        let (places, whole) = groups.split_at((-lowest) as usize);
        let whole = text(whole);
        let whole = whole.trim_start_matches('0');
        let places = text(places);
        let places = places.trim_end_matches('0');
        let sign = if negative { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        if places.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{places}") }
    }

    /// Reads what [`Sum::to_decimal_string`] writes of a number; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
        let place_groups = places.len().div_ceil(4);
        // Not by a width of `format!`, which has 16 bits: a numeric may have more digits.
        let padded = format!("{whole}{places}{}", "0".repeat(place_groups * 4 - places.len()));
        if whole.is_empty() || !padded.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let groups = padded.as_bytes().rchunks(4).map(|group| {
            let value = group.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0'));
            if negative { -value } else { value }
        });
        Some(Self { whole: 0, groups: groups.collect(), lowest: -(place_groups as i32), special: false })
    }

    /// Hands over a sum that was just read with [`Sum::parse`] as the number that it is.
    pub(crate) fn as_number<T>(&self, seen: impl FnOnce(Number<'_>) -> T) -> Option<T> {
        let negative = self.groups.iter().any(|&group| group < 0);
        let digits: Option<Vec<i16>> =
            self.groups.iter().rev().map(|group| i16::try_from(group.unsigned_abs()).ok()).collect();
        let highest = i32::try_from(self.groups.len()).ok()? - 1 + self.lowest;
        Some(seen(Number::from_base10000(negative, i16::try_from(highest).ok()?, &digits?)))
    }

    /// Bytes for moving a partial aggregate between processes of one machine.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.whole.to_le_bytes());
        out.extend_from_slice(&self.lowest.to_le_bytes());
        out.push(u8::from(self.special));
        out.extend_from_slice(&(self.groups.len() as u32).to_le_bytes());
        self.groups.iter().for_each(|group| out.extend_from_slice(&group.to_le_bytes()));
    }

    /// Reads [`Sum::write_to`] from the front of `bytes`; `None` if they are not one.
    pub fn read_from(bytes: &mut &[u8]) -> Option<Self> {
        let whole = i128::from_le_bytes(*bytes.split_off(..16)?.first_chunk()?);
        let lowest = i32::from_le_bytes(*bytes.split_off(..4)?.first_chunk()?);
        // Weights and numbers of digits have 16 bits.
        if lowest.unsigned_abs() > 1 << 17 {
            return None;
        }
        let special = *bytes.split_off_first()? != 0;
        let len = u32::from_le_bytes(*bytes.split_off(..4)?.first_chunk()?) as usize;
        let groups = bytes.split_off(..len.checked_mul(8)?)?;
        let groups = groups.as_chunks::<8>().0.iter().map(|group| i64::from_le_bytes(*group)).collect();
        Some(Self { whole, groups, lowest, special })
    }
}

/// Carries so that every group but the last is 0..9999; true if the number is below zero.
fn carry(groups: &mut [i128]) -> bool {
    let mut carry = 0;
    for group in groups.iter_mut() {
        let value = *group + carry;
        *group = value.rem_euclid(10000);
        carry = value.div_euclid(10000);
    }
    if carry < 0 {
        // Ten-thousands' complement: put the borrow back where the next carry can see it.
        if let Some(last) = groups.last_mut() {
            *last += carry * 10000;
        }
    }
    carry < 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decimal;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn sum<'a>(values: impl IntoIterator<Item = &'a Decimal>) -> Sum {
        let mut sum = Sum::default();
        for value in values {
            sum.add(Number::from(&value.to_base10000()));
        }
        sum
    }

    #[test]
    fn a_million_times_the_largest_decimal() {
        let largest: Decimal = "99999999999999999999999999999999999999".parse().unwrap();
        let mut total = Sum::default();
        for _ in 0..1000 {
            total.add(Number::from(&largest.to_base10000()));
        }
        let mut more = Sum::default();
        for _ in 0..1000 {
            more.merge(&total);
        }
        assert_eq!(more.to_decimal_string(), "99999999999999999999999999999999999999000000");
        let mut none = more.clone();
        none.subtract(&more);
        assert_eq!(none.to_decimal_string(), "0");
    }

    #[test]
    fn a_sum_of_any_length_reads_back() {
        let (whole, places) = ("9".repeat(131_073), "1".repeat(70_001));
        for text in [whole.clone(), format!("-{whole}.{places}"), format!("0.{places}")] {
            assert_eq!(Sum::parse(&text).map(|sum| sum.to_decimal_string()), Some(text));
        }
    }

    proptest! {
        #[test]
        fn is_the_exact_sum(values in vec((-10_000_000_000_000_000i128..10_000_000_000_000_000, 0u8..12), 0..30), cut in 0usize..30) {
            let decimals: Vec<_> = values.iter().map(|&(m, s)| Decimal::new(m, s).unwrap()).collect();
            let exact: i128 = values.iter().map(|&(m, s)| m * 10i128.pow(11 - u32::from(s))).sum();
            let exact = Decimal::new(exact, 11).unwrap().normalized().to_string();
            prop_assert_eq!(sum(&decimals).to_decimal_string(), exact.clone());
            prop_assert_eq!(Sum::parse(&exact).unwrap().to_decimal_string(), exact.clone());
            let (a, b) = decimals.split_at(cut.min(decimals.len()));
            let mut merged = sum(a);
            let mut bytes = Vec::new();
            sum(b).write_to(&mut bytes);
            merged.merge(&Sum::read_from(&mut bytes.as_slice()).unwrap());
            prop_assert_eq!(merged.to_decimal_string(), exact);
        }

        #[test]
        fn cut_bytes_are_refused(cut in 0usize..60) {
            let mut bytes = Vec::new();
            sum(&["1.5".parse().unwrap(), "-0.0001".parse().unwrap()]).write_to(&mut bytes);
            prop_assume!(cut < bytes.len());
            prop_assert!(Sum::read_from(&mut &bytes[..cut]).is_none());
        }
    }
}
