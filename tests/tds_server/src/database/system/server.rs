//! Databases and sessions of the server.

use super::{Cell, OpenSession, SystemTable, SystemView, row, volatile};
use crate::database::calendar::{EPOCH_1900, Moment};

pub static TABLES: &[SystemTable] = &[
    volatile(
        "sys.databases",
        "name sysname; database_id int; source_database_id int?; owner_sid varbinary(85)?; create_date datetime; compatibility_level tinyint; collation_name sysname?; user_access tinyint?; user_access_desc nvarchar(60)?; is_read_only bit?; is_auto_close_on bit; is_auto_shrink_on bit?; state tinyint?; state_desc nvarchar(60)?; is_in_standby bit?; snapshot_isolation_state tinyint?; snapshot_isolation_state_desc nvarchar(60)?; is_read_committed_snapshot_on bit?; recovery_model tinyint?; recovery_model_desc nvarchar(60)?",
        |view| {
            let snapshot = view.snapshot_allowed;
            let names = ["master", "tempdb", "model", "msdb", view.catalog.database.as_str()];
            let database = |(at, name): (usize, &str)| {
                let own = at == 4;
                // master and msdb allow snapshots from the beginning.
                let on = if own { snapshot } else { matches!(name, "master" | "msdb") };
                row![
                    name,
                    at as i64 + 1,
                    Cell::Null,
                    Cell::Null,
                    Moment::new(EPOCH_1900 + 43_000, 0),
                    150,
                    &view.catalog.collation,
                    0,
                    "MULTI_USER",
                    own && view.read_only,
                    false,
                    false,
                    0,
                    "ONLINE",
                    false,
                    i64::from(on),
                    if on { "ON" } else { "OFF" },
                    false,
                    3,
                    "SIMPLE",
                ]
            };
            names.into_iter().enumerate().map(database).collect()
        },
    ),
    volatile(
        "sys.dm_exec_sessions",
        "session_id smallint; login_time datetime; host_name nvarchar(128)?; program_name nvarchar(128)?; host_process_id int?; client_version int?; client_interface_name nvarchar(32)?; login_name nvarchar(128); nt_domain nvarchar(128)?; nt_user_name nvarchar(128)?; status nvarchar(30); cpu_time int; memory_usage int; reads bigint; writes bigint; logical_reads bigint; last_request_start_time datetime; last_request_end_time datetime?; is_user_process bit; text_size int; language nvarchar(128)?; transaction_isolation_level smallint; row_count bigint; original_login_name nvarchar(128); database_id smallint; open_transaction_count int",
        |view| {
            let row = |session: &OpenSession| {
                let info = &session.info;
                row![
                    i64::from(info.session_id),
                    session.login_time,
                    &info.host,
                    &info.application,
                    Cell::Null,
                    7,
                    "TDS",
                    &info.login,
                    "",
                    "",
                    if session.running { "running" } else { "sleeping" },
                    0,
                    4,
                    0,
                    0,
                    0,
                    session.last_request,
                    session.last_request,
                    true,
                    2_147_483_647,
                    "us_english",
                    2,
                    0,
                    &info.login,
                    5,
                    0,
                ]
            };
            seen(view).map(row).collect()
        },
    ),
    SystemTable {
        needs_server_state: true,
        ..volatile(
            "sys.dm_exec_connections",
            "session_id int?; most_recent_session_id int?; connect_time datetime; net_transport nvarchar(40); protocol_type nvarchar(40)?; protocol_version int?; endpoint_id int?; encrypt_option nvarchar(40); auth_scheme nvarchar(40); node_affinity smallint; num_reads int?; num_writes int?; net_packet_size int?; client_net_address varchar(48)?; client_tcp_port int?; local_net_address varchar(48)?; local_tcp_port int?",
            |view| {
                let row = |session: &OpenSession| {
                    let info = &session.info;
                    let id = i64::from(info.session_id);
                    row![
                        id,
                        id,
                        session.login_time,
                        "TCP",
                        "TSQL",
                        1_946_157_060,
                        4,
                        if info.encrypted { "TRUE" } else { "FALSE" },
                        "SQL",
                        0,
                        1,
                        1,
                        4096,
                        "127.0.0.1",
                        Cell::Null,
                        "127.0.0.1",
                        Cell::Null,
                    ]
                };
                seen(view).map(row).collect()
            },
        )
    },
];

/// The sessions that the login may see: without VIEW SERVER STATE only its own.
fn seen<'a>(view: &'a SystemView<'_>) -> impl Iterator<Item = &'a OpenSession> {
    let own = view.session.session_id;
    view.sessions
        .iter()
        .filter(move |session| view.rights.view_server_state || session.info.session_id == own)
}
