//! What a witness knows of a column besides its digest, NULLs and sum: the smallest and the largest value, and how long its
//! texts and binary values are together. All of it is what SQL can compute, too: `min`, `max`, `sum(length(…))`.

use std::cmp::Ordering;

use crate::canonical::{Number, without_trailing_spaces};
use crate::sum::Sum;
use crate::temporal;

/// What is to be seen of a value besides its hash.
#[derive(Debug, Clone, Copy)]
pub enum Measure<'a> {
    /// Neither ordered here nor measured: booleans, uuids, jsonb and what else there is.
    None,
    /// Of an exact numeric type.
    Number(Number<'a>),
    /// Of a floating-point type.
    Float(f64),
    /// Days since 2000-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 2000-01-01.
    Timestamp(i64),
    /// Microseconds since 2000-01-01 in UTC.
    TimestampTz(i64),
    /// UTF-8, which is counted.
    Text(&'a [u8]),
    /// The same of `character(n)`, whose spaces at the end do not count.
    PaddedText(&'a [u8]),
    /// What was counted already.
    Length(Length),
}

impl Measure<'_> {
    /// Appends the value in the words of an account, which the value's type reads back; false, and nothing, of what has none.
    pub fn write_text(&self, out: &mut Vec<u8>) -> bool {
        let words = match *self {
            Measure::None | Measure::Length(_) => return false,
            Measure::Text(text) => {
                out.extend_from_slice(text);
                return true;
            }
            Measure::PaddedText(text) => {
                out.extend_from_slice(without_trailing_spaces(text));
                return true;
            }
            Measure::Number(Number::Integer(value)) => value.to_string(),
            Measure::Number(number) => Kept::new(number).text(),
            Measure::Float(value) => float_text(if value == 0.0 { 0.0 } else { value }),
            Measure::Date(days) => date_text(days),
            Measure::Time(micros) => time_text(micros),
            Measure::Timestamp(micros) => timestamp_text(micros),
            Measure::TimestampTz(micros) => timestamp_text(micros) + "Z",
        };
        out.extend_from_slice(words.as_bytes());
        true
    }

    /// Appends the value as a key, in words that its type reads back in every server; false of what has none: a type without words,
    /// a day before our era or beyond the year 9999, infinity.
    pub fn write_key(&self, out: &mut Vec<u8>) -> bool {
        let at = out.len();
        let is_day = matches!(self, Measure::Date(_) | Measure::Timestamp(_) | Measure::TimestampTz(_));
        let in_our_era = |text: &[u8]| match text {
            [year @ .., b'-'] => year.iter().all(u8::is_ascii_digit) && year != b"0000",
            _ => false,
        };
        self.write_text(out) && (!is_day || out[at..].get(..5).is_some_and(in_our_era))
    }
}

/// The length of texts in characters, or of binary values in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Length {
    /// Characters (code points) or bytes.
    pub units: u64,
    /// How many characters are beyond U+FFFF: in UTF-16, which SQL Server counts, each is two.
    pub astral: u64,
}

impl Length {
    /// Counts the characters of UTF-8.
    #[inline]
    pub fn of_text(text: &[u8]) -> Self {
        let (mut units, mut astral) = (0, 0);
        if text.is_ascii() {
            units = text.len() as u64;
        } else {
            for &byte in text {
                // Every byte but the continuations begins a character; from 0xF0 on, one of four bytes.
                units += u64::from((byte as i8) >= -0x40);
                astral += u64::from(byte >= 0xF0);
            }
        }
        Self { units, astral }
    }

    /// Of bytes.
    #[inline]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self { units: bytes.len() as u64, astral: 0 }
    }

    fn add(&mut self, more: Length) {
        self.units = self.units.wrapping_add(more.units);
        self.astral = self.astral.wrapping_add(more.astral);
    }
}

/// A number that is kept.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    negative: bool,
    weight: i16,
    digits: Vec<i16>,
    /// [`Number::Special`], if it is one.
    special: Option<u8>,
}

impl Kept {
    fn new(number: Number<'_>) -> Self {
        let mut groups = [0; 5];
        let (negative, weight, digits) = parts(number, &mut groups);
        let special = if let Number::Special(which) = number { Some(which) } else { None };
        Self { negative, weight, digits: digits.to_vec(), special }
    }

