//! The base tables of the sample, filled in the order of their foreign keys.

use super::chance::Chance;
use super::curiosities::{DECIMALS, FLOATS, LARGE_DECIMALS, TEXTS};
use super::value::{SHOWCASE, any_date, any_datetime, any_decimal, curious, date, decimal, guid};
use anyhow::Result;
use rusqlite::{Transaction, params};
use std::fmt::Write as _;

/// Routing steps of an item, and results of a work order. The last item or order has fewer where it does not divide.
const STEPS: u64 = 4;

const CURRENCIES: &[(&str, &str, i64)] = &[
    ("KRW", "대한민국 원", 0),
    ("USD", "미국 달러", 2),
    ("EUR", "유로 €", 2),
    ("JPY", "일본 엔 ¥", 0),
    ("KWD", "쿠웨이트 디나르", 3),
];

const GROUPS: &[(&str, &str)] = &[
    ("BLW", "벨로우즈"),
    ("MSL", "메카니컬 씰"),
    ("FLG", "플랜지"),
    ("GSK", "가스켓"),
    ("PIP", "배관 부속"),
    ("O'R", "O-링 \"특수\""),
];

const MATERIALS: &[(&str, &str, &str, f64)] = &[
    ("STS304", "스테인리스강 304", "STS", 7.93),
    ("STS316L", "스테인리스강 316L ", "STS", 7.98),
    ("INC625", "인코넬 625", "NI", 8.44),
    ("HAST-C276", "하스텔로이 C-276", "NI", 8.89),
    ("TI-GR2", "티타늄 2종", "TI", 4.51),
    ("SIC", "탄화규소(SiC)", "CER", 3.21),
    ("CARBON", "카본 함침", "CAR", 1.85),
    ("VITON", "바이톤(FKM)", "ELA", 1.81),
];

const JOBS: &[(&str, &str, &str)] = &[
    ("TU10", "선삭(CNC)", "Y"),
    ("MI20", "밀링", "Y"),
    ("WE30", "용접(TIG)", "Y"),
    ("FO35", "성형", "Y"),
    ("LA40", "래핑", "Y"),
    ("HT50", "열처리 외주", "N"),
    ("PL55", "도금 외주", "N"),
    ("AS60", "조립", "Y"),
    ("LT70", "누설 시험", "Y"),
    ("QC90", "최종 검사", "Y"),
];

const WORK_CENTERS: &[(&str, &str, &str)] = &[
    ("WC-MC", "기계 가공반", "08:00:00"),
    ("WC-WD", "용접반", "08:30:00"),
    ("WC-AS", "조립반", "09:00:00"),
    ("WC-NT", "야간반", "23:59:59"),
    ("WC-QC", "품질 보증팀", "00:00:00"),
];

const PART_TYPES: &[(&str, &str)] = &[
    ("PIPE", "파이프"),
    ("BELLOWS", "벨로우즈"),
    ("SEAL", "씰 링"),
    ("FLANGE", "플랜지"),
    ("COVER", "커버"),
    ("SPRING", "스프링"),
];

const FAMILY_NAMES: &[&str] = &["김", "이", "박", "최", "정", "강", "조", "윤", "남궁", "황보"];
const GIVEN_NAMES: &[&str] = &["민수", "서연", "지훈", "하늘", "영자", "동현", "수빈", "철", "가람", "보라"];
const COMPANIES: &[&str] =
    &["한빛정밀", "대성열처리", "동아도금", "세종씰텍", "미래금속", "Müller & Söhne", "O'Brien Seals"];
const SEAL_TYPES: &[&str] = &["SS-1", "SS-2", "DS-1", "MB-7", ""];

/// Creates the tables and views and fills them. The largest tables, routings and work results, have `rows` rows.
pub fn write(transaction: &Transaction<'_>, rows: u64) -> Result<()> {
    transaction.execute_batch(include_str!("erp.sql"))?;
    // Work centres and employees name each other; the commit checks them all.
    transaction.pragma_update(None, "defer_foreign_keys", true)?;
    let sizes = Sizes::of(rows);
    write_lists(transaction)?;
    write_employees(transaction, sizes)?;
    write_partners(transaction, sizes)?;
    write_resources(transaction, sizes)?;
    write_items(transaction, sizes)?;
    write_routings(transaction, sizes)?;
    write_orders(transaction, sizes)?;
    write_results(transaction, sizes)
}

