//! Bytes that are no answer, or no longer one. The same seed gives the same bytes.

/// A generator of numbers: the same seed gives the same numbers.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// The bytes with which tokens begin.
pub const TOKENS: &[u8] = &[
    0x79, 0x81, 0x88, 0xA4, 0xA5, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xD1, 0xD2, 0xD3, 0xE3, 0xE4, 0xED,
    0xEE, 0xFD, 0xFE, 0xFF,
];

/// Any bytes, or packets of them that look like an answer, in part beginning like something.
pub fn noise(random: &mut Random, beginnings: &[u8]) -> Vec<u8> {
    let mut bytes = random.bytes(1500);
    if random.below(3) == 0 {
        return bytes;
    }
    if let (false, Some(first)) = (beginnings.is_empty(), bytes.first_mut()) {
        *first = random.pick(beginnings);
    }
    let mut packets = Vec::new();
    let size = 1 + random.below(1500);
    let last = bytes.len().div_ceil(size).saturating_sub(1);
    for (number, part) in bytes.chunks(size).enumerate() {
        let kind = if random.below(20) == 0 { random.next() as u8 } else { 4 };
        let length = (part.len() as u16 + 8).to_be_bytes();
        packets.extend([kind, u8::from(number == last), length[0], length[1], 0, 51, number as u8, 0]);
        packets.extend(part);
    }
    packets
}

/// The same answer to PRELOGIN from a server that encrypts.
pub fn encrypting(prelogin: &[u8]) -> Vec<u8> {
    let mut prelogin = prelogin.to_vec();
    let (header, table) = prelogin.split_at_mut(8);
    assert_eq!(header[0], 4);
    let option = table.chunks(5).position(|option| option[0] == 1).unwrap();
    let place = usize::from(u16::from_be_bytes([table[option * 5 + 1], table[option * 5 + 2]]));
    table[place] = 1;
    prelogin
}

/// Does what a bad line or a bad program could do.
pub fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len());
    match random.below(6) {
        0 => bytes.truncate(at),
        1 => {
            let length = random.pick(&[1, 2, 4, 8]).min(bytes.len() - at);
            let (high, low) = random.pick(&[(0xFF, 0xFF), (0x7F, 0xFF), (0x00, 0x00), (0x00, 0x80)]);
            bytes[at..at + length].fill(low);
            bytes[at + length - 1] = high;
        }
        2 => {
            let more = random.bytes(20);
            bytes.splice(at..at, more);
        }
        3 => {
            let length = random.below(bytes.len() - at).min(40);
            bytes.drain(at..at + length);
        }
        4 => {
            let length = random.below(bytes.len() - at).min(100);
            let again = bytes[at..at + length].to_vec();
            bytes.splice(at..at, again);
        }
        _ => {
            for _ in 0..=random.below(8) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
        }
    }
}
