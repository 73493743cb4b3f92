//! geometry and geography: well-known text, and the bytes in which SQL Server keeps and sends shapes.

use std::fmt::Write as _;

use crate::answer::SqlMessage;

const HAS_Z: u8 = 0x01;
const HAS_M: u8 = 0x02;
const VALID: u8 = 0x04;
const ONE_POINT: u8 = 0x08;
const ONE_LINE: u8 = 0x10;

const KINDS: [&str; 7] =
    ["POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"];
const POINT: u8 = 1;
const LINE: u8 = 2;
const POLYGON: u8 = 3;

/// x (longitude), y (latitude), z, m; NaN where there is none.
type Position = [f64; 4];

/// A shape: its points in figures, rings or strokes, and its parts. Shapes are listed before their parts.
#[derive(Debug, Default, PartialEq)]
struct Shapes {
    points: Vec<Position>,
    /// Attribute and first point.
    figures: Vec<(u8, i32)>,
    /// Parent, first figure (-1 if it is empty), kind.
    shapes: Vec<(i32, i32, u8)>,
}

/// The bytes of a shape in well-known text, with z and m as third and fourth number.
pub fn parse(text: &str, srid: i32, geography: bool) -> Result<Vec<u8>, SqlMessage> {
    let mut shapes = Shapes::default();
    let mut reader = Reader { rest: text.trim() };
    let read = shapes.read(&mut reader, -1);
    if read.is_none() || !reader.rest.is_empty() {
        return Err(failed(
            geography,
            &format!("24114: The label {text} in the input well-known text (WKT) is not valid."),
        ));
    }
    Ok(shapes.serialise(srid, geography))
}

/// The bytes of a point.
pub fn point(x: f64, y: f64, srid: i32, geography: bool) -> Vec<u8> {
    let shapes = Shapes {
        points: vec![[x, y, f64::NAN, f64::NAN]],
        figures: vec![(1, 0)],
        shapes: vec![(-1, 0, POINT)],
    };
    shapes.serialise(srid, geography)
}

/// Well-known text with z and m.
pub fn format(bytes: &[u8], geography: bool) -> Result<String, SqlMessage> {
    written(bytes, geography, true)
}

/// Well-known text with x and y only.
pub fn format_flat(bytes: &[u8], geography: bool) -> Result<String, SqlMessage> {
    written(bytes, geography, false)
}

/// The number of the reference system.
pub fn srid(bytes: &[u8]) -> Option<i32> {
    Some(i32::from_le_bytes(bytes.get(..4)?.try_into().ok()?))
}

/// The first point's x (longitude) and y (latitude), of a point.
pub fn coordinates(bytes: &[u8], geography: bool) -> Option<(f64, f64)> {
    let shapes = Shapes::deserialise(bytes, geography)?;
    match (&shapes.points[..], shapes.shapes.first()) {
        ([only], Some((_, _, POINT))) => Some((only[0], only[1])),
        _ => None,
    }
}

fn written(bytes: &[u8], geography: bool, extra: bool) -> Result<String, SqlMessage> {
    let mut text = String::new();
    Shapes::deserialise(bytes, geography)
        .and_then(|shapes| shapes.write(0, true, extra, &mut text))
        .ok_or_else(|| failed(geography, "24210: the binary value is not a valid spatial value."))?;
    Ok(text)
}

fn failed(geography: bool, message: &str) -> SqlMessage {
    let name = if geography { "geography" } else { "geometry" };
    SqlMessage::error(
        6522,
        format!(
            "A .NET Framework error occurred during execution of user-defined routine or aggregate \"{name}\": \nSystem.FormatException: {message}"
        ),
    )
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn word(&mut self) -> String {
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.rest.len());
        let word = self.rest[..end].to_ascii_uppercase();
        self.rest = self.rest[end..].trim_start();
        word
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(sign)?.trim_start();
        Some(())
    }

    fn position(&mut self) -> Option<Position> {
        let mut position = [f64::NAN; 4];
        for (at, number) in position.iter_mut().enumerate() {
            let end = self.rest.find([',', ')', '(', ' ', '\t', '\n']).unwrap_or(self.rest.len());
            let word = &self.rest[..end];
            if word.is_empty() {
                return (at >= 2).then_some(position);
            }
            if !word.eq_ignore_ascii_case("null") || at < 2 {
                *number = word.parse().ok().filter(|n: &f64| n.is_finite())?;
            }
            self.rest = self.rest[end..].trim_start();
        }
        Some(position)
    }

    /// `( item, item … )`.
    fn list(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.sign('(')?;
        loop {
            item(self)?;
            if self.sign(',').is_none() {
                return self.sign(')');
            }
        }
    }
}

impl Shapes {
    fn read(&mut self, reader: &mut Reader<'_>, parent: i32) -> Option<()> {
        let word = reader.word();
        let kind = KINDS.iter().position(|name| *name == word)? as u8 + 1;
        self.read_kind(reader, parent, kind)
    }