    fn number(&self) -> Number<'_> {
        match self.special {
            Some(which) => Number::Special(which),
            None => Number::from_base10000(self.negative, self.weight, &self.digits),
        }
    }

    fn text(&self) -> String {
        match self.special {
            Some(0) => "NaN".to_owned(),
            Some(1) => "Infinity".to_owned(),
            Some(_) => "-Infinity".to_owned(),
            None => {
                let mut sum = Sum::default();
                sum.add(self.number());
                sum.to_decimal_string()
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let special =
            |which| Some(Self { negative: false, weight: 0, digits: Vec::new(), special: Some(which) });
        match text {
            "NaN" => special(0),
            "Infinity" => special(1),
            "-Infinity" => special(2),
            _ => Sum::parse(text)?.as_number(Self::new),
        }
    }
}

/// Sign, weight and digits without zeros at either end; of a whole number, in `groups`.
fn parts<'a>(number: Number<'a>, groups: &'a mut [i16; 5]) -> (bool, i16, &'a [i16]) {
    match number {
        Number::Digits { negative, weight, digits } => (negative, weight, digits),
        Number::Integer(value) => {
            let mut rest = value.unsigned_abs();
            let mut first = groups.len();
            while rest > 0 {
                first -= 1;
                groups[first] = (rest % 10_000) as i16;
                rest /= 10_000;
            }
            let weight = groups.len() as i16 - 1 - first as i16;
            let digits = &groups[first..];
            let end = digits.iter().rposition(|&digit| digit != 0).map_or(0, |at| at + 1);
            (value < 0, weight, &digits[..end])
        }
        Number::Special(_) => (false, 0, &[]),
    }
}

/// As PostgreSQL orders numeric: −Infinity, the numbers, Infinity, NaN.
fn compare(a: Number<'_>, b: Number<'_>) -> Ordering {
    let rank = |number| match number {
        Number::Special(2) => 0,
        Number::Special(1) => 2,
        Number::Special(_) => 3,
        _ => 1,
    };
    match (a, b) {
        (Number::Integer(a), Number::Integer(b)) => a.cmp(&b),
        (Number::Special(_), _) | (_, Number::Special(_)) => rank(a).cmp(&rank(b)),
        _ => {
            let (mut room_a, mut room_b) = ([0; 5], [0; 5]);
            let (negative_a, weight_a, a) = parts(a, &mut room_a);
            let (negative_b, weight_b, b) = parts(b, &mut room_b);
            let sign = |negative: bool, digits: &[i16]| match (digits.is_empty(), negative) {
                (true, _) => 0,
                (false, true) => -1,
                (false, false) => 1,
            };
            let (sign_a, sign_b) = (sign(negative_a, a), sign(negative_b, b));
            let by_size = || weight_a.cmp(&weight_b).then_with(|| a.cmp(b));
            sign_a.cmp(&sign_b).then_with(|| match sign_a {
                0 => Ordering::Equal,
                1 => by_size(),
                _ => by_size().reverse(),
            })
        }
    }
}

/// As PostgreSQL orders double precision: NaN is the largest. There is no −0.
fn compare_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The smallest and the largest of the values seen so far.
#[derive(Debug, Clone, Default, PartialEq)]
enum Range {
    /// No value yet.
    #[default]
    Empty,
    /// Values that are not ordered here, or of which somebody did not tell.
    Unknown,
    Whole(i64, i64),
    Number(Box<(Kept, Kept)>),
    Float(f64, f64),
    Date(i32, i32),
    Time(i64, i64),
    Timestamp(i64, i64),
    TimestampTz(i64, i64),
}

macro_rules! widen {
    ($range:expr, $kind:ident, $value:expr) => {
        match $range {
            Range::$kind(min, max) => {
                *min = (*min).min($value);
                *max = (*max).max($value);
            }
            Range::Empty => *$range = Range::$kind($value, $value),
            // One column has one kind of value.
            _ => *$range = Range::Unknown,
        }
    };
}

impl Range {
    #[inline]
    fn add_number(&mut self, number: Number<'_>) {
        if let Number::Integer(value) = number
            && matches!(self, Range::Whole(..) | Range::Empty)
        {
            widen!(self, Whole, value);
            return;
        }
        self.add_any_number(number);
    }