/// How many rows the tables have. `rows` is that of the largest.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    rows: u64,
    /// Items, and work orders: one for every [`STEPS`] rows.
    items: u64,
    employees: u64,
    partners: u64,
    resources: u64,
}

impl Sizes {
    const fn of(rows: u64) -> Self {
        let few = rows / 1000;
        Self { rows, items: rows.div_ceil(STEPS), employees: 20 + few, partners: 40 + few, resources: 24 }
    }
}

fn write_lists(transaction: &Transaction<'_>) -> Result<()> {
    for row in CURRENCIES {
        transaction.execute("INSERT INTO B_CURRENCY VALUES (?,?,?)", *row)?;
    }
    for row in GROUPS {
        transaction.execute("INSERT INTO B_ITEM_GROUP VALUES (?,?)", *row)?;
    }
    for (index, (code, description, kind, density)) in MATERIALS.iter().enumerate() {
        // Every byte value but those of the NULL and the empty sheet: what is binary stays binary.
        let first = (index * 36) as u8;
        let sheet: Option<Vec<u8>> = match index {
            0 => None,
            1 => Some(Vec::new()),
            _ => Some((0..36).map(|step| first.wrapping_add(step)).collect()),
        };
        transaction.execute(
            "INSERT INTO B_MATERIAL VALUES (?,?,?,?,?)",
            params![code, description, kind, density, sheet],
        )?;
    }
    for row in JOBS {
        transaction.execute("INSERT INTO B_JOB VALUES (?,?,?)", *row)?;
    }
    Ok(())
}

fn write_employees(transaction: &Transaction<'_>, sizes: Sizes) -> Result<()> {
    for (index, (code, name, shift_start)) in WORK_CENTERS.iter().enumerate() {
        // The last one has nobody.
        let manager = (index + 1 < WORK_CENTERS.len()).then_some(index as i64 + 1);
        transaction.execute(
            "INSERT INTO B_WORK_CENTER VALUES (?,?,?,?)",
            params![code, name, manager, shift_start],
        )?;
    }
    let mut insert = transaction.prepare("INSERT INTO B_EMPLOYEE VALUES (?,?,?,?,?)")?;
    let mut birth = String::new();
    for row in 0..sizes.employees {
        let mut chance = Chance::new(1, row);
        let name = format!("{}{}", chance.pick(FAMILY_NAMES), chance.pick(GIVEN_NAMES));
        date(&mut birth, chance.between(-8_000, 13_000));
        let birth = (!chance.one_in(7)).then_some(&birth);
        let center = WORK_CENTERS[(row % WORK_CENTERS.len() as u64) as usize].0;
        insert.execute(params![row as i64 + 1, name, center, birth, !chance.one_in(6)])?;
    }
    Ok(())
}

fn write_partners(transaction: &Transaction<'_>, sizes: Sizes) -> Result<()> {
    let mut insert = transaction.prepare("INSERT INTO B_PARTNER VALUES (?,?,?,?,?,?,?)")?;
    let mut identity = String::new();
    for row in 0..sizes.partners {
        let mut chance = Chance::new(2, row);
        let ordinary = format!("{} {}호", chance.pick(COMPANIES), row + 1);
        let name = curious(&mut chance, row, 0, TEXTS).map_or(ordinary, str::to_owned);
        let tax = if chance.one_in(5) { None } else { Some(chance.pick(&["A", "B1", ""])) };
        let credit = (!chance.one_in(9)).then(|| any_decimal(&mut chance, row, 1, 0, 50_000_000_000));
        let lifetime = match curious(&mut chance, row, 2, LARGE_DECIMALS) {
            Some(large) => large.to_owned(),
            None => format!("{}.{:04}", chance.between(0, 9_000_000_000_000_000), chance.below(10_000)),
        };
        guid(&mut identity, &mut chance);
        let currency = chance.pick(CURRENCIES).0;
        insert.execute(params![partner_code(row), name, currency, tax, credit, lifetime, identity])?;
    }
    Ok(())
}

