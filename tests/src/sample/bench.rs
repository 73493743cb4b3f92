//! One table of twelve columns of mixed types, for measuring.

use super::chance::Chance;
use super::erp::item_name;
use super::value;
use anyhow::Result;
use rusqlite::{Transaction, params};
use std::fmt::Write as _;

const REMARKS: &[&str] =
    &["", "긴급", "검사 완료", "도면 확인 후 진행할 것", "outsourced; see purchase order", "재작업 🔧"];

/// Fills `BENCH_ROW` with `rows` rows of about 150 bytes.
pub fn write(transaction: &Transaction<'_>, rows: u64) -> Result<()> {
    transaction.execute_batch(include_str!("bench.sql"))?;
    let mut insert = transaction.prepare("INSERT INTO BENCH_ROW VALUES (?,?,?,?,?,?,?,?,?,?,?,?)")?;
    let [mut name, mut code, mut changed, mut due, mut guid] = [const { String::new() }; 5];
    for row in 0..rows {
        let mut chance = Chance::new(0xBE, row);
        item_name(&mut name, &mut chance);
        code.clear();
        write!(code, "BR-{:05X}-{row:08}", chance.below(1 << 20))?;
        value::any_datetime(&mut changed, &mut chance, row, 0);
        value::any_date(&mut due, &mut chance, row, 1);
        value::guid(&mut guid, &mut chance);
        let remark = if chance.one_in(4) { None } else { Some(chance.pick(REMARKS)) };
        insert.execute(params![
            row as i64 + 1,
            chance.between(-1_000, 100_000),
            name,
            code,
            value::decimal(chance.between(-50_000, 99_999_999)),
            value::decimal(chance.between(-5_000_000, 99_999_999_999)),
            // At most 1 so that no measurement depends on how a float overflows a sum.
            chance.next() as f64 / u64::MAX as f64,
            changed,
            due,
            !chance.one_in(5),
            remark,
            guid,
        ])?;
    }
    Ok(())
}