    fn add_any_number(&mut self, number: Number<'_>) {
        match self {
            Range::Number(ends) => {
                let (min, max) = &mut **ends;
                if compare(number, min.number()) == Ordering::Less {
                    *min = Kept::new(number);
                }
                if compare(number, max.number()) == Ordering::Greater {
                    *max = Kept::new(number);
                }
            }
            Range::Empty => *self = Range::Number(Box::new((Kept::new(number), Kept::new(number)))),
            Range::Whole(min, max) => {
                let (min, max) = (Number::Integer(*min), Number::Integer(*max));
                *self = Range::Number(Box::new((Kept::new(min), Kept::new(max))));
                self.add_any_number(number);
            }
            _ => *self = Range::Unknown,
        }
    }

    fn add_float(&mut self, value: f64) {
        // −0 is 0, as everywhere.
        let value = if value == 0.0 { 0.0 } else { value };
        match self {
            Range::Float(min, max) => {
                if compare_floats(value, *min) == Ordering::Less {
                    *min = value;
                }
                if compare_floats(value, *max) == Ordering::Greater {
                    *max = value;
                }
            }
            Range::Empty => *self = Range::Float(value, value),
            _ => *self = Range::Unknown,
        }
    }

    fn add(&mut self, more: &Range) {
        match more {
            Range::Empty => {}
            Range::Unknown => *self = Range::Unknown,
            Range::Whole(min, max) => {
                [min, max].into_iter().for_each(|&end| self.add_number(Number::Integer(end)))
            }
            Range::Number(ends) => {
                self.add_any_number(ends.0.number());
                self.add_any_number(ends.1.number());
            }
            Range::Float(min, max) => [min, max].into_iter().for_each(|&end| self.add_float(end)),
            Range::Date(min, max) => [min, max].into_iter().for_each(|&end| widen!(self, Date, end)),
            Range::Time(min, max) => [min, max].into_iter().for_each(|&end| widen!(self, Time, end)),
            Range::Timestamp(min, max) => {
                [min, max].into_iter().for_each(|&end| widen!(self, Timestamp, end))
            }
            Range::TimestampTz(min, max) => {
                [min, max].into_iter().for_each(|&end| widen!(self, TimestampTz, end));
            }
        }
    }

    fn texts(&self) -> Option<(String, String)> {
        Some(match self {
            Range::Empty | Range::Unknown => return None,
            Range::Whole(min, max) => (min.to_string(), max.to_string()),
            Range::Number(ends) => (ends.0.text(), ends.1.text()),
            Range::Float(min, max) => (float_text(*min), float_text(*max)),
            Range::Date(min, max) => (date_text(*min), date_text(*max)),
            Range::Time(min, max) => (time_text(*min), time_text(*max)),
            Range::Timestamp(min, max) => (timestamp_text(*min), timestamp_text(*max)),
            Range::TimestampTz(min, max) => (timestamp_text(*min) + "Z", timestamp_text(*max) + "Z"),
        })
    }

    /// Reads [`Range::texts`]. The form of the texts says of what kind they are; a float comes back as the decimal that its
    /// text is.
    fn parse(min: &str, max: &str) -> Option<Self> {
        let timestamp = |text: &str| Some(temporal::parse_timestamp(text)?.ticks / 10);
        let has_date = |text: &str| text.get(1..).is_some_and(|rest| rest.contains('-'));
        Some(match () {
            () if min.ends_with('Z') => Range::TimestampTz(timestamp(min)?, timestamp(max)?),
            () if has_date(min) && min.contains(':') => Range::Timestamp(timestamp(min)?, timestamp(max)?),
            () if has_date(min) && min.as_bytes()[0].is_ascii_digit() => {
                Range::Date(temporal::parse_date(min)?, temporal::parse_date(max)?)
            }
            () if min.contains(':') => {
                Range::Time(temporal::parse_time(min)? / 10, temporal::parse_time(max)? / 10)
            }
            () => Range::Number(Box::new((Kept::parse(min)?, Kept::parse(max)?))),
        })
    }
}

fn float_text(value: f64) -> String {
    match value {
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        value => value.to_string(),
    }
}

fn date_text(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => temporal::date_text(days),
    }
}

fn time_text(micros: i64) -> String {
    // A time of PostgreSQL is within a day.
    short(temporal::time_text(micros.saturating_mul(10)))
}

fn timestamp_text(micros: i64) -> String {
    match micros {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        micros => match micros.checked_mul(10) {
            Some(ticks) => short(temporal::timestamp_text(ticks).replace('T', " ")),
            // Beyond the year 30000: only the day can be told.
            None => temporal::date_text(micros.div_euclid(86_400_000_000) as i32),
        },
    }
}