    fn read_kind(&mut self, reader: &mut Reader<'_>, parent: i32, kind: u8) -> Option<()> {
        let index = self.shapes.len();
        self.shapes.push((parent, -1, kind));
        if reader.rest.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("EMPTY")) {
            reader.word();
            return Some(());
        }
        self.shapes[index].1 = self.figures.len() as i32;
        let parent = index as i32;
        match kind {
            POINT | LINE => self.figure(reader, 1),
            POLYGON => {
                let mut attribute = 2;
                reader.list(|reader| {
                    self.figure(reader, attribute)?;
                    attribute = 0;
                    Some(())
                })
            }
            // The points of a multipoint may stand without parentheses of their own.
            4 => reader.list(|reader| {
                if reader.rest.starts_with('(') {
                    return self.read_kind(reader, parent, POINT);
                }
                self.shapes.push((parent, self.figures.len() as i32, POINT));
                self.figures.push((1, self.points.len() as i32));
                self.points.push(reader.position()?);
                Some(())
            }),
            5 => reader.list(|reader| self.read_kind(reader, parent, LINE)),
            6 => reader.list(|reader| self.read_kind(reader, parent, POLYGON)),
            _ => reader.list(|reader| self.read(reader, parent)),
        }
    }

    fn figure(&mut self, reader: &mut Reader<'_>, attribute: u8) -> Option<()> {
        self.figures.push((attribute, self.points.len() as i32));
        reader.list(|reader| {
            self.points.push(reader.position()?);
            Some(())
        })
    }

    fn serialise(&self, srid: i32, geography: bool) -> Vec<u8> {
        let has = |at: usize| self.points.iter().any(|point| !point[at].is_nan());
        let kind = self.shapes.first().map(|shape| shape.2);
        let mut flags = VALID;
        flags |= if has(2) { HAS_Z } else { 0 } | if has(3) { HAS_M } else { 0 };
        flags |= match (kind, self.points.len()) {
            (Some(POINT), 1) => ONE_POINT,
            (Some(LINE), 2) => ONE_LINE,
            _ => 0,
        };
        let short = flags & (ONE_POINT | ONE_LINE) != 0;
        let mut bytes = srid.to_le_bytes().to_vec();
        bytes.extend([1, flags]);
        let count = |bytes: &mut Vec<u8>, n: usize| bytes.extend((n as u32).to_le_bytes());
        if !short {
            count(&mut bytes, self.points.len());
        }
        for point in &self.points {
            // A geography keeps the latitude first.
            let (first, second) = if geography { (point[1], point[0]) } else { (point[0], point[1]) };
            bytes.extend(first.to_le_bytes());
            bytes.extend(second.to_le_bytes());
        }
        for (at, flag) in [(2, HAS_Z), (3, HAS_M)] {
            if flags & flag != 0 {
                self.points.iter().for_each(|point| bytes.extend(point[at].to_le_bytes()));
            }
        }
        if !short {
            count(&mut bytes, self.figures.len());
            for (attribute, first) in &self.figures {
                bytes.push(*attribute);
                bytes.extend(first.to_le_bytes());
            }
            count(&mut bytes, self.shapes.len());
            for (parent, figure, kind) in &self.shapes {
                bytes.extend(parent.to_le_bytes());
                bytes.extend(figure.to_le_bytes());
                bytes.push(*kind);
            }
        }
        bytes
    }

    fn deserialise(bytes: &[u8], geography: bool) -> Option<Self> {
        let mut at = 6;
        let flags = *bytes.get(5)?;
        let mut take = |n: usize| {
            let part = bytes.get(at..at + n)?;
            at += n;
            Some(part)
        };
        let short = match flags & (ONE_POINT | ONE_LINE) {
            0 => None,
            ONE_POINT => Some((1, POINT)),
            _ => Some((2, LINE)),
        };
        let length = |bytes: &[u8]| Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize);
        let points = match short {
            Some((points, _)) => points,
            None => length(take(4)?)?,
        };
        if points > bytes.len() {
            return None;
        }
        let mut shapes = Self { points: vec![[f64::NAN; 4]; points], ..Self::default() };
        let double = |bytes: &[u8]| Some(f64::from_le_bytes(bytes.try_into().ok()?));
        for point in &mut shapes.points {
            let (first, second) = (double(take(8)?)?, double(take(8)?)?);
            [point[0], point[1]] = if geography { [second, first] } else { [first, second] };
        }
        for (index, flag) in [(2, HAS_Z), (3, HAS_M)] {
            if flags & flag != 0 {
                for point in &mut shapes.points {
                    point[index] = double(take(8)?)?;
                }
            }
        }
        if let Some((_, kind)) = short {
            shapes.figures.push((1, 0));
            shapes.shapes.push((-1, 0, kind));
            return Some(shapes);
        }
        let number = |bytes: &[u8]| Some(i32::from_le_bytes(bytes.try_into().ok()?));
        for _ in 0..length(take(4)?)? {
            shapes.figures.push((take(1)?[0], number(take(4)?)?));
        }
        for _ in 0..length(take(4)?)? {
            shapes.shapes.push((number(take(4)?)?, number(take(4)?)?, take(1)?[0]));
        }
        Some(shapes)
    }

    fn write(&self, index: usize, named: bool, extra: bool, text: &mut String) -> Option<()> {
        let (_, figure, kind) = *self.shapes.get(index)?;
        if named {
            text.push_str(KINDS.get(usize::from(kind).checked_sub(1)?)?);
            text.push(' ');
        }
        let parts = || (index + 1..self.shapes.len()).filter(|&n| self.shapes[n].0 == index as i32);
        if figure < 0 && parts().next().is_none() {
            text.push_str("EMPTY");
            return Some(());
        }
        match kind {
            POINT | LINE => self.write_figure(figure as usize, extra, text),
            POLYGON => {
                let next = self.shapes[index + 1..].iter().map(|shape| shape.1).find(|&first| first >= 0);
                let end = next.map_or(self.figures.len(), |first| first as usize);
                text.push('(');
                for ring in figure as usize..end {
                    if ring > figure as usize {
                        text.push_str(", ");
                    }
                    self.write_figure(ring, extra, text)?;
                }
                text.push(')');
                Some(())
            }
            _ => {
                text.push('(');
                for (at, part) in parts().enumerate() {
                    if at > 0 {
                        text.push_str(", ");
                    }
                    self.write(part, kind == 7, extra, text)?;
                }
                text.push(')');
                Some(())
            }
        }
    }

    fn write_figure(&self, figure: usize, extra: bool, text: &mut String) -> Option<()> {
        let first = self.figures.get(figure)?.1 as usize;
        let end = self.figures.get(figure + 1).map_or(self.points.len(), |next| next.1 as usize);
        text.push('(');
        for (at, point) in self.points.get(first..end)?.iter().enumerate() {
            if at > 0 {
                text.push_str(", ");
            }
            let [x, y, z, m] = *point;
            // Writing to a String cannot fail.
            let _ = write!(text, "{x} {y}");
            if extra && !(z.is_nan() && m.is_nan()) {
                let _ = if z.is_nan() { write!(text, " NULL") } else { write!(text, " {z}") };
                if !m.is_nan() {
                    let _ = write!(text, " {m}");
                }
            }
        }
        text.push(')');
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::form::hex;

    #[test]
    fn bytes_as_sql_server_has_them() {
        assert_eq!(
            hex(&parse("POINT (-122.34900 47.65100)", 4326, true).unwrap()),
            "E6100000010C17D9CEF753D347407593180456965EC0"
        );
        assert_eq!(
            hex(&parse("LINESTRING (100 100, 20 180, 180 180)", 0, false).unwrap()),
            "0000000001040300000000000000000059400000000000005940000000000000344000000000008066400000000000806640\
             000000000080664001000000010000000001000000FFFFFFFF0000000002"
        );
    }

    #[test]
    fn texts_there_and_back() {
        for text in [
            "POINT (1 2)",
            "POINT (1 2 3 4)",
            "POINT (1 2 NULL 4)",
            "POINT EMPTY",
            "LINESTRING (1 2, 3 4)",
            "LINESTRING (1 2 3, 3 4 5, 5 6 7)",
            "POLYGON ((0 0, 10 0, 10 10, 0 0), (1 1, 2 1, 2 2, 1 1))",
            "MULTIPOINT ((1 2), (3 4))",
            "MULTILINESTRING ((1 2, 3 4), (5 6, 7 8))",
            "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5), (5.1 5.1, 5.2 5.1, 5.2 5.2, 5.1 5.1)))",
            "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (1 2, 3 4), POLYGON EMPTY)",
            "GEOMETRYCOLLECTION EMPTY",
        ] {
            for geography in [false, true] {
                let bytes = parse(text, 4326, geography).unwrap();
                assert_eq!(format(&bytes, geography).unwrap(), text);
                assert_eq!(srid(&bytes), Some(4326));
            }
        }
        let bytes = parse("point(1 2 3 4)", 0, false).unwrap();
        assert_eq!(format_flat(&bytes, false).unwrap(), "POINT (1 2)");
        assert_eq!(coordinates(&bytes, false), Some((1.0, 2.0)));
        for bad in ["", "POINT", "POINT (1)", "POINT (1 2", "POINT (1 2) x", "CIRCLE (1 2)", "POINT (a b)"] {
            assert!(parse(bad, 0, false).is_err(), "{bad}");
        }
        assert!(format(&[1, 2, 3], false).is_err());
        assert!(format(&[0, 0, 0, 0, 1, 4, 255, 255, 255, 255], false).is_err());
    }
}
