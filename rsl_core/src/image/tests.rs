use proptest::prelude::*;

use super::*;

const ENCODINGS: [Encoding; 6] =
    [Encoding::Bool, Encoding::Int4, Encoding::Text, Encoding::Uuid, Encoding::Numeric, Encoding::Other];

fn layout() -> impl Strategy<Value = Layout> {
    (1usize..20).prop_flat_map(|columns| {
        let encodings = proptest::collection::vec(proptest::sample::select(ENCODINGS.to_vec()), columns);
        let key = proptest::sample::subsequence((0..columns).collect::<Vec<_>>(), 1..=columns.min(3))
            .prop_shuffle();
        (encodings, key).prop_map(|(encodings, key)| Layout { encodings, key })
    })
}

type Row = Vec<Option<Vec<u8>>>;

fn row(layout: &Layout) -> impl Strategy<Value = Row> + use<> {
    let values: Vec<_> = layout
        .encodings
        .iter()
        .map(|encoding| {
            let length = encoding.width().map_or(0..300, |width| width..width + 1);
            proptest::option::of(proptest::collection::vec(any::<u8>(), length))
        })
        .collect();
    values
}

fn put_value(layout: &Layout, row: &Row, at: usize, out: &mut Vec<u8>) -> bool {
    match &row[at] {
        Some(value) if layout.encodings[at].width().is_some() => out.extend_from_slice(value),
        Some(value) => put_bytes(out, value),
        None => return false,
    }
    true
}

fn whole(row: &Row) -> Fields<'_> {
    row.iter().map(Option::as_deref).enumerate().collect()
}

fn some<'a>(row: &'a Row, columns: &[usize]) -> Fields<'a> {
    columns.iter().map(|&at| (at, row[at].as_deref())).collect()
}

fn written(layout: &Layout, kind: Kind, rows: &[&Row]) -> Vec<u8> {
    let mut out = vec![kind.letter()];
    for row in rows {
        put_row(&mut out, layout.encodings.len(), |at, out| put_value(layout, row, at, out));
    }
    out
}