/// Without zeros at the end of the seconds.
fn short(text: String) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extent {
    range: Range,
    /// None while there was no text or binary value.
    length: Option<Length>,
    /// Somebody did not tell of lengths.
    length_unknown: bool,
}

/// An [`Extent`] in words, for an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The smallest and the largest value, of numbers, dates and times.
    pub ends: Option<(String, String)>,
    /// Of texts and binary values.
    pub length: Option<Length>,
}

impl Extent {
    /// Adds a value.
    #[inline]
    pub fn add(&mut self, measure: Measure<'_>) {
        match measure {
            Measure::None => {}
            Measure::Number(number) => self.range.add_number(number),
            Measure::Float(value) => self.range.add_float(value),
            Measure::Date(value) => widen!(&mut self.range, Date, value),
            Measure::Time(value) => widen!(&mut self.range, Time, value),
            Measure::Timestamp(value) => widen!(&mut self.range, Timestamp, value),
            Measure::TimestampTz(value) => widen!(&mut self.range, TimestampTz, value),
            Measure::Text(text) => self.add_length(Length::of_text(text)),
            Measure::PaddedText(text) => self.add_length(Length::of_text(without_trailing_spaces(text))),
            Measure::Length(length) => self.add_length(length),
        }
    }

    #[inline]
    fn add_length(&mut self, length: Length) {
        self.length.get_or_insert_default().add(length);
    }

    /// Adds what another saw.
    pub fn merge(&mut self, more: &Extent) {
        self.range.add(&more.range);
        if let Some(length) = more.length {
            self.add_length(length);
        }
        self.length_unknown |= more.length_unknown;
    }