fn write_resources(transaction: &Transaction<'_>, sizes: Sizes) -> Result<()> {
    let mut insert = transaction.prepare("INSERT INTO B_RESOURCE VALUES (?,?,?,?)")?;
    for row in 0..sizes.resources {
        let mut chance = Chance::new(3, row);
        let name = (row % 8 != 7).then(|| format!("{} {}호기", chance.pick(JOBS).1, row + 1));
        // The first three are the ends of SQL Server's smallmoney, and its smallest step.
        let cost = match row {
            0 => 2_147_483_647,
            1 => -2_147_483_648,
            2 => 1,
            _ => chance.between(100_000, 900_000),
        };
        let center = chance.pick(WORK_CENTERS).0;
        insert.execute(params![resource_code(row), name, center, decimal(cost)])?;
    }
    Ok(())
}

fn write_items(transaction: &Transaction<'_>, sizes: Sizes) -> Result<()> {
    let mut insert = transaction
        .prepare("INSERT INTO B_ITEM VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")?;
    let [mut name, mut specification, mut drawing, mut inserted, mut modified] = [const { String::new() }; 5];
    for row in 0..sizes.items {
        let mut chance = Chance::new(4, row);
        item_name(&mut name, &mut chance);
        if let Some(text) = curious(&mut chance, row, 0, TEXTS) {
            text.clone_into(&mut name);
        }
        let (part_type, part_name) = chance.pick(PART_TYPES);
        specification.clear();
        write!(specification, "Ø{} × {}t", chance.between(6, 900), chance.between(1, 40))?;
        if let Some(text) = curious(&mut chance, row, 7, TEXTS) {
            text.clone_into(&mut specification);
        }
        drawing.clear();
        write!(drawing, "DW-{:04}-{:03}", chance.below(10_000), chance.below(1000))?;
        any_datetime(&mut inserted, &mut chance, row, 1);
        any_datetime(&mut modified, &mut chance, row, 4);
        let material = (!chance.one_in(12)).then(|| chance.pick(MATERIALS).0);
        let substitute = (row > 0 && chance.one_in(10)).then(|| item_code(chance.below(row)));
        let mut length = |column, low, high| {
            (!chance.one_in(15)).then(|| any_decimal(&mut chance, row, column, low, high))
        };
        let [outer, inner, thick] =
            [length(2, 60_000, 9_000_000), length(3, 1, 60_000), length(4, 1_000, 400_000)];
        let [size_in, size_middle, size_out] = [5, 6, 8].map(|column| length(column, 0, 5_000_000));
        let price = length(9, -10_000, 900_000_000);
        let mut seal_type = || (!chance.one_in(4)).then(|| chance.pick(SEAL_TYPES));
        let [seal_in, seal_middle, seal_out] = [seal_type(), seal_type(), seal_type()];
        insert.execute(params![
            item_code(row),
            (!chance.one_in(20)).then_some(&name),
            chance.pick(&[
                None,
                Some(""),
                Some("BELLOWS ASS'Y"),
                Some("MECHANICAL SEAL  "),
                Some("PIPE, 1/2\"")
            ]),
            specification,
            part_type,
            part_name,
            material,
            chance.pick(&["FG", "SA", "RM", "10"]),
            // A char(5) column shows its padding.
            chance.pick(&["EA   ", "SET  ", "M    ", "kg   "]),
            (!chance.one_in(15)).then(|| chance.pick(GROUPS).0),
            chance.one_in(3),
            chance.pick(&[None, Some("내수"), Some("수출")]),
            chance.pick(&[None, Some(""), Some("표준"), Some("특주 ")]),
            chance.pick(&[None, Some("A"), Some("가")]),
            (!chance.one_in(8)).then_some(&drawing),
            chance.pick(&[None, Some("0"), Some("A"), Some("01"), Some("-")]),
            outer,
            inner,
            thick,
            chance.pick(&[None, Some(1_i64), Some(0), Some(-1), Some(32_767), Some(-32_768)]),
            seal_in,
            size_in,
            seal_middle,
            size_middle,
            seal_out,
            size_out,
            price,
            substitute,
            inserted,
            (!chance.one_in(3)).then_some(&modified),
        ])?;
    }
    Ok(())
}

