//! Rows and pages of tables.

use super::{Row, SystemTable, SystemView, row, tables, volatile};
use crate::database::catalog::Object;
use crate::database::sql_type;

/// Partitions are numbered from here on, as those of SQL Server are.
const FIRST_PARTITION: i64 = 72_057_594_037_927_936;
/// Bytes of a page that hold rows.
const PAGE: i64 = 8060;

pub static TABLES: &[SystemTable] = &[
    volatile(
        "sys.partitions",
        "partition_id bigint; object_id int; index_id int; partition_number int; hobt_id bigint; rows bigint?; filestream_filegroup_id smallint; data_compression tinyint; data_compression_desc nvarchar(60)?",
        |view| each(view, |part| row![part.id, part.object, part.index, 1, part.id, part.rows, 0, 0, "NONE"]),
    ),
    volatile(
        "sys.allocation_units",
        "allocation_unit_id bigint; type tinyint; type_desc nvarchar(60)?; container_id bigint; data_space_id int?; total_pages bigint; used_pages bigint; data_pages bigint",
        |view| {
            each(view, |part| {
                row![part.id + 1, 1, "IN_ROW_DATA", part.id, 1, part.pages + 8, part.pages + 1, part.pages]
            })
        },
    ),
    volatile(
        "sys.dm_db_partition_stats",
        "partition_id bigint; object_id int; index_id int; partition_number int; in_row_data_page_count bigint; used_page_count bigint; reserved_page_count bigint; row_count bigint",
        |view| {
            each(view, |part| {
                row![
                    part.id,
                    part.object,
                    part.index,
                    1,
                    part.pages,
                    part.pages + 1,
                    part.pages + 8,
                    part.rows
                ]
            })
        },
    ),
    volatile(
        "sys.database_files",
        "file_id int; type tinyint; type_desc nvarchar(60)?; name sysname; physical_name nvarchar(260)?; size int; max_size int; growth int; state tinyint?; is_read_only bit",
        |view| {
            let pages: i64 = tables(view).map(|object| pages(object, (view.count)(object))).sum();
            vec![row![1, 0, "ROWS", &view.catalog.database, "", pages + 1024, -1, 8192, 0, view.read_only]]
        },
    ),
];

/// A table or an index of it.
struct Part {
    id: i64,
    object: i64,
    index: i64,
    rows: i64,
    pages: i64,
}

fn each(view: &SystemView<'_>, row: fn(&Part) -> Row) -> Vec<Row> {
    let mut rows = Vec::new();
    for object in tables(view) {
        let count = (view.count)(object);
        let heap = !object.indexes.iter().any(|index| index.clustered);
        let indexes = heap.then_some(0).into_iter().chain(object.indexes.iter().map(|index| index.id));
        for index in indexes {
            let id = FIRST_PARTITION + object.id * 4096 + index * 4;
            let pages = if index <= 1 { pages(object, count) } else { count / 200 + 1 };
            rows.push(row(&Part { id, object: object.id, index, rows: count, pages }));
        }
    }
    rows
}

/// About as many pages as SQL Server would need: half of each variable column is thought to be filled.
fn pages(object: &Object, rows: i64) -> i64 {
    let width: i64 = object
        .columns
        .iter()
        .map(|column| match sql_type::catalogue(&column.ty).max_length {
            -1 => 100,
            length if sql_type::text_length(&column.ty).is_some() => (length / 2).min(100),
            length => length.min(100),
        })
        .sum();
    rows * (width + 7) / PAGE + 1
}