    /// Bytes for moving a partial aggregate between processes of one machine.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let kind = match &self.range {
            Range::Empty => 0,
            Range::Unknown => 1,
            Range::Whole(..) => 2,
            Range::Number(_) => 3,
            Range::Float(..) => 4,
            Range::Date(..) => 5,
            Range::Time(..) => 6,
            Range::Timestamp(..) => 7,
            Range::TimestampTz(..) => 8,
        };
        out.push(kind);
        match &self.range {
            Range::Empty | Range::Unknown => {}
            Range::Whole(min, max)
            | Range::Time(min, max)
            | Range::Timestamp(min, max)
            | Range::TimestampTz(min, max) => {
                [min, max].into_iter().for_each(|end| out.extend_from_slice(&end.to_le_bytes()));
            }
            Range::Date(min, max) => {
                [min, max].into_iter().for_each(|end| out.extend_from_slice(&end.to_le_bytes()))
            }
            Range::Float(min, max) => {
                [min, max].into_iter().for_each(|end| out.extend_from_slice(&end.to_le_bytes()))
            }
            Range::Number(ends) => {
                for end in [&ends.0, &ends.1] {
                    let text = end.text();
                    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    out.extend_from_slice(text.as_bytes());
                }
            }
        }
        out.push(u8::from(self.length.is_some()) | u8::from(self.length_unknown) << 1);
        if let Some(Length { units, astral }) = self.length {
            out.extend_from_slice(&units.to_le_bytes());
            out.extend_from_slice(&astral.to_le_bytes());
        }
    }

    /// Reads [`Extent::write_to`] from the front of `bytes`; `None` if they are not one.
    pub fn read_from(bytes: &mut &[u8]) -> Option<Self> {
        fn eight(bytes: &mut &[u8]) -> Option<[u8; 8]> {
            bytes.split_off(..8)?.first_chunk().copied()
        }
        fn four(bytes: &mut &[u8]) -> Option<[u8; 4]> {
            bytes.split_off(..4)?.first_chunk().copied()
        }
        fn number(bytes: &mut &[u8]) -> Option<Kept> {
            let length = u32::from_le_bytes(four(bytes)?) as usize;
            Kept::parse(std::str::from_utf8(bytes.split_off(..length)?).ok()?)
        }
        fn whole(bytes: &mut &[u8]) -> Option<i64> {
            eight(bytes).map(i64::from_le_bytes)
        }
        let range = match *bytes.split_off_first()? {
            0 => Range::Empty,
            1 => Range::Unknown,
            2 => Range::Whole(whole(bytes)?, whole(bytes)?),
            3 => Range::Number(Box::new((number(bytes)?, number(bytes)?))),
            4 => Range::Float(f64::from_le_bytes(eight(bytes)?), f64::from_le_bytes(eight(bytes)?)),
            5 => Range::Date(i32::from_le_bytes(four(bytes)?), i32::from_le_bytes(four(bytes)?)),
            6 => Range::Time(whole(bytes)?, whole(bytes)?),
            7 => Range::Timestamp(whole(bytes)?, whole(bytes)?),
            8 => Range::TimestampTz(whole(bytes)?, whole(bytes)?),
            _ => return None,
        };
        let flags = *bytes.split_off_first()?;
        let length = match flags & 1 {
            0 => None,
            _ => Some(Length {
                units: u64::from_le_bytes(eight(bytes)?),
                astral: u64::from_le_bytes(eight(bytes)?),
            }),
        };
        Some(Self { range, length, length_unknown: flags & 2 != 0 })
    }

    /// In words.
    pub fn tell(&self) -> Told {
        let length = if self.length_unknown { None } else { self.length };
        Told { ends: self.range.texts(), length }
    }

    /// From words. `values`: there are values that are not NULL, so that what is not told is not known.
    pub fn from_told(told: &Told, values: bool) -> Self {
        let unknown = if values { Range::Unknown } else { Range::Empty };
        Self {
            range: told
                .ends
                .as_ref()
                .map_or(unknown, |(min, max)| Range::parse(min, max).unwrap_or(Range::Unknown)),
            length: told.length,
            length_unknown: values && told.length.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decimal;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn of<'a>(measures: impl IntoIterator<Item = Measure<'a>>) -> Extent {
        let mut extent = Extent::default();
        measures.into_iter().for_each(|measure| extent.add(measure));
        extent
    }

    fn ends(extent: &Extent) -> (String, String) {
        extent.tell().ends.unwrap()
    }

    #[test]
    fn every_kind_has_its_words() {
        let text = |measure| ends(&of([measure])).0;
        assert_eq!(text(Measure::Number(Number::Integer(-7))), "-7");
        assert_eq!(text(Measure::Number(Number::Special(2))), "-Infinity");
        assert_eq!(text(Measure::Float(-0.0)), "0");
        assert_eq!(text(Measure::Float(1e21)), "1000000000000000000000");
        assert_eq!(text(Measure::Date(0)), "2000-01-01");
        assert_eq!(text(Measure::Date(i32::MAX)), "infinity");
        assert_eq!(text(Measure::Time(1_500_000)), "00:00:01.5");
        assert_eq!(text(Measure::Timestamp(0)), "2000-01-01 00:00:00");
        assert_eq!(text(Measure::TimestampTz(1)), "2000-01-01 00:00:00.000001Z");
        assert_eq!(of([Measure::None]).tell(), Told::default());
    }

    #[test]
    fn lengths_are_characters_or_bytes() {
        let length = |measure| of([measure]).tell().length.unwrap();
        assert_eq!(length(Measure::Text("가나😀 ".as_bytes())), Length { units: 4, astral: 1 });
        assert_eq!(length(Measure::PaddedText(b"ab  ")), Length { units: 2, astral: 0 });
        assert_eq!(length(Measure::Length(Length::of_bytes(&[0xF0; 3]))), Length { units: 3, astral: 0 });
        assert_eq!(length(Measure::Text(b"")), Length::default());
    }

    #[test]
    fn what_is_not_a_number_has_its_place() {
        let all = [0, 1, 2].map(|which| Measure::Number(Number::Special(which)));
        assert_eq!(ends(&of(all)), ("-Infinity".to_owned(), "NaN".to_owned()));
        let floats = of([1.0, f64::NAN, f64::NEG_INFINITY].map(Measure::Float));
        assert_eq!(ends(&floats), ("-Infinity".to_owned(), "NaN".to_owned()));
    }

    #[test]
    fn what_one_does_not_tell_both_do_not() {
        let mut known = of([Measure::Number(Number::Integer(1))]);
        known.merge(&Extent::from_told(&Told::default(), true));
        assert_eq!(known.tell(), Told::default());
        let mut known = of([Measure::Text(b"a")]);
        known.merge(&Extent::from_told(&Told::default(), false));
        assert_eq!(known.tell().length, Some(Length { units: 1, astral: 0 }));
    }

    proptest! {
        #[test]
        fn numbers_are_ordered_as_decimals_are(values in vec((-10i128.pow(25)..10i128.pow(25), 0u8..12), 1..12), near in vec((-2000i128..2000, 0u8..3), 0..12)) {
            let decimals: Vec<Decimal> =
                values.iter().chain(&near).map(|&(mantissa, scale)| Decimal::new(mantissa, scale).unwrap()).collect();
            let forms: Vec<_> = decimals.iter().map(|decimal| decimal.to_base10000()).collect();
            let extent = of(forms.iter().map(|form| Measure::Number(Number::from(form))));
            // All to one scale, where mantissas compare.
            let scaled = |decimal: &Decimal| decimal.mantissa() * 10i128.pow(12 - u32::from(decimal.scale()));
            let expected = |decimal: &Decimal| {
                let mut sum = Sum::default();
                sum.add(Number::from(&decimal.to_base10000()));
                sum.to_decimal_string()
            };
            let (min, max) = (decimals.iter().min_by_key(|d| scaled(d)), decimals.iter().max_by_key(|d| scaled(d)));
            prop_assert_eq!(ends(&extent), (expected(min.unwrap()), expected(max.unwrap())));
        }

        #[test]
        fn whole_numbers_too(values in vec(any::<i64>(), 1..8), digits in option_decimal()) {
            let form = digits.map(|decimal| decimal.to_base10000());
            let measures = values.iter().map(|&value| Measure::Number(Number::Integer(value)));
            let extent = of(measures.chain(form.iter().map(|form| Measure::Number(Number::from(form)))));
            let all = values.iter().map(|&value| i128::from(value) * 10).chain(digits.map(|d| d.mantissa()));
            let min = all.clone().min().unwrap();
            prop_assert_eq!(ends(&extent).0, Kept::new(Number::from(&Decimal::new(min, 1).unwrap().to_base10000())).text());
        }

        #[test]
        fn words_read_back(a in any::<i64>(), b in any::<i64>(), days in -700_000i32..2_900_000, micros in -60_000_000_000_000_000i64..250_000_000_000_000_000, of_day in 0i64..86_400_000_000) {
            for extent in [
                of([Measure::Number(Number::Integer(a)), Measure::Number(Number::Integer(b))]),
                of([Measure::Date(days)]),
                of([Measure::Timestamp(micros)]),
                of([Measure::TimestampTz(micros)]),
                of([Measure::Time(of_day), Measure::Time(0)]),
                of([Measure::Number(Number::Special(1)), Measure::Text(b"a")]),
            ] {
                let told = extent.tell();
                let again = Extent::from_told(&told, true);
                prop_assert_eq!(again.tell().ends, told.ends.clone());
                // Of a kind that is ordered by value, not by text.
                let mut both = again;
                both.merge(&extent);
                prop_assert_eq!(both.tell().ends, told.ends);
                let mut bytes = Vec::new();
                extent.write_to(&mut bytes);
                let mut rest = &bytes[..];
                prop_assert_eq!(Extent::read_from(&mut rest), Some(extent));
                prop_assert!(rest.is_empty());
            }
        }

        #[test]
        fn parts_add_up_in_any_order(values in vec((any::<i64>(), "\\PC{0,6}"), 0..12), cut in 0usize..12) {
            let numbers = |values: &[(i64, String)]| of(values.iter().map(|v| Measure::Number(Number::Integer(v.0))));
            let texts = |values: &[(i64, String)]| of(values.iter().map(|v| Measure::Text(v.1.as_bytes())));
            let (a, b) = values.split_at(cut.min(values.len()));
            for extent in [&numbers as &dyn Fn(&[(i64, String)]) -> Extent, &texts] {
                let (mut ab, mut ba) = (extent(a), extent(b));
                ab.merge(&extent(b));
                ba.merge(&extent(a));
                prop_assert_eq!(ab.tell(), extent(&values).tell());
                prop_assert_eq!(ba.tell(), extent(&values).tell());
            }
            let characters: usize = values.iter().map(|v| v.1.chars().count()).sum();
            let astral: usize = values.iter().flat_map(|v| v.1.chars()).filter(|&c| c > '\u{FFFF}').count();
            prop_assert_eq!(texts(&values).tell().length.unwrap_or_default(), Length { units: characters as u64, astral: astral as u64 });
        }

        #[test]
        fn garbage_is_unknown(min in "\\PC{0,12}", max in "\\PC{0,12}") {
            let _ = Extent::from_told(&Told { ends: Some((min, max)), length: None }, true).tell();
        }
    }

    fn option_decimal() -> impl Strategy<Value = Option<Decimal>> {
        proptest::option::of(
            (-10i128.pow(15)..10i128.pow(15)).prop_map(|mantissa| Decimal::new(mantissa, 1).unwrap()),
        )
    }
}