fn write_routings(transaction: &Transaction<'_>, sizes: Sizes) -> Result<()> {
    let mut insert = transaction
        .prepare("INSERT INTO P_ROUTING VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")?;
    let [mut from, mut to, mut remark, mut program, mut written] = [const { String::new() }; 5];
    for row in 0..sizes.rows {
        let mut chance = Chance::new(5, row);
        let (job, _, inside) = chance.pick(JOBS);
        let outside = inside == "N";
        any_date(&mut from, &mut chance, row, 0);
        any_date(&mut to, &mut chance, row, 1);
        if row >= SHOWCASE && !chance.one_in(5) {
            // What this ERP writes for "no end".
            "2999-12-31".clone_into(&mut to);
        }
        remark.clear();
        match curious(&mut chance, row, 3, TEXTS) {
            Some(text) => remark.push_str(text),
            None => write!(remark, "{} 후 {} 확인", chance.pick(JOBS).1, chance.pick(PART_TYPES).1)?,
        }
        program.clear();
        write!(program, "O{:04}", chance.below(10_000))?;
        date(&mut written, chance.between(10_957, 20_000));
        write!(written, " {:02}:{:02}:00", chance.below(24), chance.below(60))?;
        let milestone = chance.one_in(6);
        let mut hours =
            |column| (!chance.one_in(12)).then(|| any_decimal(&mut chance, row, column, 0, 480_000));
        let [queue, setup, machine, real_setup, real_run, wait, shift] =
            [4, 5, 6, 7, 8, 9, 10].map(&mut hours);
        let quantity = (!chance.one_in(12)).then(|| decimal(chance.between(1, 100) * 10_000));
        insert.execute(params![
            item_code(row / STEPS),
            step_number(row),
            job,
            (!outside && !chance.one_in(20)).then(|| resource_code(chance.below(sizes.resources))),
            chance.pick(&[None, Some("H"), Some("M"), Some("")]),
            (!chance.one_in(10)).then(|| chance.between(0, 60)),
            queue,
            setup,
            machine,
            real_setup,
            real_run,
            wait,
            shift,
            quantity,
            chance.pick(&["EA", "SET", "M"]),
            chance.pick(&[None, Some(true), Some(false)]),
            outside.then(|| partner_code(chance.below(sizes.partners))),
            outside.then(|| any_decimal(&mut chance, row, 11, 10_000, 5_000_000_000)),
            if milestone { "Y" } else { "N" },
            chance.pick(&["Y", "N"]),
            (row % STEPS) as i64 + 1,
            from,
            to,
            (!chance.one_in(3)).then_some(&remark),
            chance.one_in(4).then(|| format!("DOC-{:06}", chance.below(1_000_000))),
            (!outside && chance.one_in(2)).then_some(&program),
            (!outside && chance.one_in(2)).then_some(&written),
            (!chance.one_in(9)).then(|| any_float(&mut chance, row)),
        ])?;
    }
    Ok(())
}

fn write_orders(transaction: &Transaction<'_>, sizes: Sizes) -> Result<()> {
    let mut insert = transaction.prepare("INSERT INTO P_WORK_ORDER VALUES (?,?,?,?,?,?,?)")?;
    let [mut due, mut planned, mut customer_order] = [const { String::new() }; 3];
    for row in 0..sizes.items {
        let mut chance = Chance::new(6, row);
        any_date(&mut due, &mut chance, row, 0);
        any_datetime(&mut planned, &mut chance, row, 2);
        // The two ends of the calendar leave the years 1 to 9999 in another zone: keep those in UTC.
        let zone =
            if row < SHOWCASE { "+00:00" } else { chance.pick(&["+09:00", "+00:00", "-03:30", "+05:45"]) };
        write!(planned, " {zone}")?;
        customer_order.clear();
        match curious(&mut chance, row, 5, TEXTS) {
            Some(text) => customer_order.push_str(text),
            None => write!(customer_order, "PO-{:06}", chance.below(1_000_000))?,
        }
        insert.execute(params![
            order_number(row),
            item_code(order_item(row, sizes)),
            decimal(chance.between(1, 5_000) * 10_000),
            (!chance.one_in(9)).then_some(&due),
            (!chance.one_in(5)).then_some(&planned),
            chance.one_in(2),
            (!chance.one_in(4)).then_some(&customer_order),
        ])?;
    }
    Ok(())
}