proptest! {
    #[test]
    fn rows_come_back((layout, old, new) in layout().prop_flat_map(|layout| (Just(layout.clone()), row(&layout), row(&layout)))) {
        let bytes = written(&layout, Kind::Insert, &[&new]);
        let change = Change::read(&bytes, &layout).unwrap();
        prop_assert_eq!(change, Change { kind: Kind::Insert, key: some(&new, &layout.key), old: None, new: Some(whole(&new)) });
        for kind in [Kind::Delete, Kind::Truncate] {
            let bytes = written(&layout, kind, &[&old]);
            let change = Change::read(&bytes, &layout).unwrap();
            prop_assert_eq!(change, Change { kind, key: some(&old, &layout.key), old: Some(whole(&old)), new: None });
        }
        for (kind, key) in [(Kind::KeyChanged, &old), (Kind::KeyCame, &new)] {
            let bytes = written(&layout, kind, &[&old, &new]);
            let change = Change::read(&bytes, &layout).unwrap();
            let expected = Change { kind, key: some(key, &layout.key), old: Some(whole(&old)), new: Some(whole(&new)) };
            prop_assert_eq!(change, expected);
        }
    }

    #[test]
    fn updates_come_back(
        (layout, old, new, marks) in layout().prop_flat_map(|layout| {
            let marks = proptest::collection::vec(any::<bool>(), layout.encodings.len());
            (Just(layout.clone()), row(&layout), row(&layout), marks)
        })
    ) {
        let changed: Vec<bool> = marks.iter().enumerate().map(|(at, mark)| *mark && !layout.key.contains(&at)).collect();
        let columns: Vec<usize> = (0..changed.len()).filter(|&at| changed[at]).collect();
        let mut bytes = vec![Kind::Update.letter()];
        put_update(&mut bytes, &layout.key, &changed, |is_new, at, out| {
            put_value(&layout, if is_new { &new } else { &old }, at, out)
        });
        let change = Change::read(&bytes, &layout).unwrap();
        let (before, after) = (some(&old, &columns), some(&new, &columns));
        prop_assert_eq!(&change, &Change {
            kind: Kind::Update, key: some(&old, &layout.key), old: Some(before.clone()), new: Some(after)
        });
        let mut fields = Vec::new();
        put_fields(&mut fields, &before, &layout);
        prop_assert_eq!(read_fields(&fields, &layout).unwrap(), before);
    }

    #[test]
    fn garbage_is_refused_or_read_without_panic(layout in layout(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Change::read(&bytes, &layout);
        let _ = read_fields(&bytes, &layout);
        if let Ok(block) = Block::read(&bytes) {
            for at in 0..block.len() {
                prop_assert!(block.get(at).is_some());
            }
        }
    }

    #[test]
    fn every_change_is_in_a_block_on_the_path_of_its_key(
        sizes in prop_oneof![1usize..30, 1000usize..3000].prop_flat_map(|many| proptest::collection::vec(0usize..400, many)),
        seed in any::<u64>()
    ) {
        let mut changes = Changes::default();
        let hash = |n: usize| (n as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for (n, size) in sizes.iter().enumerate() {
            changes.push(Kind::Insert, hash(n), |out| out.resize(out.len() + size, n as u8));
        }
        let (mut found, mut largest) = (Vec::new(), 0);
        changes.blocks(|bucket, count, bytes| {
            let block = Block::read(bytes).unwrap();
            assert_eq!(block.len(), count as usize);
            for at in 0..block.len() {
                let (hash, change) = block.get(at).unwrap();
                assert!(bucket_path(hash).contains(&bucket));
                found.push((hash, change.len() - 1));
            }
            largest = largest.max(bytes.len());
            Ok::<_, ()>(())
        }).unwrap();
        found.sort_unstable();
        let mut expected: Vec<_> = sizes.iter().enumerate().map(|(n, size)| (hash(n), *size)).collect();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
        prop_assert!(largest <= 3_800 + 420, "{}", largest);
        prop_assert!(changes.is_empty());
    }
}

#[test]
fn names_of_encodings_are_read_back() {
    for encoding in ENCODINGS.into_iter().chain([Encoding::Interval, Encoding::Json, Encoding::Bytea]) {
        assert_eq!(Encoding::from_name(encoding.name()), Some(encoding));
    }
    assert_eq!(Encoding::from_name("int3"), None);
}

/// What is stored today must be readable in ten years: the bytes of a block, written down.
#[test]
fn the_format_stays() {
    let mut changes = Changes::default();
    let layout = Layout { encodings: vec![Encoding::Int4, Encoding::Text], key: vec![0] };
    let old: Row = vec![Some(7i32.to_le_bytes().to_vec()), Some(b"abc".to_vec())];
    let new: Row = vec![Some(7i32.to_le_bytes().to_vec()), None];
    changes.push(Kind::Update, 0x0102_0304_0506_0708, |out| {
        put_update(out, &layout.key, &[false, true], |is_new, at, out| {
            put_value(&layout, if is_new { &new } else { &old }, at, out)
        });
    });
    let mut blocks = Vec::new();
    changes
        .blocks(|bucket, count, bytes| {
            blocks.push((bucket, count, bytes.to_vec()));
            Ok::<_, ()>(())
        })
        .unwrap();
    let expected = [
        &[1, 0, 0, 0][..],
        &[8, 7, 6, 5, 4, 3, 2, 1],
        &[12, 0, 0, 0],
        &[b'U', 0b10, 0b00, 0b10, 7, 0, 0, 0, 3, b'a', b'b', b'c'],
    ]
    .concat();
    assert_eq!(blocks, [(0x1_0102_0304_0506, 1, expected)]);
}