fn write_results(transaction: &Transaction<'_>, sizes: Sizes) -> Result<()> {
    let mut insert =
        transaction.prepare("INSERT INTO P_WORK_RESULT VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")?;
    let [mut work, mut start, mut end, mut reason] = [const { String::new() }; 4];
    for row in 0..sizes.rows {
        let mut chance = Chance::new(7, row);
        let order = row / STEPS;
        any_date(&mut work, &mut chance, row, 0);
        any_datetime(&mut start, &mut chance, row, 1);
        any_datetime(&mut end, &mut chance, row, 3);
        reason.clear();
        match curious(&mut chance, row, 2, TEXTS) {
            Some(text) => reason.push_str(text),
            None => write!(reason, "{} 치수 불량 {}건", chance.pick(PART_TYPES).1, chance.between(1, 9))?,
        }
        let mut hours =
            |column| (!chance.one_in(10)).then(|| any_decimal(&mut chance, row, column, 0, 240_000));
        let [setup, run] = [hours(4), hours(5)];
        let cost = (!chance.one_in(10)).then(|| any_decimal(&mut chance, row, 6, -100_000, 3_000_000_000));
        insert.execute(params![
            order_number(order),
            (row % STEPS) as i64 + 1,
            item_code(order_item(order, sizes)),
            step_number(row),
            (!chance.one_in(6)).then(|| resource_code(chance.below(sizes.resources))),
            (!chance.one_in(30)).then(|| chance.below(sizes.employees) as i64 + 1),
            work,
            (!chance.one_in(12)).then_some(&start),
            (!chance.one_in(12)).then_some(&end),
            any_decimal(&mut chance, row, 7, 0, 50_000_000),
            // Corrections are booked as negative quantities.
            decimal(chance.between(-20_000, 100_000)),
            setup,
            run,
            cost,
            (!chance.one_in(5)).then(|| any_float(&mut chance, row)),
            chance.one_in(3).then_some(&reason),
        ])?;
    }
    Ok(())
}

/// A name of at most 40 characters such as `메카니컬 씰 SUS-25A`.
pub fn item_name(name: &mut String, chance: &mut Chance) {
    name.clear();
    let (_, group) = chance.pick(&GROUPS[..5]);
    // Writing to a String cannot fail.
    let _ = write!(
        name,
        "{group} {} {}{}A",
        chance.pick(PART_TYPES).1,
        chance.pick(&["SUS-", "KS-", "특-", ""]),
        chance.between(6, 600)
    );
}

fn any_float(chance: &mut Chance, row: u64) -> f64 {
    let ordinary = chance.between(-2_000_000, 9_000_000) as f64 / 8192.0;
    curious(chance, row, 12, FLOATS).unwrap_or(ordinary)
}

/// Unique by its number; now and then with a character that has to be quoted somewhere, or a trailing space.
fn item_code(row: u64) -> String {
    match row % 50 {
        7 => format!("O'R-{row:07}"),
        13 => format!("씰-{row:07}"),
        21 => format!("BL {row:07} "),
        34 => format!("A\"B%_-{row:07}"),
        _ => format!("IT-{row:07}"),
    }
}

fn partner_code(row: u64) -> String {
    format!("BP{row:05}")
}

fn resource_code(row: u64) -> String {
    format!("MC-{row:03}")
}

/// Beyond 32 bits, as SQL Server's `bigint` allows; the first is the smallest there is.
fn order_number(row: u64) -> i64 {
    if row == 0 { i64::MIN } else { 20_240_000_000 + row as i64 }
}

/// Every routing of an item has the same steps, but for the last item, which may have fewer: an order is for another.
fn order_item(order: u64, sizes: Sizes) -> u64 {
    Chance::new(8, order).below((sizes.rows / STEPS).max(1))
}

fn step_number(row: u64) -> i64 {
    (row % STEPS) as i64 * 10 + 10
}

/// The curious decimals stay below sixteen digits, or SQLite would not keep them.
const _: () = {
    let mut index = 0;
    while index < DECIMALS.len() {
        assert!(DECIMALS[index].unsigned_abs() < 1_000_000_000_000_000);
        index += 1;
    }
};
